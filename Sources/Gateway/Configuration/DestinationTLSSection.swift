import Auth
import Delivery
import Foundation
import OpenSSL

/// Reads `tls` of a destination with an https address.
struct DestinationTLSSection {
    let base: BaseFolder
    let environment: [String: String]

    private static let keys = ConfigurationSection.Keys(known: ["ca", "name", "pins", "certificate", "verify"])
    private static let certificateKeys = ConfigurationSection.Keys(known: ["chain", "key", "pass_phrase"])

    /// Sets how a destination is reached: with TLS at an https address, at another one without.
    ///
    /// - Parameters:
    ///   - section: has `tls`, and the address in `key`.
    ///   - url: the address.
    ///   - key: its name.
    ///   - destination: what is reached.
    /// - Returns: false when that could not be read, which is noted.
    func apply(
        _ section: ConfigurationSection,
        url: HTTPAddress,
        in key: String,
        to destination: inout Destination
    ) -> Bool {
        if url.scheme == "https" {
            destination.tls = read(section, host: url.network.host)
            return destination.tls != nil
        }
        if section.has("tls") {
            section.error("tls", "is for https addresses", remedy: "write the \(key) with https, or remove `tls`")
        }
        return true
    }

    private func read(_ destination: ConfigurationSection, host: String) -> DestinationTLS? {
        let section = destination.section("tls", keys: DestinationTLSSection.keys)
        if destination.has("tls"), section == nil { return nil }
        let verifies = section?.scalar("verify")?.boolean() ?? true
        if !verifies, let section, section.has("ca") || section.has("name") {
            section.error("verify", "is false, so `ca` and `name` mean nothing", remedy: "remove them, or verify")
        }
        if !verifies, let scalar = section?.scalar("verify") {
            scalar.log.warning(
                scalar.key,
                at: scalar.position,
                "anybody between here and there can read and change what is delivered",
                remedy: "name the authority with `ca`, or pin the key with `pins`"
            )
        }
        var trust = verifies ? TLSContext.Trust.system : .anybody
        if let section, section.has("ca") {
            guard let file = path(section.scalar("ca")) else { return nil }
            trust = .file(file)
        }
        let name = section?.scalar("name")?.publicText() ?? host
        let pins = (section?.scalars("pins", acceptsOne: true) ?? []).compactMap { $0.pin() }
        do {
            let identity = try section.flatMap(identity)
            let policy = TLSPolicy(applicationProtocols: ["http/1.1"])
            let context = try TLSContext.client(trust: trust, identity: identity, policy: policy)
            var tls = DestinationTLS(context: context, serverName: verifies ? name : nil)
            tls.pins = pins
            return tls
        } catch {
            destination.error("tls", "\(error)".escaped)
            return nil
        }
    }

    private func identity(_ section: ConfigurationSection) throws -> TLSIdentity? {
        guard let files = section.section("certificate", keys: DestinationTLSSection.certificateKeys) else {
            return nil
        }
        let chain = path(files.required("chain", remedy: "name the PEM file with the certificate and its issuers"))
        let key = path(files.required("key", remedy: "name the PEM file with the private key"))
        let passPhrase = files.scalar("pass_phrase")?.secret(base: base, environment: environment)
        guard let chain, let key else { return nil }
        return TLSIdentity(
            chain: try CertificateChain(file: chain),
            key: try PrivateKey(file: key, passPhrase: passPhrase?.exposed)
        )
    }

    /// The absolute path of a file that can be opened.
    private func path(_ scalar: ConfigurationScalar?) -> String? {
        guard let scalar, let name = scalar.publicText() else { return nil }
        let path = base.resolve(name)
        if let reason = LocalFile.obstacle(to: path) {
            scalar.error("cannot open \(path.quoted): \(reason)", remedy: "paths are relative to the configuration")
            return nil
        }
        return path
    }
}

extension ConfigurationScalar {
    /// A pin of a public key as curl writes it: `sha256//` and 32 bytes in base64; nil and a note where it is none.
    func pin() -> Digest? {
        guard let text = publicText() else { return nil }
        guard text.hasPrefix("sha256//"), let bytes = Data(base64Encoded: String(text.dropFirst(8))), bytes.count == 32,
            let digest = Digest(
                hexadecimal: bytes.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
            )
        else {
            error(
                "\(text.quoted) is no pin of a public key",
                remedy: "`hookgate cert inspect FILE` shows it: `sha256//` and 44 characters"
            )
            return nil
        }
        return digest
    }
}
