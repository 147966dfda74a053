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
    private let quiescing: ServerQuiescingHelper

    private init(address: SocketAddress, channel: any Channel, quiescing: ServerQuiescingHelper) {
        self.address = address
        self.channel = channel
        self.quiescing = quiescing
    }

    /// Binds and begins to accept.
    ///
    /// - Parameters:
    ///   - host: a host name or address.
    ///   - port: 0 lets the kernel choose.
    ///   - group: the loops that accept and serve.
    ///   - loops: for every loop of the group, what its connections share.
    ///   - certificates: the certificate and its policy.
    ///   - limits: what the listener bears from strangers.
    ///   - logger: for request lines.
    /// - Returns: the listener, which accepts already.
    /// - Throws: `IOError` when the address cannot be bound.
    package static func bind(
        host: String,
        port: Int,
        group: MultiThreadedEventLoopGroup,
        loops: EdgeLoops,
        certificates: CertificateStore,
        limits: EdgeLimits,
        logger: Logger
    ) async throws -> Listener {
        let quiescing = ServerQuiescingHelper(group: group)
        let log = EdgeLog(logger)
        let name = "\(host.contains(":") ? "[\(host)]" : host):\(port)"
        let channel = try await ServerBootstrap(group: group)
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
                        ConnectionLimitHandler(limits: limits) { refusal, client in
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
                    let pipeline = channel.pipeline.syncOperations
                    func serve(_ client: ClientAddress) throws {
                        let secure = certificates.makeServerHandler(
                            handshakeTimeout: limits.handshakeTimeout,
                            turns: loop.turns,
                            origin: client.network
                        )
                        try pipeline.addHandler(secure)
                        try pipeline.addHTTPServer(loop: loop, limits: limits, client: client, listener: name, log: log)
                    }
                    let peer = ClientAddress(channel.remoteAddress)
                    guard limits.proxies.contains(where: { $0.contains(peer) }) else { return try serve(peer) }
                    let header = ProxyHeaderHandler(timeout: limits.handshakeTimeout) { address in
                        let client = address.map { ClientAddress($0) } ?? peer
                        guard address == nil || limits.addresses.admits(client) else {
                            loop.ended(.refused(.denied), client: client, listener: name, at: .now())
                            return false
                        }
                        try serve(client)
                        return true
                    }
                    try pipeline.addHandler(header)
                }
            }
            .bind(host: host, port: port)
            .get()
        guard let address = channel.localAddress else { throw ChannelError.unknownLocalAddress }
        return Listener(address: address, channel: channel, quiescing: quiescing)
    }

    /// Stops accepting, and completes when the last connection has answered what it had begun.
    package func quiesce() -> EventLoopFuture<Void> {
        let promise = channel.eventLoop.makePromise(of: Void.self)
        quiescing.initiateShutdown(promise: promise)
        return promise.futureResult
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
