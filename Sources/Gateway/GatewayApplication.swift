import Admin
import Delivery
import Edge
import Glibc
package import Logging
import NIOCore
import NIOPosix
import OpenSSL
import ServiceLifecycle
import Sipgate
import TLS
import UnixSignals
import Webhooks

/// The gateway as one process: builds everything from a checked configuration, serves, and drains on SIGTERM and SIGINT.
package struct GatewayApplication: Sendable {
    let configuration: GatewayConfiguration
    private let logger: Logger
    private let reload: @Sendable () throws(ConfigurationErrors) -> GatewayConfiguration

    /// - Parameters:
    ///   - configuration: what to serve.
    ///   - logger: where logs go.
    ///   - reload: reads the configuration again, on SIGHUP.
    package init(
        configuration: GatewayConfiguration,
        logger: Logger,
        reload: @escaping @Sendable () throws(ConfigurationErrors) -> GatewayConfiguration
    ) {
        self.configuration = configuration
        self.logger = logger
        self.reload = reload
    }

    /// Serves until the process is told to end.
    ///
    /// - Throws: `CredentialError` or `IOError` when a listener cannot be set up; nothing is served then.
    package func run() async throws {
        DescriptorLimit.raise(logger: logger, wanted: descriptorsWanted)
        let group = MultiThreadedEventLoopGroup(numberOfThreads: configuration.eventLoops)
        // crypt(3) takes a core for as long as its cost says: two at a time leave the loops something.
        let hashing = NIOThreadPool(numberOfThreads: 2)
        hashing.start()
        do {
            try await serve(on: group, hashing: hashing)
        } catch {
            await end(group, hashing)
            throw error
        }
        await end(group, hashing)
    }

    private func end(_ group: MultiThreadedEventLoopGroup, _ hashing: NIOThreadPool) async {
        try? await hashing.shutdownGracefully()
        // What the loops have handed to each other, such as the end of a connection, is done before they end: a task
        // may hand on another.
        for _ in 0..<2 {
            for loop in group.makeIterator() { try? await loop.submit {}.get() }
        }
        try? await group.shutdownGracefully()
    }

    private func serve(on group: MultiThreadedEventLoopGroup, hashing: NIOThreadPool) async throws {
        // Everything that can fail is built before anything is served.
        let certificates = try configuration.listeners.map { listener in
            try ServedCertificates(listener.tls, listener: listener.shownAddress)
        }
        let admin = try configuration.admin.flatMap { admin in
            try admin.tls.map { try ServedCertificates($0, listener: admin.shownAddress) }
        }
        let served = Served(listeners: certificates, admin: admin)
        let journal = try await openJournal(on: group)
        do {
            try await serve(served, journal, on: group, hashing: hashing)
        } catch {
            try? await journal?.close(on: group.next()).get()
            throw error
        }
        try await journal?.close(on: group.next()).get()
        logger.notice("stopped")
    }

    private func openJournal(on group: MultiThreadedEventLoopGroup) async throws -> GatewayJournal? {
        guard let journal = configuration.journal else { return nil }
        return try await GatewayJournal.open(
            journal,
            destinations: configuration.destinations,
            on: group,
            logger: logger
        )
    }

    private func serve(
        _ certificates: Served,
        _ journal: GatewayJournal?,
        on group: MultiThreadedEventLoopGroup,
        hashing: NIOThreadPool
    ) async throws {
        let calls = await CallKeeping.recover(configuration, on: hashing, logger: logger)
        let loops = try await GatewayLoops.make(
            configuration,
            calls: calls,
            journal: journal?.journal,
            on: group,
            hashing: hashing,
            logger: logger
        )
        var listeners: [Listener] = []
        for (listener, store) in zip(configuration.listeners, certificates.listeners) {
            let bound = try await bind(listener, store.store, on: group, loops: loops.edge)
            logger.notice("listening", metadata: ["address": "\(bound.address.hostAndPort)"])
            listeners.append(bound)
        }
        let serving = Serving(
            listeners: listeners,
            loops: loops,
            journal: journal,
            group: group,
            bound: configuration.shutdownTimeout,
            logger: logger
        )
        let clock = try await loops.start(calls)
        defer { clock?.cancel() }
        // In the order of dependence: what comes first ends last.
        var services = [
            ServiceGroupConfiguration.ServiceConfiguration(
                service: serving,
                successTerminationBehavior: .gracefullyShutdownGroup
            )
        ]
        let watch = CertificateWatch(
            certificates: certificates.all,
            command: configuration.certificateCommand.map { NoticeCommand(arguments: $0, logger: logger) },
            pool: hashing,
            logger: logger
        )
        services.insert(.init(service: watch), at: 0)
        services.insert(
            .init(service: Reloading(load: reload, calls: calls, certificates: watch, logger: logger)),
            at: 0
        )
        let alarms = AlarmWatch(
            configuration,
            calls: calls,
            loops: loops,
            journal: journal,
            pool: hashing,
            logger: logger
        )
        services.insert(.init(service: alarms), at: 0)
        if let admin = configuration.admin {
            let ends = certificates.ends
            let metrics = GatewayMetrics(
                configuration: configuration,
                loops: loops,
                journal: journal,
                health: { serving.health.with(ends()) },
                certificates: ends,
                alarms: { alarms.states },
                group: group
            )
            let server = AdminServer(
                try await adminAccess(admin, certificates.admin?.store, on: group, hashing: hashing),
                sources: adminSources(metrics, journal, on: group),
                logger: logger
            )
            services.insert(.init(service: server), at: 0)
        }
        try await ServiceGroup(
            configuration: .init(services: services, gracefulShutdownSignals: [.sigterm, .sigint], logger: logger)
        ).run()
    }

    private func bind(
        _ listener: ListenerConfiguration,
        _ certificates: CertificateStore,
        on group: MultiThreadedEventLoopGroup,
        loops: EdgeLoops
    ) async throws -> Listener {
        do {
            return try await Listener.bind(
                host: listener.host,
                port: listener.port,
                group: group,
                loops: loops,
                certificates: certificates,
                limits: listener.limits,
                logger: logger
            )
        } catch let error as IOError {
            throw ListenFailure(address: listener.shownAddress, errno: error.errnoCode)
        }
    }

    private var descriptorsWanted: Int {
        let downstream = configuration.listeners.reduce(0) { $0 + $1.limits.maxConnections }
        let upstream = configuration.destinations.reduce(0) { $0 + $1.concurrency }
        return downstream + upstream + 64
    }
}

