import Auth
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
    private let configuration: GatewayConfiguration
    private let logger: Logger

    package init(configuration: GatewayConfiguration, logger: Logger) {
        self.configuration = configuration
        self.logger = logger
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
            try? await hashing.shutdownGracefully()
            try? await group.shutdownGracefully()
            throw error
        }
        try? await hashing.shutdownGracefully()
        try? await group.shutdownGracefully()
    }

    private func serve(on group: MultiThreadedEventLoopGroup, hashing: NIOThreadPool) async throws {
        // Everything that can fail is built before anything is served.
        let stores = try configuration.listeners.map { try ServerCertificate.load($0.tls) }
        let loops = try await GatewayLoops.make(
            configuration,
            journal: nil,
            on: group,
            hashing: hashing,
            logger: logger
        )
        var listeners: [Listener] = []
        for (listener, store) in zip(configuration.listeners, stores) {
            let bound = try await bind(listener, store, on: group, loops: loops.edge)
            logger.notice("listening", metadata: ["address": "\(bound.address.hostAndPort)"])
            listeners.append(bound)
        }
        let serving = Serving(
            listeners: listeners,
            loops: loops,
            group: group,
            bound: configuration.shutdownTimeout,
            logger: logger
        )
        try await ServiceGroup(
            configuration: .init(
                services: [.init(service: serving, successTerminationBehavior: .gracefullyShutdownGroup)],
                gracefulShutdownSignals: [.sigterm, .sigint],
                logger: logger
            )
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
            throw ListenFailure(address: "\(listener.host):\(listener.port)", errno: error.errnoCode)
        }
    }

    private var descriptorsWanted: Int {
        let downstream = configuration.listeners.reduce(0) { $0 + $1.limits.maxConnections }
        let upstream = configuration.destinations.reduce(0) { $0 + $1.concurrency }
        return downstream + upstream + 64
    }
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

/// The listeners while they serve: waits for the signal, then lets every request that was begun come to its end.
private struct Serving: Service {
    let listeners: [Listener]
    let loops: GatewayLoops
    let group: MultiThreadedEventLoopGroup
    let bound: TimeAmount
    let logger: Logger

    func run() async throws {
        try? await gracefulShutdown()
        logger.notice("draining", metadata: ["at_most_ms": "\(bound.nanoseconds / 1_000_000)"])
        let finished = try await drain(on: group.next()).get()
        if finished {
            logger.notice("stopped")
        } else {
            logger.warning("stopped with requests still open: the bound was reached")
        }
    }

    /// Completes with true when everything has come to its end, and with false at the bound.
    private func drain(on loop: any EventLoop) -> EventLoopFuture<Bool> {
        let listeners = EventLoopFuture.andAllComplete(listeners.map { $0.quiesce() }, on: loop)
        let everything = listeners.flatMap { loops.drain(on: loop) }
        return loop.flatSubmit {
            let promise = loop.makePromise(of: Bool.self)
            let pending = NIOLoopBoundBox<EventLoopPromise<Bool>?>(promise, eventLoop: loop)
            @Sendable func end(_ isDrained: Bool) {
                let promise = pending.value
                pending.value = nil
                promise?.succeed(isDrained)
            }
            let timer = loop.scheduleTask(in: bound) { end(false) }
            everything.whenComplete { _ in
                timer.cancel()
                end(true)
            }
            return promise.futureResult
        }
    }
}

extension SocketAddress {
    /// `127.0.0.1:8443`, `[::1]:8443`, or the path of a socket.
    fileprivate var hostAndPort: String {
        guard let host = ipAddress, let port else { return pathname ?? "?" }
        return host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
    }
}
