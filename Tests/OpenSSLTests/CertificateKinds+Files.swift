import Foundation
import HookgateTesting
import OpenSSL

extension CertificateKindsTests {
    /// What can be wrong with a file before a certificate is seen.
    static let files: [Kind] = [
        Kind("a missing file", .error, "chain.pem", "cannot be read: No such file") {
            try FileManager.default.removeItem(atPath: $0.chainFile)
        },
        Kind("a directory", .error, "chain.pem", "cannot be read: Is a directory") {
            try FileManager.default.removeItem(atPath: $0.chainFile)
            try FileManager.default.createDirectory(atPath: $0.chainFile, withIntermediateDirectories: false)
        },
        Kind("a link to itself", .error, "chain.pem", "cannot be read: Too many levels of symbolic links") {
            try FileManager.default.removeItem(atPath: $0.chainFile)
            try FileManager.default.createSymbolicLink(atPath: $0.chainFile, withDestinationPath: $0.chainFile)
        },
        Kind("a log file", .error, "chain.pem", "larger than 1 MiB") {
            try $0.chain(String(repeating: "GET / HTTP/1.1\n", count: 100_000))
        },
        Kind("an empty file", .error, "chain.pem", "the file is empty") { try $0.chain("") },
        Kind("other text", .error, "chain.pem", "holds no PEM block") { try $0.chain("hello\n") },
        Kind("DER", .error, "chain.pem", "is binary (DER)", "openssl x509 -inform DER") {
            try $0.shop.openssl("x509", "-in", $0.material.leaf.certificate, "-outform", "DER", "-out", $0.chainFile)
        },
        Kind("PKCS#12", .error, "chain.pem", "PKCS#12", "openssl pkcs12") {
            try $0.shop.openssl(
                "pkcs12",
                "-export",
                "-in",
                $0.material.leaf.certificate,
                "-inkey",
                $0.material.leaf.key,
                "-passout",
                "pass:secret",
                "-out",
                $0.chainFile
            )
        },
        Kind("PKCS#7", .error, "chain.pem", "PKCS#7", "openssl pkcs7") {
            try $0.shop.openssl(
                "crl2pkcs7",
                "-nocrl",
                "-certfile",
                $0.material.leaf.certificate,
                "-outform",
                "DER",
                "-out",
                $0.chainFile
            )
        },
        Kind("a Java key store", .error, "chain.pem", "Java key store", "keytool") {
            try $0.bytes([0xFE, 0xED, 0xFE, 0xED, 0, 0, 0, 2, 0, 0, 0, 0], to: $0.chainFile)
        },
        Kind("UTF-16", .error, "chain.pem", "UTF-16") {
            let text = try String(contentsOfFile: $0.chainFile, encoding: .utf8)
            try $0.bytes([0xFF, 0xFE] + text.utf8.flatMap { [$0, 0] }, to: $0.chainFile)
        },
        Kind("a request", .error, "chain.pem", "certificate request", "the authority answers it") {
            try $0.chain(
                $0.shop.openssl("req", "-new", "-key", $0.material.leaf.key, "-subj", "/CN=localhost")
            )
        },
        Kind("a revocation list", .error, "chain.pem", "holds no certificate but a revocation list") {
            try $0.chain("-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----\n")
        },
        Kind("a key in the chain's place", .error, "chain.pem", "holds no certificate but a private key", "exchanged") {
            try $0.chain($0.material.leaf.keyPEM())
        },
        Kind("parameters", .error, "chain.pem", "holds no certificate but other PEM content") {
            try $0.chain("-----BEGIN DH PARAMETERS-----\nAAAA\n-----END DH PARAMETERS-----\n")
        },
        Kind("a chain cut short", .error, "chain.pem", "BEGIN CERTIFICATE", "cut short", "copy it again") {
            let text = try $0.material.leaf.pem() + $0.material.intermediate.pem()
            try $0.chain(String(text.dropLast(100)))
        },
        Kind("a letter that is no base64", .error, "chain.pem", "line 3 is not base64") {
            var lines = try $0.material.leaf.pem().split(separator: "\n").map(String.init)
            lines[2] = "…" + lines[2].dropFirst()
            try $0.chain(lines.joined(separator: "\n") + "\n")
        },
        Kind("a certificate with lines missing", .error, "chain.pem", "certificate 1 cannot be decoded") {
            var lines = try $0.material.leaf.pem().split(separator: "\n").map(String.init)
            lines.removeSubrange(2...4)
            try $0.chain(lines.joined(separator: "\n") + "\n")
        },
    ]

    /// What can be wrong with a key.
    static let keys: [Kind] = [
        Kind("a chain in the key's place", .error, "key.pem", "holds no private key but a certificate", "exchanged") {
            try $0.key($0.material.leaf.pem())
        },
        Kind("a public key", .error, "key.pem", "holds no private key but a public key", "together with it") {
            try $0.key($0.shop.openssl("pkey", "-in", $0.material.leaf.key, "-pubout"))
        },
        Kind("an OpenSSH key", .error, "key.pem", "an OpenSSH private key", "ssh-keygen") {
            try $0.key("-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXk=\n-----END OPENSSH PRIVATE KEY-----\n")
        },
        Kind("a key in DER", .error, "key.pem", "is a binary key (DER)", "openssl pkey -inform DER") {
            try $0.shop.openssl("pkey", "-in", $0.material.leaf.key, "-outform", "DER", "-out", $0.keyFile)
            try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: $0.keyFile)
        },
        Kind("a key cut short", .error, "key.pem", "BEGIN PRIVATE KEY", "cut short") {
            try $0.key(String($0.material.leaf.keyPEM().dropLast(60)))
        },
        Kind("a damaged key", .error, "key.pem", "private key 1 cannot be decoded") {
            try $0.key("-----BEGIN PRIVATE KEY-----\nMIIBAA==\n-----END PRIVATE KEY-----\n")
        },
        Kind("another certificate's key", .error, "key.pem", "is not the key of the first certificate", "key: EC") {
            try $0.key(PrivateKey(making: .p256).pem())
        },
        Kind("a key of another kind", .error, "key.pem", "is not the key of the first certificate", "key: RSA") {
            try $0.key(PrivateKey(making: .rsa(bits: 2048)).pem())
        },
        Kind("an encrypted key", .error, "key.pem", "no pass phrase is configured", "pass_phrase:") {
            try $0.key(PrivateKey(pem: $0.material.leaf.keyPEM(), name: "key").pem(passPhrase: "right"))
        },
        Kind("another pass phrase", .error, "key.pem", "the pass phrase does not decrypt", passPhrase: "wrong") {
            try $0.key(PrivateKey(pem: $0.material.leaf.keyPEM(), name: "key").pem(passPhrase: "right"))
        },
        Kind("a pass phrase nobody needs", .note, "key.pem", "is not encrypted", passPhrase: "spare") { _ in },
        Kind("a key that others can read", .warning, "key.pem", "mode 0644", "chmod 600") {
            try $0.key($0.material.leaf.keyPEM(), mode: 0o644)
        },
    ]
}
