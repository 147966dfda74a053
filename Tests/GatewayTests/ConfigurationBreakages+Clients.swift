extension Breakage {
    /// What is wrong with certificates of clients.
    static let clients: [Breakage] = [
        .init(
            "minimum_version: \"1.3\"",
            "client_certificates: {mode: required}",
            at: "7:7",
            "listeners[0].tls.client_certificates",
            "add `ca: clients-ca.pem`"
        ),
        .init(
            "minimum_version: \"1.3\"",
            "client_certificates: {mode: maybe, pins: sha256//47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=}",
            at: "7:35",
            "listeners[0].tls.client_certificates.mode",
            "one of: `required`, `optional`"
        ),
        .init(
            "minimum_version: \"1.3\"",
            "client_certificates: {ca: absent.pem}",
            at: "7:33",
            "listeners[0].tls.client_certificates.ca",
            "cannot open"
        ),
        .init(
            "minimum_version: \"1.3\"",
            "client_certificates: {ca: server.key}",
            at: "7:7",
            "listeners[0].tls.client_certificates",
            "holds no PEM block"
        ),
        .init(
            "minimum_version: \"1.3\"",
            "client_certificates: {pins: [sha256//short]}",
            at: "7:36",
            "listeners[0].tls.client_certificates.pins[0]",
            "is no pin of a public key"
        ),
        .init(
            "durable: false",
            "clients: [CN=proxy]",
            at: "18:5",
            "routes[0].clients",
            "lets nobody in, since no listener asks for certificates"
        ),
        .init(
            "durable: false",
            "clients: [sha256:abc]",
            at: "18:15",
            "routes[0].clients[0]",
            "is neither a subject nor a fingerprint"
        ),
        .init(
            "key: server.key}",
            "key: server.key, ocsp: absent.ocsp}",
            at: "6:65",
            "listeners[0].tls.certificates[0].ocsp",
            "no such file or directory"
        ),
        .init(
            "limits: {header_timeout: 10s",
            "forwarded_from: [10.0.0.0/33]\n    limits: {header_timeout: 10s",
            at: "8:22",
            "listeners[0].forwarded_from[0]",
            "has a prefix length that is not between 0 and 32"
        ),
        .init(
            "limits: {header_timeout: 10s",
            "forwarded_from: [10.0.0.5, 0.0.0.0/0]\n    limits: {header_timeout: 10s",
            at: "8:32",
            "listeners[0].forwarded_from[1]",
            "is everybody; name the addresses of your own proxies"
        ),
        .init(
            "limits: {header_timeout: 10s",
            "forwarded_field: forwarded\n    limits: {header_timeout: 10s",
            at: "8:5",
            "listeners[0].forwarded_field",
            "means nothing without `forwarded_from`"
        ),
        .init(
            "limits: {header_timeout: 10s",
            "forwarded_from: 10.0.0.5\n    forwarded_field: x-real-ip\n    limits: {header_timeout: 10s",
            at: "9:22",
            "listeners[0].forwarded_field",
            "one of: `x-forwarded-for`, `forwarded`"
        ),
    ]
}
