import HTTPTypes
import Hummingbird
import HummingbirdCore
package import Journal
package import Logging
package import NIOCore
import ServiceLifecycle
package import Webhooks

/// The operators' own listener: health, metrics, the events API and its page.
///
/// On an address of this machine it may be plain HTTP without credentials; elsewhere the configuration demands both.
package struct AdminServer: Service, CustomStringConvertible {
    package let description = "admin"

    /// Judges the credentials of a request.
    package typealias Admits = @Sendable (HeaderFields, ClientAddress) async -> Admission

    /// What credentials came to.
    package enum Admission: Sendable, Equatable {
        case admitted
        case challenged
        /// To be tried again after so many seconds.
        case delayed(Int)
    }

    /// Where it is, and for whom.
    package struct Access: Sendable {
        /// The address to bind.
        package var host: String
        /// 0 lets the kernel choose.
        package var port: Int
        /// Names under which it may be asked for, beside `localhost` and addresses.
        package var names: [String] = []
        /// Nil: everybody who reaches it may see and change everything.
        package var admits: Admits?
        /// Puts TLS into a connection that was just accepted; nil: plain HTTP.
        package var secure: (@Sendable (any Channel) throws -> Void)?

        package init(host: String, port: Int) {
            self.host = host
            self.port = port
        }
    }

    /// What the server shows.
    package struct Sources: Sendable {
        /// How things stand at this moment.
        package var health: @Sendable () -> HealthReport
        /// Everything that is counted, in the text format of Prometheus.
        package var metrics: @Sendable () async -> ByteBuffer
        /// Where events are kept; nil when none are.
        package var journal: JournalAccess?
        /// Reads a filter from the fields of a query, or says in words what is wrong with it.
        package var filter: @Sendable ([String: String]) throws -> JournalFilter
        /// Those who were turned away.
        package var refusals: RefusalAccess
        /// The destinations, in the order of the configuration.
        package var destinations: @Sendable () async -> [DestinationView]
        /// The configuration in force, as JSON without secrets, and the certificates, as a JSON array.
        package var configuration: @Sendable () -> (configuration: ByteBuffer, certificates: ByteBuffer)

        package init(
            health: @escaping @Sendable () -> HealthReport,
            metrics: @escaping @Sendable () async -> ByteBuffer,
            journal: JournalAccess?,
            filter: @escaping @Sendable ([String: String]) throws -> JournalFilter,
            refusals: RefusalAccess,
            destinations: @escaping @Sendable () async -> [DestinationView],
            configuration: @escaping @Sendable () -> (configuration: ByteBuffer, certificates: ByteBuffer)
        ) {
            self.health = health
            self.metrics = metrics
            self.journal = journal
            self.filter = filter
            self.refusals = refusals
            self.destinations = destinations
            self.configuration = configuration
        }
    }

    /// Operators are few; a stranger who finds the listener takes no descriptors from the senders.
    private static let mostConnections = 256

    private let access: Access
    private let sources: Sources
    private let logger: Logger
    private let isBound: @Sendable () -> Void

    /// A server that is not yet bound.
    ///
    /// - Parameters:
    ///   - access: where it is, and for whom.
    ///   - sources: what it shows.
    ///   - logger: for life cycle and failures.
    ///   - isBound: called once operators can connect.
    package init(
        _ access: Access,
        sources: Sources,
        logger: Logger,
        isBound: @escaping @Sendable () -> Void = {}
    ) {
        self.access = access
        self.sources = sources
        self.logger = logger
        self.isBound = isBound
    }

    package func run() async throws {
        let logger = logger
        let isBound = isBound
        let secure = access.secure
        let scheme = secure == nil ? "http" : "https"
        let application = Application(
            router: router(),
            server: HTTPServerBuilder { responder in
                SecuredChannel(
                    HTTP1Channel(responder: responder, configuration: .init(idleTimeout: .seconds(60))),
                    secure: secure
                )
            },
            configuration: .init(
                address: .hostname(access.host, port: access.port),
                serverName: nil,
                availableConnectionsDelegate: MaximumAvailableConnections(AdminServer.mostConnections)
            ),
            onServerRunning: { channel in
                let address = channel.localAddress.map { "\($0.ipAddress ?? "?"):\($0.port ?? 0)" } ?? "?"
                logger.notice("listening for operators", metadata: ["address": "\(address)", "scheme": "\(scheme)"])
                isBound()
            },
            logger: logger
        )
        try await application.run()
    }

    /// Everything that is served.
    func router() -> Router<AdminContext> {
        let sources = sources
        let token = AdminGuard.makeToken()
        let router = Router(context: AdminContext.self)
        router.add(middleware: MetricsMiddleware())
        router.add(
            middleware: AdminGuard(
                names: Set(access.names.map { $0.lowercased() }),
                token: token,
                isSecure: access.secure != nil,
                admits: access.admits
            )
        )
        router.get("healthz") { _, _ in "ok\n" }
        router.get("readyz") { _, _ in
            let report = sources.health()
            return Response(
                status: report.isReady ? .ok : .serviceUnavailable,
                headers: [.contentType: "application/json", .cacheControl: "no-store"],
                body: .init(byteBuffer: report.json)
            )
        }
        router.get("metrics") { _, _ in
            Response(
                status: .ok,
                headers: [.contentType: MetricsText.mediaType, .cacheControl: "no-store"],
                body: .init(byteBuffer: await sources.metrics())
            )
        }
        router.get("/") { _, _ in AdminPage.response() }
        router.get("openapi.json") { _, _ in AdminPage.openAPI }
        AdminAPI(sources: sources, token: token).addRoutes(to: router)
        RefusalsAPI(access: sources.refusals).addRoutes(to: router)
        return router
    }
}
