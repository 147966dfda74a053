import Admin
import Delivery
import Journal
import NIOCore
import NIOPosix
import OpenSSL
import TLS
import Webhooks

extension GatewayApplication {
    /// Where operators look, and who they are.
    func adminAccess(
        _ admin: AdminConfiguration,
        _ certificates: CertificateStore?,
        credentials: AdminCredentials?
    ) -> AdminServer.Access {
        var access = AdminServer.Access(host: admin.host, port: admin.port)
        access.names = admin.names
        if let credentials { access.admits = { await credentials.judge($0, $1) } }
        if let certificates {
            access.secure = { channel in
                let handler = certificates.makeServerHandler(handshakeTimeout: .seconds(10))
                try channel.pipeline.syncOperations.addHandler(handler)
            }
        }
        return access
    }

    /// What operators are shown.
    func adminSources(
        _ metrics: GatewayMetrics,
        _ journal: GatewayJournal?,
        on group: MultiThreadedEventLoopGroup
    ) -> AdminServer.Sources {
        let live = metrics.live
        // What a reload leaves alone.
        let configuration = live.configuration
        return AdminServer.Sources(
            health: metrics.health,
            metrics: { await metrics.text() },
            journal: configuration.journal.map { JournalAccess(path: $0.path) },
            filter: { fields in try EventFilter(fields: fields).journal },
            refusals: RefusalAccess(live),
            destinations: {
                let statuses = await journal?.statuses(on: group.next()) ?? []
                return configuration.destinations.enumerated().map { index, destination in
                    DestinationView(
                        name: destination.name,
                        url: destination.shownURL,
                        status: index < statuses.count ? statuses[index] : nil
                    )
                }
            },
            configuration: { (live.configuration.json, metrics.certificates().json) }
        )
    }
}

extension RefusalAccess {
    /// What a gateway with this configuration keeps.
    init(_ live: LiveConfiguration) {
        // Where it is kept, a reload leaves alone.
        let configuration = live.configuration
        let journal = configuration.journal?.path
        let refusals = configuration.refusals?.path
        self.init(
            path: refusals,
            filter: { fields in try ExplainCommand.Selection(fields: fields).filter },
            stories: { id in
                // Certificates are renewed and routes replaced while the gateway runs: names are read with each question.
                let names = ServedNames(live.configuration)
                let stories = try StoryTeller(journal: journal, refusals: refusals, names: names).stories(of: id)
                guard !stories.isEmpty else { return nil }
                var buffer = ByteBuffer()
                buffer.writeJSON(capacity: 4096) { json in
                    json.array { json in for story in stories { story.write(to: &json) } }
                }
                return buffer
            }
        )
    }
}

extension ExplainCommand.Selection {
    /// Reads the fields of a query, which have the names of the command line's options.
    ///
    /// - Throws: `EventFilter.Problem` also for a field that means nothing here.
    init(fields: [String: String]) throws(EventFilter.Problem) {
        try EventFilter.Problem.refuse(fields, beside: ["reason", "client", "route", "call", "since"])
        try self.init(
            reason: fields["reason"],
            client: fields["client"],
            route: fields["route"],
            call: fields["call"],
            since: fields["since"]
        )
    }
}

extension HealthReport {
    /// The report with a check of the certificates: past its end nobody posts any more.
    func with(_ ends: [GatewayMetrics.CertificateEnd], now: CertificateTime = .now) -> HealthReport {
        let past = ends.filter { $0.unixSeconds < now.unixSeconds }
        let words = past.map { "that of \($0.listener), \($0.subject), has ended" }
        let problem = words.isEmpty ? nil : words.joined(separator: "; ")
        return HealthReport(checks: checks + [Check(name: "certificates", problem: problem)])
    }
}

extension [GatewayMetrics.CertificateEnd] {
    /// A JSON array, with the days that are left now.
    fileprivate var json: ByteBuffer {
        var buffer = ByteBuffer()
        buffer.writeJSON { json in
            json.array { json in
                for end in self {
                    let notAfter = CertificateTime(unixSeconds: end.unixSeconds)
                    json.object { json in
                        json.field("listener", end.listener)
                        json.field("subject", end.subject)
                        json.field("not_after", notAfter.description)
                        json.field("days_left", CertificateTime.now.days(until: notAfter))
                    }
                }
            }
        }
        return buffer
    }
}

extension EventFilter {
    /// Reads the fields of a query, which have the names of the command line's options.
    ///
    /// - Throws: `Problem` also for a field that means nothing here.
    init(fields: [String: String]) throws(Problem) {
        try Problem.refuse(fields, beside: ["id", "route", "type", "call", "state", "destination", "since"])
        try self.init(
            id: fields["id"],
            route: fields["route"],
            type: fields["type"],
            call: fields["call"],
            state: fields["state"],
            destination: fields["destination"],
            since: fields["since"]
        )
    }
}

extension EventFilter.Problem {
    /// Refuses a query with a field that means nothing, so that no slip makes a filter wider.
    fileprivate static func refuse(
        _ fields: [String: String],
        beside known: Set<String>
    ) throws(EventFilter.Problem) {
        for name in fields.keys.sorted() where !known.contains(name) {
            let remedy = NearestName.remedy(known.sorted(), to: name) ?? ""
            throw EventFilter.Problem(description: "There is no field \(name.quoted); \(remedy)")
        }
    }
}

extension Destination {
    /// Its URL without a query, where tokens are wont to stand.
    var shownURL: String {
        let path = target.prefix { $0 != "?" }
        let url =
            "\(tls == nil ? "http" : "https")://\(NetworkAddress.shown(host, port))\(path)\(path.count < target.count ? "?…" : "")"
        return socket.map { "\(url) at \($0)" } ?? url
    }
}
