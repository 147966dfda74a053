import Auth
import Edge
import NIOCore
import OpenSSL

/// Reads `listeners`.
struct ListenerSection {
    let base: BaseFolder
    let environment: [String: String]

    private static let keys = ConfigurationSection.Keys(
        known: [
            "address", "socket_name", "tls", "http2", "limits", "proxies", "forwarded_from", "forwarded_field",
        ] + AddressSection.keys
    )
    private static let tlsKeys = ConfigurationSection.Keys(known: [
        "certificates", "default_name", "unknown_names", "ticket_keys", "client_certificates", "minimum_version",
    ])
    private static let clientKeys = ConfigurationSection.Keys(known: ["mode", "ca", "crl", "pins"])
    private static let certificateKeys = ConfigurationSection.Keys(known: ["chain", "key", "pass_phrase", "ocsp"])
    private static let limitKeys = ConfigurationSection.Keys(known: [
        "handshake_timeout", "header_timeout", "body_timeout", "idle_timeout", "write_timeout",
        "max_body", "max_header", "max_header_fields", "max_connections", "max_connections_per_address",
        "max_handshakes_per_address",
    ])

    /// All listeners that could be read; clashes between them are noted.
    func read(_ top: ConfigurationSection) -> [ListenerConfiguration] {
        let remedy = "add `listeners: [{address: 0.0.0.0:8443, tls: …}]`"
        var addresses: [(address: NetworkAddress, line: Int)] = []
        var socketNames: Set<String> = []
        return top.sections("listeners", keys: ListenerSection.keys, remedy: remedy).compactMap { section in
            let address = address(section)
            if let address {
                if let other = addresses.first(where: { clash($0.address, address) }) {
                    section.error(
                        "address",
                        "clashes with the listener in line \(other.line)",
                        remedy: "use another port"
                    )
                }
                addresses.append((address, section.position(of: "address")?.line ?? 0))
            }
            let socketName = socketName(section)
            if let socketName, !socketNames.insert(socketName).inserted {
                section.error("socket_name", "is that of another listener", remedy: "give every socket its own name")
            }
            var tls = tls(section)
            tls?.offersHTTP2 = section.scalar("http2")?.boolean() ?? true
            var limits = limits(section)
            limits.addresses = AddressSection.read(section)
            limits.proxies = AddressSection.blocks(section, "proxies")
            limits.forwarding = forwarding(section)
            guard let address, let port = address.port, let tls else { return nil }
            return ListenerConfiguration(
                host: address.host,
                port: port,
                socketName: socketName,
                tls: tls,
                limits: limits
            )
        }
    }

    /// Who names clients in a field, and in which.
    private func forwarding(_ section: ConfigurationSection) -> ForwardingRules {
        let from = AddressSection.blocks(section, "forwarded_from", mayHoldEverybody: false)
        let names = ForwardingRules.Field.allCases.map(\.rawValue)
        let field = section.scalar("forwarded_field")?.choice(names).flatMap(ForwardingRules.Field.init)
        if section.has("forwarded_field"), section.lacks("forwarded_from") {
            section.error(
                "forwarded_field",
                "means nothing without `forwarded_from`: nobody is believed",
                remedy: "add `forwarded_from: [10.0.0.5]`, the addresses of your proxies"
            )
        }
        return ForwardingRules(from: from, field: field ?? .xForwardedFor)
    }

    private func address(_ section: ConfigurationSection) -> NetworkAddress? {
        guard let scalar = section.required("address", remedy: "add `address: 0.0.0.0:8443`"),
            let text = scalar.publicText()
        else { return nil }
        let address: NetworkAddress
        do {
            address = try NetworkAddress(text[...])
        } catch {
            let remedy = text.hasPrefix("*") ? "write `0.0.0.0:8443` for every IPv4 address" : error.remedy
            scalar.error("the address \(error.reason)", remedy: remedy)
            return nil
        }
        guard address.port != nil else {
            scalar.error("the address has no port", remedy: "write \("\(text):8443".quoted)")
            return nil
        }
        return address
    }

    /// As `FileDescriptorName=` takes it: printable ASCII without a colon, 255 bytes at most (systemd.socket(5)).
    private func socketName(_ section: ConfigurationSection) -> String? {
        guard let scalar = section.scalar("socket_name"), let text = scalar.publicText() else { return nil }
        let isName = text.utf8.count <= 255 && text.utf8.allSatisfy { (0x21...0x7E).contains($0) && $0 != 0x3A }
        guard isName else {
            scalar.error("is no name of a socket", remedy: "write that of `FileDescriptorName=` in its unit")
            return nil
        }
        return text
    }

    /// Whether the second address cannot be bound beside the first.
    ///
    /// `[::]` takes IPv4 as well (ipv6(7), IPV6_V6ONLY).
    private func clash(_ a: NetworkAddress, _ b: NetworkAddress) -> Bool {
        guard a.port == b.port, a.port != 0 else { return false }
        if a.host.lowercased() == b.host.lowercased() || a.host == "::" || b.host == "::" { return true }
        return a.host == "0.0.0.0" && !b.isIPv6 || b.host == "0.0.0.0" && !a.isIPv6
    }

