import Auth
import Delivery
import Edge
import OpenSSL
import Sipgate
import Webhooks

/// What a configuration means, for people: no secret in it.
struct ConfigurationSummary {
    private let configuration: GatewayConfiguration
    private let certificates: [[CertificateReport]]

    init(_ configuration: GatewayConfiguration, certificates: [[CertificateReport]]) {
        self.configuration = configuration
        self.certificates = certificates
    }

    /// Several lines, each with its line feed.
    var text: String {
        var text = row("public URL", configuration.publicURL) + row("event loops", "\(configuration.eventLoops)")
        text += row("OpenSSL", openSSL)
        for (listener, certificates) in zip(configuration.listeners, certificates) {
            let protocols = listener.tls.offersHTTP2 ? "HTTP/2 and HTTP/1.1" : "HTTP/1.1"
            text += row(
                "listener",
                "\(listener.shownAddress), TLS \(listener.tls.minimumVersion) and newer, \(protocols)"
            )
            if let name = listener.socketName { text += row("", "  on the socket \(name) if systemd passes one") }
            for fact in certificates.flatMap(\.facts) { text += row("", "  \(fact)") }
            let forwarding = listener.limits.forwarding
            if !forwarding.from.isEmpty {
                let proxies = list(forwarding.from.map(\.description))
                text += row("", "  clients named in \(forwarding.field.rawValue) by \(proxies)")
            }
            for fact in ListenerNames(listener.tls).facts { text += row("", "  \(fact)") }
            if let clients = listener.tls.clients { text += row("", "  \(fact(clients))") }
        }
        for user in configuration.users { text += row("user", "\(user.name.escaped) with \(passwords(user))") }
        for route in configuration.routes {
            text += row("route", "POST \(route.path) from \(route.provider.rawValue)")
            text += row("", "  users: \(list(route.users))")
            text += row("", "  destinations: \(list(route.destinations))")
            if configuration.journal != nil, !route.isDurable {
                text += row("", "  not durable: forwarded before the reply, nothing is stored")
            }
            if let clients = route.certificates.allowed { text += row("", "  clients: \(list(clients.sorted()))") }
            for fact in facts(route.calls) { text += row("", "  \(fact)") }
        }
        for destination in configuration.destinations { text += rows(destination) }
        if let journal = configuration.journal {
            let bounds = "\(DurationText.format(journal.retain)), \(SizeText.format(journal.maxBytes)) at most"
            text += row("journal", "\(journal.path.escaped), settled events for \(bounds)")
        } else {
            text += row("journal", "none: events are forwarded before the reply, nothing is stored")
        }
        if let refusals = configuration.refusals {
            let bounds = "\(DurationText.format(refusals.retain)), \(SizeText.format(refusals.maxBytes)) at most"
            text += row("refusals", "kept in \(refusals.path.escaped) for \(bounds)")
        }
        if let admin = configuration.admin {
            let who = admin.users.isEmpty ? "everybody on this machine" : list(admin.users)
            text += row("admin", "\(admin.host):\(admin.port), \(admin.tls == nil ? "plain HTTP" : "TLS"), for \(who)")
        }
        text += row("alarms", alarms)
        if let tracing = configuration.tracing {
            text += row("tracing", "\(tracing.sample) of the requests, to \(tracing.collector.shownURL)")
        }
        text += row(
            "follow-ups",
            configuration.followUpKey == nil ? "signed until the process ends" : "signed with the key"
        )
        if let file = configuration.pidFile { text += row("pid file", file.escaped) }
        let logging = configuration.logging
        let mask =
            switch (logging.masksPersonalData, logging.pseudonymKey) {
            case (false, _): "personal data in full"
            case (true, nil): "personal data masked, pseudonyms until the process ends"
            case (true, _): "personal data masked, pseudonyms with the key"
            }
        text += row("logging", "\(configuration.logging.level), \(configuration.logging.format.rawValue), \(mask)")
        return text
    }

    private var alarms: String {
        let alarms = configuration.alarms
        var names: [String] = []
        if alarms.missingFollowUps != nil { names.append("missing follow-ups") }
        if alarms.silence != nil { names.append("silence") }
        if alarms.failingDestination != nil { names.append("failing destinations") }
        guard !names.isEmpty else { return "none" }
        let told = alarms.destinations.isEmpty ? "nobody" : list(alarms.destinations)
        return "\(names.joined(separator: ", ")); told to \(told)"
    }

    /// What the system's policy adds to ours.
    private var openSSL: String {
        do throws(OpenSSLError) {
            let policy = try SystemPolicy.current()
            var words = ["\(LibraryVersion.text), \(policy.file.escaped): security level \(policy.securityLevel)"]
            if let version = policy.minimumVersion { words.append("TLS \(version.rawValue) and newer") }
            if policy.isFIPS { words.append("FIPS algorithms only") }
            return words.joined(separator: ", ")
        } catch {
            return "\(LibraryVersion.text): \(error)".escaped
        }
    }

    private func fact(_ clients: ClientCertificateConfiguration) -> String {
        var trusted: [String] = []
        if let authorities = clients.authorities { trusted.append("signed by \(authorities.escaped)") }
        if clients.revocations != nil { trusted.append("not revoked") }
        if !clients.pins.isEmpty { trusted.append("with \(clients.pins.count == 1 ? "the" : "a") pinned key") }
        return "client certificates: \(clients.need.rawValue), \(trusted.joined(separator: ", "))"
    }

    private func facts(_ calls: CallsConfiguration) -> [String] {
        var facts: [String] = []
        if let decide = calls.decide {
            let deadline = DurationText.format(decide.deadline)
            facts.append("decisions: \(decide.destination.escaped) at \(decide.path), within \(deadline)")
        }
        if !calls.ruleNames.isEmpty { facts.append("rules: \(list(calls.ruleNames))") }
        if calls.signatureMode != .ignore {
            facts.append("signatures: \(calls.signatureMode == .require ? "required" : "recorded")")
            for key in calls.signatureKeys {
                facts.append("  \(key.kind), SHA-256 \(key.fingerprint), from \(key.name.escaped)")
            }
        }
        if let window = calls.replayWindow { facts.append("repetitions: known for \(DurationText.format(window))") }
        if calls.followUps != .either { facts.append("follow-ups: \(calls.followUps.rawValue) only") }
        return facts
    }

    private func rows(_ destination: Destination) -> String {
        let address = NetworkAddress.shown(destination.host, destination.port)
        let types = destination.wanted.types.map { $0.sorted().joined(separator: ", ") } ?? "every type"
        return row(
            "destination",
            "\(destination.name.escaped) at \(destination.tls == nil ? "http" : "https")://\(address)\(destination.target)"
        )
            + (destination.socket.map { row("", "  over the socket \($0.escaped)") } ?? "")
            + row("", "  \(destination.format.rawValue), \(types)")
            + row(
                "",
                "  \(DurationText.format(destination.timeout)) for a response, \(destination.concurrency) at once"
            )
    }

    private func passwords(_ user: UserAccount) -> String {
        let hashes = user.passwords.count { if case .hash = $0 { true } else { false } }
        let secrets = user.passwords.count - hashes
        var parts: [String] = []
        if hashes > 0 { parts.append(hashes == 1 ? "one password hash" : "\(hashes) password hashes") }
        if secrets > 0 { parts.append("a password from a reference") }
        return parts.joined(separator: " and ")
    }

    private func list(_ names: [String]) -> String {
        names.map(\.escaped).joined(separator: ", ")
    }

    private func row(_ title: String, _ text: String) -> String {
        title + String(repeating: " ", count: max(1, 13 - title.count)) + text + "\n"
    }
}
