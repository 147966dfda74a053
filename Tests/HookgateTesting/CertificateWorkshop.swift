import Foundation

/// Makes certificates that no sound authority would issue, with the openssl program.
package struct CertificateWorkshop: Sendable {
    /// A certificate with its key, as files.
    package struct Made: Sendable {
        /// PEM.
        package let certificate: String
        /// PEM, PKCS#8.
        package let key: String

        /// The certificate's text.
        ///
        /// - Throws: what the system says.
        package func pem() throws -> String { try String(contentsOfFile: certificate, encoding: .utf8) }

        /// The key's text.
        ///
        /// - Throws: what the system says.
        package func keyPEM() throws -> String { try String(contentsOfFile: key, encoding: .utf8) }
    }

    /// openssl did not do what it was asked for.
    package struct Failure: Error, CustomStringConvertible {
        package let description: String
    }

    /// Extensions of an authority, each a line of x509v3_config(5).
    package static let authority = ["basicConstraints=critical,CA:TRUE", "keyUsage=critical,keyCertSign,cRLSign"]
    /// Extensions of a server.
    package static let server = [
        "basicConstraints=critical,CA:FALSE", "keyUsage=critical,digitalSignature", "extendedKeyUsage=serverAuth",
        "subjectAltName=DNS:localhost",
    ]
    /// Arguments that make a key on P-256.
    package static let p256 = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]

    private let directory: TemporaryDirectory

    package init() throws {
        directory = try TemporaryDirectory()
    }

    /// Runs openssl in the workshop's folder.
    ///
    /// - Returns: what it wrote.
    /// - Throws: what it says against it.
    @discardableResult
    package func openssl(_ arguments: String..., input: String = "") throws -> String {
        try run(arguments, input: input)
    }

    private func run(_ arguments: [String], input: String = "") throws -> String {
        let result = try Command.runBlocking("openssl", arguments, input: input)
        guard result.status == 0 else {
            throw Failure(description: "openssl \(arguments.joined(separator: " ")): \(result.error)")
        }
        return result.output
    }

    /// A certificate with a new key.
    ///
    /// - Parameters:
    ///   - name: the common name, and that of the files.
    ///   - extensions: lines of x509v3_config(5), and no others.
    ///   - key: arguments of openssl-req(1) that make the key.
    ///   - issuer: who signs; nil: itself.
    ///   - more: further arguments, such as `-sha1`.
    /// - Returns: the files.
    /// - Throws: what openssl says.
    package func make(
        _ name: String,
        _ extensions: [String] = CertificateWorkshop.server,
        key: [String] = CertificateWorkshop.p256,
        by issuer: Made? = nil,
        _ more: String...
    ) throws -> Made {
        let id = UUID().uuidString
        let made = Made(certificate: path("\(id).pem"), key: path("\(id).key"))
        let lines = ["[req]", "distinguished_name=dn", "x509_extensions=ext", "[dn]", "[ext]"] + extensions
        let configuration = try directory.write(lines.joined(separator: "\n") + "\n", to: "\(id).cnf")
        var arguments = [
            "req", "-x509", "-new", "-config", configuration, "-nodes", "-subj", "/CN=\(name)", "-days", "90",
        ]
        arguments += ["-keyout", made.key, "-out", made.certificate] + key + more
        if let issuer { arguments += ["-CA", issuer.certificate, "-CAkey", issuer.key] }
        _ = try run(arguments)
        return made
    }

    /// A file in the workshop's folder.
    package func path(_ name: String) -> String { "\(directory.path)/\(name)" }
}
