import HookgateTesting
import OpenSSL

extension CertificateKindsTests {
    private typealias Shop = CertificateWorkshop

    /// What can be wrong with the server's own certificate.
    static let leaves: [Kind] = [
        Kind("one that has ended", .error, "chain.pem", "certificate 1", "expired on", "renew it") {
            try $0.dated(leaf: (-90, -1))
        },
        Kind("one that has not begun", .error, "chain.pem", "is not valid before", "is the clock right?") {
            try $0.dated(leaf: (1, 90))
        },
        Kind("one that ends soon", .warning, "chain.pem", "expires in", "renew it") { try $0.dated(leaf: (-60, 7)) },
        Kind("one that is valid too long", .note, "chain.pem", "is valid for 826 days", "398 at most") {
            try $0.dated(leaf: (-1, 825))
        },
        Kind("an authority's", .warning, "chain.pem", "is a certificate authority's; the server's own comes first") {
            try $0.leaf(Shop.authority + ["subjectAltName=DNS:localhost"])
        },
        Kind("one for clients", .warning, "chain.pem", "extended key usage does not allow TLS servers") {
            try $0.leaf($0.without("extendedKeyUsage") + ["extendedKeyUsage=clientAuth"])
        },
        Kind("one that may not sign", .warning, "chain.pem", "key usage allows no signatures", "digitalSignature") {
            try $0.leaf($0.without("keyUsage") + ["keyUsage=critical,keyAgreement"])
        },
        Kind("one without names", .warning, "chain.pem", "has no subject alternative name", "common name") {
            try $0.leaf($0.without("subjectAltName"))
        },
        Kind("one of version 1", .warning, "chain.pem", "is of version 1 of X.509") { folder in
            let request = try folder.shop.openssl(
                "req",
                "-new",
                "-key",
                folder.material.leaf.key,
                "-subj",
                "/CN=localhost"
            )
            let issuer = folder.material.intermediate
            let pem = try folder.shop.openssl(
                "x509",
                "-req",
                "-CA",
                issuer.certificate,
                "-CAkey",
                issuer.key,
                "-set_serial",
                "77",
                "-days",
                "90",
                input: request
            )
            try folder.chain(pem + issuer.pem())
        },
        Kind("a weak RSA key", .error, "chain.pem", "too weak: RSA 1024 bits", "2048 bits") {
            try $0.leaf(key: ["-newkey", "rsa:1024"])
        },
        Kind("a weak curve", .error, "chain.pem", "too weak: EC 192 bits", "P-256") {
            try $0.leaf(key: ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime192v1"])
        },
        Kind("a curve that nobody knows", .warning, "chain.pem", "secp256k1", "P-256 suits everybody") {
            try $0.leaf(key: ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:secp256k1"])
        },
        Kind("a DSA key", .error, "chain.pem", "has a DSA key", "no suite") {
            let parameters = $0.shop.path("dsa.params")
            try $0.shop.openssl(
                "genpkey",
                "-genparam",
                "-algorithm",
                "DSA",
                "-pkeyopt",
                "dsa_paramgen_bits:1024",
                "-out",
                parameters
            )
            try $0.leaf(key: ["-newkey", "dsa:\(parameters)"])
        },
        Kind("an Ed25519 key", .warning, "chain.pem", "has an ED25519 key", "Java before 15") {
            try $0.leaf(key: ["-newkey", "ed25519"])
        },
        Kind("a key for RSA-PSS alone", .warning, "chain.pem", "RSA-PSS alone", "plain RSA") {
            try $0.leaf(key: ["-newkey", "rsa-pss", "-pkeyopt", "rsa_keygen_bits:2048"])
        },
        Kind("a signature with SHA-1", .error, "chain.pem", "certificate 1", "signed with SHA-1") {
            try $0.leaf(digest: "-sha1")
        },
        Kind("a signature with MD5", .error, "chain.pem", "signed with MD5", "forge") {
            // ECDSA has none.
            let issuer = try $0.shop.make("RSA", Shop.authority, key: ["-newkey", "rsa:2048"], by: $0.material.root)
            try $0.serve($0.shop.make("localhost", by: issuer, "-md5"), behind: [issuer])
        },
        Kind("a critical extension of somebody's own", .error, "chain.pem", "critical extension", "1.2.3.4.5") {
            try $0.leaf(Shop.server + ["1.2.3.4.5=critical,ASN1:UTF8String:ours"])
        },
        Kind("a negative serial number", .warning, "chain.pem", "serial number is negative") {
            try $0.serve($0.shop.make("localhost", by: $0.material.intermediate, "-set_serial", "-5"))
        },
        Kind("zero as serial number", .warning, "chain.pem", "serial number is zero") {
            try $0.serve($0.shop.make("localhost", by: $0.material.intermediate, "-set_serial", "0"))
        },
        Kind("a self-signed one", .note, "chain.pem", "is self-signed") {
            try $0.serve($0.shop.make("localhost"), behind: [])
        },
    ]

    /// What can be wrong with those behind it.
    static let issuers: [Kind] = [
        Kind(
            "none, and the certificate says where it is",
            .warning,
            "chain.pem",
            "lacks",
            "curl",
            "http://pki.example/ca.der"
        ) {
            let address = "authorityInfoAccess=OCSP;URI:http://ocsp.example,caIssuers;URI:http://pki.example/ca.der"
            try $0.serve($0.shop.make("localhost", Shop.server + [address], by: $0.material.intermediate), behind: [])
        },
        Kind("none", .note, "chain.pem", "holds one certificate", "Intermediate") {
            try $0.serve($0.material.leaf, behind: [])
        },
        Kind("an intermediate left out before the root", .error, "chain.pem", "certificate 2", "not in the file") {
            try $0.serve($0.material.leaf, behind: [$0.material.root])
        },
        Kind(
            "the order wrong",
            .error,
            "chain.pem",
            "did not sign certificate 1",
            "certificate 3 did: change the order"
        ) {
            let other = try $0.shop.make("Other", Shop.authority, by: $0.material.intermediate)
            let leaf = try $0.shop.make("localhost", by: other)
            try $0.serve(leaf, behind: [$0.material.intermediate, other])
        },
        Kind("the whole chain reversed", .error, "chain.pem", "the server's own is certificate 2", "reverse the order")
        {
            try $0.chain($0.material.intermediate.pem() + $0.material.leaf.pem())
            try $0.key($0.material.intermediate.keyPEM())
        },
        Kind("a stranger's certificate behind a self-signed one", .error, "chain.pem", "it signed itself: remove") {
            try $0.serve($0.shop.make("localhost"), behind: [$0.material.root])
        },
        Kind("one twice", .warning, "chain.pem", "certificate 3 repeats certificate 2", "remove it") {
            try $0.serve($0.material.leaf, behind: [$0.material.intermediate, $0.material.intermediate])
        },
        Kind("the root as well", .note, "chain.pem", "certificate 3 is a root", "left out") {
            try $0.serve($0.material.leaf, behind: [$0.material.intermediate, $0.material.root])
        },
        Kind("one that has ended", .error, "chain.pem", "certificate 2", "expired on", "present one") {
            try $0.dated(authority: (-90, -1))
        },
        Kind("one that is no authority's", .error, "chain.pem", "certificate 2", "no certificate authority's") {
            let issuer = try $0.shop.make("Server", ["basicConstraints=CA:FALSE"], by: $0.material.root)
            try $0.serve($0.shop.make("localhost", by: issuer), behind: [issuer])
        },
        Kind("one that may not sign certificates", .error, "chain.pem", "did not sign", "key usage does not include") {
            let usage = ["basicConstraints=critical,CA:TRUE", "keyUsage=critical,cRLSign"]
            let issuer = try $0.shop.make("Signer", usage, by: $0.material.root)
            try $0.serve($0.shop.make("localhost", by: issuer), behind: [issuer])
        },
        Kind("one of the same name with another key", .error, "chain.pem", "did not sign", "signature does not verify")
        {
            let plain = ["basicConstraints=critical,CA:TRUE", "subjectKeyIdentifier=none"]
            let leaf = Shop.server + ["authorityKeyIdentifier=none"]
            let issuer = try $0.shop.make("Twin", plain, by: $0.material.root)
            let twin = try $0.shop.make("Twin", plain, by: $0.material.root)
            try $0.serve($0.shop.make("localhost", leaf, by: issuer), behind: [twin])
        },
        Kind("more of them than one allows", .error, "chain.pem", "certificate 3", "pathlen") {
            let short = ["basicConstraints=critical,CA:TRUE,pathlen:0", "keyUsage=critical,keyCertSign"]
            let upper = try $0.shop.make("Upper", short, by: $0.material.root)
            let lower = try $0.shop.make("Lower", Shop.authority, by: upper)
            try $0.serve($0.shop.make("localhost", by: lower), behind: [lower, upper])
        },
        Kind("one for other names", .error, "chain.pem", "certificate 2", "may not sign for DNS:localhost") {
            let narrow = Shop.authority + ["nameConstraints=critical,permitted;DNS:example.net"]
            let issuer = try $0.shop.make("Narrow", narrow, by: $0.material.root)
            try $0.serve($0.shop.make("localhost", by: issuer), behind: [issuer])
        },
        Kind("one with a weak key", .error, "chain.pem", "certificate 2", "too weak: RSA 1024 bits") {
            let issuer = try $0.shop.make("Weak", Shop.authority, key: ["-newkey", "rsa:1024"], by: $0.material.root)
            try $0.serve($0.shop.make("localhost", by: issuer), behind: [issuer])
        },
    ]
}