/// The certificates of all listeners.
private struct Served: Sendable {
    let listeners: [ServedCertificates]
    let admin: ServedCertificates?

    var all: [ServedCertificates] { listeners + (admin.map { [$0] } ?? []) }

    /// When those end that strangers are served with now.
    var ends: @Sendable () -> [GatewayMetrics.CertificateEnd] {
        { [listeners] in
            listeners.flatMap { served in
                served.leaves.map { leaf in
                    GatewayMetrics.CertificateEnd(
                        listener: served.listener,
                        subject: leaf.subject,
                        unixSeconds: leaf.notAfter.unixSeconds
                    )
                }
            }
        }
    }
}

extension ListenerConfiguration {
    /// As it is written in the configuration.
    fileprivate var shownAddress: String { "\(host.contains(":") ? "[\(host)]" : host):\(port)" }
}

extension AdminConfiguration {
    fileprivate var shownAddress: String { "\(host.contains(":") ? "[\(host)]" : host):\(port)" }
}

/// An address that cannot be listened on, with the system's reason and what to do.
private struct ListenFailure: Error, CustomStringConvertible {
    let address: String
    let errno: CInt

    var description: String {
        let advice =
            switch errno {
            case EADDRINUSE: "another process listens there: stop it, or choose another port"
            case EACCES: "ports below 1024 need the capability CAP_NET_BIND_SERVICE"
            case EADDRNOTAVAIL: "this machine has no such address"
            default: "see bind(2)"
            }
        return "cannot listen on \(address): \(unsafe String(cString: strerror(errno))); \(advice)"
    }
}

extension SocketAddress {
    /// `127.0.0.1:8443`, `[::1]:8443`, or the path of a socket.
    fileprivate var hostAndPort: String {
        guard let host = ipAddress, let port else { return pathname ?? "?" }
        return host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
    }
}
