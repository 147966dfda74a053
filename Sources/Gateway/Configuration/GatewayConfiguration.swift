package import Auth
package import Delivery
package import Edge
package import NIOCore
package import OpenSSL
package import Webhooks

/// Everything the operator decided, checked and with its secrets resolved.
///
/// Built whole or not at all.
package struct GatewayConfiguration: Sendable {
    /// What the provider can reach, without a trailing slash: `https://hooks.example.net:8443`.
    package var publicURL: String
    /// How many event loops serve; one per core unless configured.
    package var eventLoops: Int
    /// The addresses to serve on.
    package var listeners: [ListenerConfiguration]
    /// Who may post.
    package var users: [UserAccount]
    /// What is served.
    package var routes: [RouteConfiguration]
    /// Where events go.
    package var destinations: [Destination]
    /// How `fixedSections` stand in the file, by key, to see whether they have changed.
    var written: [String: WrittenSection] = [:]
    /// Where accepted events are kept; nil when no route keeps any.
    package var journal: JournalConfiguration?
    /// Where those are kept who were turned away; nil when none are.
    package var refusals: RefusalsConfiguration?
    /// Where operators look; nil when nobody does.
    package var admin: AdminConfiguration?
    /// What is worth an alarm, and who is told.
    package var alarms = AlarmsConfiguration()
    /// Where spans go; nil: nothing is traced.
    package var tracing: TracingConfiguration?
    /// Signs follow-up addresses.
    ///
    /// Nil: a random key, which dies with the process.
    package var followUpKey: Secret?
    /// A program, as an absolute path, with its arguments: run when a certificate ends soon or changes.
    package var certificateCommand: [String]?
    /// Where the process is named for those who tell it something; nil: nowhere.
    package var pidFile: String?
    /// How logs look.
    package var logging: LoggingConfiguration
    /// From SIGTERM to the end, at most.
    package var shutdownTimeout: TimeAmount

    /// The sections in which nothing can change while the gateway runs.
    static let fixedSections = ["destinations", "alarms", "tracing"]
}

/// What an operator wrote below one key.
struct WrittenSection: Sendable, Equatable {
    /// In one form, whatever the file's; nil: nothing.
    let text: String?
    /// What its references name, by key: that may change while the text stays.
    let secrets: [String: Secret]
}

/// One address that is served over TLS.
package struct ListenerConfiguration: Sendable {
    /// A host name or IP address to bind.
    package var host: String
    /// The port to bind; 0 picks a free one.
    package var port: Int
    /// The name of a socket that whoever starts the gateway passes, to be used instead of binding; nil: one that is
    /// bound to the address.
    package var socketName: String?
    /// Certificate, key and policy.
    package var tls: TLSListenerConfiguration
    /// What it bears from strangers.
    package var limits: EdgeLimits
}

/// The TLS side of a listener.
///
/// Paths are absolute by now.
package struct TLSListenerConfiguration: Sendable {
    /// A PEM chain with its private key.
    package struct CertificateFiles: Sendable {
        /// The leaf first, then its issuers.
        package var chain: String
        /// PKCS#8, traditional EC or RSA.
        package var key: String
        /// For an encrypted key.
        package var passPhrase: Secret?
        /// Where clients' proof comes from that it is not revoked; nil: they get none.
        package var ocsp: OCSPSource?
    }

    /// At least one.
    package var certificates: [CertificateFiles]
    /// The name whose certificate a client gets that names nobody; nil: that of the first.
    package var defaultName: String?
    /// Whether a client that wants a name which no certificate has is refused.
    package var refusesUnknownNames = false
    /// Files with keys of session tickets, the sealing one first; none: keys of the process that rotate by themselves.
    package var ticketKeys: [String] = []
    /// Which certificates clients have to show; nil: they are not asked.
    package var clients: ClientCertificateConfiguration?
    /// "1.2" or "1.3".
    package var minimumVersion: String
    /// Whether clients that can may speak HTTP/2.
    package var offersHTTP2 = false
}

