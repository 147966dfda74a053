import Admin
import Delivery
import Edge
import Glibc
import Journal
import Logging
import NIOCore
import NIOPosix
import OpenSSL
import ServiceLifecycle
import Sipgate
import TLS
package import UnixSignals
import Webhooks

/// The gateway as one process: builds everything from a checked configuration, serves, and drains on SIGTERM and SIGINT.
package struct GatewayApplication: Sendable {
    let configuration: GatewayConfiguration
    let supervision: Supervision
    let logger: Logger
    let log: LiveLog
    private let hangUps: UnixSignalsSequence
    /// Nil: nothing is traced.
    private let tracer: Tracer?
    private let reload: @Sendable () throws(ConfigurationErrors) -> GatewayConfiguration

    /// - Parameters:
    ///   - configuration: what to serve.
    ///   - supervision: what whoever started the process has handed over.
    ///   - log: where logs go.
    ///   - hangUps: every SIGHUP since the start.
    ///   - reload: reads the configuration again, on SIGHUP.
    package init(
        configuration: GatewayConfiguration,
        supervision: Supervision = Supervision(),
        log: LiveLog,
        hangUps: UnixSignalsSequence,
        reload: @escaping @Sendable () throws(ConfigurationErrors) -> GatewayConfiguration
    ) {
        self.configuration = configuration
        self.supervision = supervision
        self.log = log
        self.hangUps = hangUps
        tracer = configuration.tracing.map { Tracer($0) }
        logger = log.logger()
        self.reload = reload
    }

    /// Serves until the process is told to end.
    ///
    /// - Throws: `CredentialError` or `IOError` when a listener cannot be set up; nothing is served then.
    package func run() async throws {
        // Before anything is opened: whoever runs already keeps what it has.
        let file = try configuration.pidFile.map(PIDFile.init)
        defer { file?.remove() }
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
        let journal = try await supervision.manager.patience("opening the journal") { try await openJournal(on: group) }
        let refusals = GatewayRefusals(configuration, logger: logger)
        do {
            try await serve(served, journal, refusals, on: group, hashing: hashing)
        } catch {
            await refusals?.store.close()
            try? await journal?.close(on: group.next()).get()
            throw error
        }
        await refusals?.store.close()
        try await journal?.close(on: group.next()).get()
        logger.notice("stopped")
    }

    private func openJournal(on group: MultiThreadedEventLoopGroup) async throws -> GatewayJournal? {
        guard let journal = configuration.journal else { return nil }
        return try await GatewayJournal.open(
            journal,
            destinations: configuration.destinations,
            on: group,
            logger: logger,
            trace: tracer?.attempts
        )
    }

    private func serve(
        _ certificates: Served,
        _ journal: GatewayJournal?,
        _ refusals: GatewayRefusals?,
        on group: MultiThreadedEventLoopGroup,
        hashing: NIOThreadPool
    ) async throws {
        let calls = try await supervision.manager.patience("reading the calls that are under way") {
            await CallKeeping.recover(configuration, on: hashing, logger: logger)
        }
        let loops = try await GatewayLoops.make(
            configuration,
            calls: calls,
            journal: journal?.journal,
            refusals: refusals,
            tracer: tracer,
            on: group,
            hashing: hashing,
            logger: logger
        )
        let ends = await EndSignals.trap()
        let listeners = try await bind(certificates.listeners.map(\.store), on: group, loops: loops.edge)
        let serving = Serving(
            listeners: listeners,
            loops: loops,
            journal: journal,
            group: group,
            bound: configuration.shutdownTimeout,
            manager: supervision.manager,
            logger: logger
        )
        let addresses = listeners.map(\.address.hostAndPort).joined(separator: " and ")
        let status = { @Sendable in "serving on \(addresses); \(serving.health.words)" }
        let readiness = Readiness(configuration.admin == nil ? [.reloading] : [.reloading, .admin]) { [supervision] in
            supervision.manager.ready(status())
        }
        let clock = try await loops.start(calls)
        let tidying = refusals?.start(on: group.next())
        defer {
            clock?.cancel()
            tidying?.cancel()
        }
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
            .init(service: StapleWatch(certificates: certificates.all, group: group, logger: logger)),
            at: 0
        )
        let live = LiveConfiguration(configuration)
        let credentials = try await adminCredentials(on: group, hashing: hashing)
        let reloading = Reloading(
            hangUps: hangUps,
            load: reload,
            live: live,
            parts: .init(
                calls: calls,
                loops: loops,
                listeners: listeners,
                certificates: watch,
                credentials: credentials,
                log: log
            ),
            manager: supervision.manager,
            readiness: readiness,
            files: configuration.recordFiles,
            pool: hashing,
            logger: logger
        )
        services.insert(.init(service: reloading), at: 0)
        let alarms = AlarmWatch(
            configuration,
            live: live,
            calls: calls,
            loops: loops,
            journal: journal,
            pool: hashing,
            logger: logger
        )
        services.insert(.init(service: alarms), at: 0)
        if let tracer {
            services.insert(.init(service: try await TraceExporter(tracer, on: group.next())), at: 0)
        }
        if let admin = configuration.admin {
            let ends = certificates.ends
            let metrics = GatewayMetrics(
                live: live,
                loops: loops,
                journal: journal,
                refusals: refusals?.store,
                health: { serving.health.with(ends()) },
                certificates: ends,
                alarms: { alarms.states },
                tracer: tracer,
                calls: calls,
                group: group
            )
            let server = AdminServer(
                adminAccess(admin, certificates.admin?.store, credentials: credentials),
                sources: adminSources(metrics, journal, on: group),
                logger: logger
            ) { readiness.reached(.admin) }
            services.insert(.init(service: server), at: 0)
        }
        if supervision.manager.listens {
            services.insert(.init(service: lifeSigns(journal, on: group, status: status)), at: 0)
        }
        // The only one that begins the end: another would have to bear that this one then ends as well.
        services.insert(.init(service: ends, successTerminationBehavior: .gracefullyShutdownGroup), at: 0)
        try await ServiceGroup(configuration: .init(services: services, logger: logger)).run()
        await loops.handOverRefusals()
    }

    /// Who operators are, where that is asked.
    private func adminCredentials(
        on group: MultiThreadedEventLoopGroup,
        hashing: NIOThreadPool
    ) async throws -> AdminCredentials? {
        guard let users = configuration.admin?.users, !users.isEmpty else { return nil }
        return try await AdminCredentials(configuration, users: users, hashing: hashing, on: group.next())
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
                        unixSeconds: leaf.notAfter.unixSeconds,
                        stapledUntil: served.staplings.first { $0.chain.leaf.fingerprint == leaf.fingerprint }?
                            .staple.current()?.nextUpdate
                    )
                }
            }
        }
    }
}

extension AdminConfiguration {
    fileprivate var shownAddress: String { NetworkAddress.shown(host, port) }
}
