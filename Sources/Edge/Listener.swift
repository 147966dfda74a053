package import Logging
package import NIOCore
import NIOExtras
package import NIOPosix
package import TLS
import Webhooks

/// One address that is served over TLS.
///
/// Connections are spread over the group's loops and stay where they are put.
package final class Listener: Sendable {
    /// What is bound, with the port that the kernel chose for port 0.
    package let address: SocketAddress
    private let channel: any Channel
    private let group: MultiThreadedEventLoopGroup
    private let quiescing: ServerQuiescingHelper
    private let limits: ListenerLimits

    /// Where the socket of a listener comes from.
    package enum Place: Sendable {
        /// A host name or address, and a port; 0 lets the kernel choose.
        case address(host: String, port: Int)
        /// One that listens already. The descriptor is the listener's from here on; the socket lives on with whoever
        /// else has one, and with it the connections that nobody has accepted yet.
        case socket(CInt)
    }

    private init(
        address: SocketAddress,
        channel: any Channel,
        group: MultiThreadedEventLoopGroup,
        quiescing: ServerQuiescingHelper,
        limits: ListenerLimits
    ) {
        self.address = address
        self.limits = limits
        self.channel = channel
        self.group = group
        self.quiescing = quiescing
    }

    /// Binds and begins to accept.
    ///
    /// - Parameters:
    ///   - place: what to listen on.
    ///   - name: how people know it, `0.0.0.0:8443`.
    ///   - group: the loops that accept and serve.
    ///   - loops: for every loop of the group, what its connections share.
    ///   - certificates: the certificate and its policy.
    ///   - limits: what the listener bears from strangers.
    ///   - logger: for broken connections.
    ///   - requests: for request lines.
    /// - Returns: the listener, which accepts already.
    /// - Throws: `IOError` when the address cannot be bound.
    package static func bind(
        _ place: Place,
        name: String,
        group: MultiThreadedEventLoopGroup,
        loops: EdgeLoops,
        certificates: CertificateStore,
        limits: EdgeLimits,
        logger: Logger,
        requests: any RequestLog
    ) async throws -> Listener {
        for loop in group.makeIterator() {
            try await loop.flatSubmit { loops[loop].hangBell(on: loop) }.get()
        }
        let quiescing = ServerQuiescingHelper(group: group)
        let log = EdgeLog(logger, requests: requests)
        let live = ListenerLimits(limits)
        let bootstrap = ServerBootstrap(group: group)
        if case .address("::", _) = place {
            // IPv4 as well, whatever the system's own choice is (ipv6(7), net.ipv6.bindv6only).
            let onlyIPv6 = ChannelOptions.Types.SocketOption(level: .ipv6, name: .ipv6_v6only)
            _ = bootstrap.serverChannelOption(onlyIPv6, value: 0)
        }
        _ =
            bootstrap
            .serverChannelOption(.backlog, value: 4096)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .serverChannelOption(.maxMessagesPerRead, value: 16)
            .serverChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let pipeline = channel.pipeline.syncOperations
                    // Out of descriptors: wait a second instead of spinning.
                    try pipeline.addHandler(AcceptBackoffHandler())
                    let loop = loops[channel.eventLoop]
                    try pipeline.addHandler(
                        ConnectionLimitHandler(limits: live) { refusal, client in
                            loop.ended(.refused(refusal), client: client, listener: name, at: .now())
                        }
                    )
                    try pipeline.addHandler(quiescing.makeServerChannelHandler(channel: channel))
                }
            }
            // Accepted sockets inherit TCP_NODELAY, which NIO sets on the one that listens.
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    // Here and not as options of the bootstrap, which cost a future each.
                    if let options = channel.syncOptions {
                        try options.setOption(.maxMessagesPerRead, value: 1)
                        try options.setOption(.recvAllocator, value: ReceiveBuffers())
                        // A client that has said its last still reads its replies.
                        try options.setOption(.allowRemoteHalfClosure, value: true)
                        // A reply is small; past this much unread output a peer is not reading.
                        try options.setOption(.writeBufferWaterMark, value: .init(low: 16 * 1024, high: 64 * 1024))
                    }
                    let loop = loops[channel.eventLoop]
                    let limits = live.current
                    let pipeline = channel.pipeline.syncOperations
                    func serve(_ client: ClientAddress) throws {
                        let secure = certificates.makeServerHandler(
                            handshakeTimeout: limits.values.handshakeTimeout,
                            turns: loop.turns,
                            deadlines: loop.deadlines,
                            origin: client.network
                        )
                        try pipeline.addHandler(secure)
                        try pipeline.addHandler(
                            HandshakeHandler(
                                loop: loop,
                                limits: limits,
                                client: client,
                                listener: name,
                                tls: secure,
                                log: log
                            )
                        )
                    }
                    let peer = ClientAddress(channel.remoteAddress)
                    guard limits.values.proxies.contains(where: { $0.contains(peer) }) else { return try serve(peer) }
                    let header = ProxyHeaderHandler(
                        timeout: limits.values.handshakeTimeout,
                        deadlines: loop.deadlines
                    ) { address in
                        let client = address.map { ClientAddress($0) } ?? peer
                        guard address == nil || limits.values.addresses.admits(client) else {
                            loop.ended(.refused(.denied), client: client, listener: name, at: .now())
                            return false
                        }
                        try serve(client)
                        return true
                    }
                    try pipeline.addHandler(header)
                }
            }
        let binding =
            switch place {
            case .address(let host, let port): bootstrap.bind(host: host, port: port)
            case .socket(let descriptor): bootstrap.withBoundSocket(descriptor)
            }
        let channel = try await binding.get()
        guard let address = channel.localAddress else { throw ChannelError.unknownLocalAddress }
        return Listener(address: address, channel: channel, group: group, quiescing: quiescing, limits: live)
    }

    /// Bears something else of the connections that come from now on.
    package func replaceLimits(by other: EdgeLimits) {
        limits.replace(by: other)
    }

    /// Stops accepting, and completes when the last connection has answered what it had begun.
    package func quiesce() -> EventLoopFuture<Void> {
        let promise = channel.eventLoop.makePromise(of: Void.self)
        let stopped = channel.setOption(.autoRead, value: false).recover { _ in }
        stopped.flatMap { self.settleAccepted() }.whenComplete { _ in
            self.quiescing.initiateShutdown(promise: promise)
        }
        return promise.futureResult
    }

    /// Completes when nobody can connect any more.
    package var closed: EventLoopFuture<Void> { channel.closeFuture }

    /// Completes when every connection that was accepted is known to its listener.
    ///
    /// One goes to its loop and back first, and would be reset if the listener were closed meanwhile.
    private func settleAccepted() -> EventLoopFuture<Void> {
        let there = group.makeIterator().map { loop in loop.submit {} }
        return EventLoopFuture.andAllComplete(there, on: channel.eventLoop)
    }
}

/// One `EdgeLoop` for every loop of a group.
package struct EdgeLoops: Sendable {
    private let byLoop: [ObjectIdentifier: NIOLoopBound<EdgeLoop>]

    /// One part for each loop of the listener's group.
    package init(_ loops: [NIOLoopBound<EdgeLoop>]) {
        byLoop = Dictionary(loops.map { (ObjectIdentifier($0.eventLoop), $0) }) { first, _ in first }
    }

    /// The part of the loop that this is called on.
    subscript(_ loop: any EventLoop) -> EdgeLoop {
        guard let bound = byLoop[ObjectIdentifier(loop)] else {
            preconditionFailure("the listener's channels run on the loops of its own group, and all of those were made")
        }
        return bound.value
    }
}
