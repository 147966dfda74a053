package import OpenSSL

/// An authority that says of its certificates whether they are revoked, with the command line of OpenSSL.
package struct OCSPAuthority: Sendable {
    /// What it says.
    package enum Status: String, Sendable {
        case good = "V\t361231235959Z\t"
        case revoked = "R\t361231235959Z\t260101000000Z,keyCompromise"
    }

    /// Where its files are: `issuer.pem`, `issuer.key`, `index.txt`.
    package let directory: TemporaryDirectory

    /// - Parameter issuer: Whoever signs the certificates, and the responses.
    /// - Throws: what the system says.
    package init(_ issuer: CertificateBuilder.Issued) throws {
        directory = try TemporaryDirectory()
        _ = try directory.write(issuer.certificate.pem, to: "issuer.pem")
        _ = try directory.write(issuer.key.pem(), to: "issuer.key", mode: 0o600)
        _ = try directory.write("", to: "index.txt")
    }

    /// Settles what is said of a certificate from now on.
    ///
    /// - Throws: what the system says.
    package func settle(_ certificate: Certificate, _ status: Status) throws {
        _ = try directory.write("\(status.rawValue)\t\(certificate.serial)\tunknown\t/CN=x\n", to: "index.txt")
    }

    /// The arguments with which OpenSSL answers a request in a file.
    package func arguments(request: String, response: String, days: Int = 7) -> [String] {
        [
            "ocsp", "-index", "\(directory.path)/index.txt", "-CA", "\(directory.path)/issuer.pem", "-rsigner",
            "\(directory.path)/issuer.pem", "-rkey", "\(directory.path)/issuer.key", "-reqin", request, "-respout",
            response, "-ndays", "\(days)",
        ]
    }
}