/// Where the OCSP response of a certificate comes from.
package enum OCSPSource: Sendable, Equatable {
    /// A file in DER, which somebody else keeps current.
    case file(String)
    /// The responder that the certificate names.
    case fetch
}

/// Which certificates the clients of a listener have to show.
package struct ClientCertificateConfiguration: Sendable {
    /// Whether clients without one get in.
    package var need = ClientVerification.Need.required
    /// PEM: who may sign them.
    package var authorities: String?
    /// PEM: what these have taken back.
    package var revocations: String?
    /// SHA-256 of the public keys that may come; empty: any.
    package var pins: [Digest] = []
}

/// One path with its provider, users and destinations.
package struct RouteConfiguration: Sendable {
    /// The exact path, starting with a slash.
    package var path: String
    /// Whose pushes come there.
    package var provider: ProviderName
    /// Names of users who may post.
    package var users: [String]
    /// Names of destinations, each of which gets every event it wants.
    package var destinations: [String]
    /// Whether a push is answered when the journal has it; else it is forwarded first, and nothing is stored.
    package var isDurable: Bool
    /// What it does with calls.
    package var calls = CallsConfiguration()
    /// Who may post, by address.
    package var addresses = AddressRules()
    /// Who may post, by certificate.
    package var certificates = CertificateRules()
}

/// The durable queue between accepting and delivering.
package struct JournalConfiguration: Sendable, Equatable {
    /// The absolute path of the SQLite file; `-wal`, `-shm` and `.lock` stand beside it.
    package var path: String
    /// How long events are kept that are settled everywhere.
    package var retain: TimeAmount
    /// How large it may become before new events are refused, in bytes.
    package var maxBytes: Int
}

/// Where those are kept who were turned away.
package struct RefusalsConfiguration: Sendable, Equatable {
    /// The absolute path of the SQLite file.
    package var path: String
    /// How long they are kept.
    package var retain = TimeAmount.hours(24 * 3)
    /// How large the file may become, in bytes.
    package var maxBytes = 64 << 20
    /// How many are kept a second, of all event loops; the others are counted.
    package var maxRate = 50

    /// The file beside a journal: `journal.sqlite` and `refusals.sqlite`, `a.db` and `a-refusals.db`.
    package static func path(besideJournal path: String) -> String {
        let parts = path.split(separator: "/", omittingEmptySubsequences: false)
        let folder = parts.dropLast().map { $0 + "/" }.joined()
        let name = parts.last ?? ""
        if name.contains("journal") { return folder + name.replacing("journal", with: "refusals") }
        let dot = name.lastIndex(of: ".") ?? name.endIndex
        return "\(folder)\(name[..<dot])-refusals\(name[dot...])"
    }
}

/// The operators' own listener.
package struct AdminConfiguration: Sendable {
    /// The address to bind.
    package var host: String
    /// The port to bind; 0 picks a free one.
    package var port: Int
    /// Names under which operators ask for it, beside `localhost` and addresses.
    package var names: [String] = []
    /// Who may look and change; empty, which only the loopback interface allows, means everybody.
    package var users: [String] = []
    /// Nil, which only the loopback interface allows, means plain HTTP.
    package var tls: TLSListenerConfiguration?
}

/// How logs look.
package struct LoggingConfiguration: Sendable {
    /// Text for people, JSON for machines.
    package enum Format: String, Sendable, CaseIterable {
        case text
        case json
    }

    /// trace, debug, info, notice, warning, error or critical.
    package var level: String
    /// One line per record in either.
    package var format: Format
    /// Telephone numbers and names are shortened when true.
    package var masksPersonalData: Bool
    /// Makes pseudonyms of them; nil: a random key, which dies with the process.
    package var pseudonymKey: Secret?

    package init(level: String, format: Format, masksPersonalData: Bool = true, pseudonymKey: Secret? = nil) {
        self.level = level
        self.format = format
        self.masksPersonalData = masksPersonalData
        self.pseudonymKey = pseudonymKey
    }
}
