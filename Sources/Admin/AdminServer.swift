import Hummingbird
package import Logging
package import NIOCore
import ServiceLifecycle
import Webhooks

/// The operators' own listener: plain HTTP on an address that strangers cannot reach.
package struct AdminServer: Service, CustomStringConvertible {
    package let description = "admin"

    /// What the server shows.
    package struct Sources: Sendable {
        /// How things stand at this moment.
        package let health: @Sendable () -> HealthReport
        /// Everything that is counted, in the text format of Prometheus.
        package let metrics: @Sendable () async -> ByteBuffer

        package init(
            health: @escaping @Sendable () -> HealthReport,
            metrics: @escaping @Sendable () async -> ByteBuffer
        ) {
            self.health = health
            self.metrics = metrics
        }
    }

    private let host: String
    private let port: Int
    private let sources: Sources
    private let logger: Logger

    /// A server that is not yet bound.
    ///
    /// - Parameters:
    ///   - host: the address to bind; the configuration keeps it to loopback.
    ///   - port: 0 lets the kernel choose.
    ///   - sources: what it shows.
    ///   - logger: for life cycle and failures.
    package init(host: String, port: Int, sources: Sources, logger: Logger) {
        self.host = host
        self.port = port
        self.sources = sources
        self.logger = logger
    }

    package func run() async throws {
        let logger = logger
        let application = Application(
            router: router(),
            configuration: .init(address: .hostname(host, port: port), serverName: nil),
            onServerRunning: { channel in
                let address = channel.localAddress.map { "\($0.ipAddress ?? "?"):\($0.port ?? 0)" } ?? "?"
                logger.notice("listening for operators", metadata: ["address": "\(address)"])
            },
            logger: logger
        )
        try await application.run()
    }

    private func router() -> Router<BasicRequestContext> {
        let sources = sources
        let router = Router()
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
        return router
    }
}

extension HealthReport {
    /// `{"ready":false,"checks":{"journal":"…"}}`; what is well says `ok`.
    var json: ByteBuffer {
        var buffer = ByteBuffer()
        buffer.writeJSON { json in
            json.object { json in
                json.field("ready", isReady)
                json.name("checks")
                json.object { json in
                    for check in checks {
                        json.name(escaping: check.name)
                        json.string(check.problem ?? "ok")
                    }
                }
            }
        }
        buffer.writeStaticString("\n")
        return buffer
    }
}