    /// The `tls` of a section; nil when it could not be read, which is noted.
    func tls(_ listener: ConfigurationSection) -> TLSListenerConfiguration? {
        if listener.lacks("tls") {
            listener.error(
                "tls",
                "is missing",
                remedy: "add `tls: {certificates: [{chain: server.pem, key: server.key}]}`"
            )
        }
        guard let section = listener.section("tls", keys: ListenerSection.tlsKeys) else { return nil }
        let version = section.scalar("minimum_version")?.choice(["1.2", "1.3"]) ?? "1.2"
        let remedy = "add `certificates: [{chain: server.pem, key: server.key}]`"
        let entries = section.sections("certificates", keys: ListenerSection.certificateKeys, remedy: remedy)
        let certificates = entries.compactMap(certificate)
        guard !certificates.isEmpty, certificates.count == entries.count else { return nil }
        var tls = TLSListenerConfiguration(certificates: certificates, minimumVersion: version)
        tls.defaultName = section.scalar("default_name")?.publicText()
        tls.refusesUnknownNames = section.scalar("unknown_names")?.choice(["default", "refuse"]) == "refuse"
        tls.ticketKeys = (section.scalars("ticket_keys", acceptsOne: true) ?? []).compactMap(file)
        tls.clients = clients(section)
        return tls
    }

    /// Which certificates clients have to show; the files are read, so that what is wrong with them is said here.
    private func clients(_ tls: ConfigurationSection) -> ClientCertificateConfiguration? {
        guard let section = tls.section("client_certificates", keys: ListenerSection.clientKeys) else { return nil }
        var clients = ClientCertificateConfiguration()
        if section.scalar("mode")?.choice(["required", "optional"]) == "optional" { clients.need = .optional }
        clients.authorities = file(section.scalar("ca"))
        clients.revocations = file(section.scalar("crl"))
        clients.pins = (section.scalars("pins", acceptsOne: true) ?? []).compactMap { $0.pin() }
        guard section.has("ca") || section.has("pins") else {
            tls.error(
                "client_certificates",
                "says neither who signs them nor which keys they have",
                remedy: "add `ca: clients-ca.pem`, or `pins: [sha256//…]`"
            )
            return nil
        }
        if section.has("crl"), !section.has("ca") {
            section.error("crl", "means nothing without `ca`: a pin is taken back by removing it", remedy: "remove it")
        }
        do {
            let end = try ClientVerification(clients).revocationsEnd
            if let end, end < .now, let scalar = section.scalar("crl") {
                scalar.error(
                    "the revocation list ended at \(end), so every client would be refused",
                    remedy: "renew it"
                )
            }
        } catch {
            tls.error("client_certificates", "\(error)".escaped)
        }
        return clients
    }

    private func certificate(_ section: ConfigurationSection) -> TLSListenerConfiguration.CertificateFiles? {
        let chain = file(section.required("chain", remedy: "name the PEM file with the certificate and its issuers"))
        let key = file(section.required("key", remedy: "name the PEM file with the private key"))
        let scalar = section.scalar("pass_phrase")
        let passPhrase = scalar?.secret(base: base, environment: environment)
        let ocsp = section.scalar("ocsp")
        let source = ocsp?.text == "fetch" ? OCSPSource.fetch : file(ocsp).map { OCSPSource.file($0) }
        guard let chain, let key else { return nil }
        return TLSListenerConfiguration.CertificateFiles(chain: chain, key: key, passPhrase: passPhrase, ocsp: source)
    }

    /// The absolute path of a file that can be opened; a credential of systemd's is one.
    private func file(_ scalar: ConfigurationScalar?) -> String? {
        guard let scalar, let path = path(scalar) else { return nil }
        if let reason = LocalFile.obstacle(to: path) {
            let remedy =
                "paths are relative to the configuration; `hookgate cert generate` makes a pair for development"
            scalar.error("cannot open \(path.quoted): \(reason)", remedy: LocalFile.remedy(reason, remedy))
            return nil
        }
        return path
    }

    private func path(_ scalar: ConfigurationScalar) -> String? {
        if case .credential(let name)? = SecretReference(scalar.text) {
            return SecretReference.path(ofCredential: name, scalar, environment)
        }
        return scalar.publicText().map { base.resolve($0) }
    }

    private func limits(_ listener: ConfigurationSection) -> EdgeLimits {
        var limits = EdgeLimits()
        guard let section = listener.section("limits", keys: ListenerSection.limitKeys) else { return limits }
        func set<T>(_ field: WritableKeyPath<EdgeLimits, T>, _ value: T?) {
            if let value { limits[keyPath: field] = value }
        }
        let phase = TimeAmount.milliseconds(100)...TimeAmount.minutes(10)
        set(\.handshakeTimeout, section.scalar("handshake_timeout")?.duration(in: phase))
        set(\.headerTimeout, section.scalar("header_timeout")?.duration(in: phase))
        set(\.bodyTimeout, section.scalar("body_timeout")?.duration(in: phase))
        set(\.writeTimeout, section.scalar("write_timeout")?.duration(in: phase))
        set(\.idleTimeout, section.scalar("idle_timeout")?.duration(in: .seconds(1) ... .hours(1)))
        set(\.maxBodyBytes, section.scalar("max_body")?.size(in: 1 << 10...16 << 20))
        // The header parser has a bound of its own at 80 KiB.
        set(\.maxHeaderBytes, section.scalar("max_header")?.size(in: 1 << 10...64 << 10))
        set(\.maxHeaderFields, section.scalar("max_header_fields")?.integer(in: 8...1000))
        set(\.maxConnections, section.scalar("max_connections")?.integer(in: 1...1_000_000))
        limits.maxConnectionsPerAddress = section.scalar("max_connections_per_address")?.integer(in: 1...1_000_000)
        limits.maxHandshakesPerAddress = section.scalar("max_handshakes_per_address")?.integer(in: 1...100_000)
        return limits
    }
}
