internal import NIOCore
internal import NIOPosix

/// Makes connections to a destination, over TCP or a Unix socket.
///
/// An address is connected to directly. A name is resolved by a `NameResolver`, and NIO's client bootstrap tries the
/// addresses as RFC 8305 says. The time-out covers resolution and connection together.
enum SocketConnector {
    /// What makes the connections of a pool.
    static func make(
        _ destination: Destination,
        eventLoop: any EventLoop,
        limits: DeliveryLimits
    ) -> UpstreamPool.Connect {
        let timeout = min(limits.connectTimeout, destination.timeout)
        let secure = destination.tls.map { SecureConnector($0, timeout: timeout) }
        let bound = NIOLoopBound(secure, eventLoop: eventLoop)
        let bootstrap = ClientBootstrap(group: eventLoop)
            .connectTimeout(timeout)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try bound.value?.install(on: channel)
                    try UpstreamConnection.install(on: channel, limits: limits)
                }
            }
        let connect: UpstreamPool.Connect
        if let socket = destination.socket {
            connect = { bootstrap.connect(unixDomainSocketPath: socket) }
        } else if let address = try? SocketAddress(ipAddress: destination.host, port: destination.port) {
            connect = { bootstrap.connect(to: address) }
        } else {
            let named = bootstrap.resolver(NameResolver(eventLoop: eventLoop, destination: destination.name))
            connect = { named.connect(host: destination.host, port: destination.port) }
        }
        guard secure != nil else { return connect }
        return {
            connect().flatMap { channel in bound.value?.ready(channel) ?? eventLoop.makeSucceededFuture(channel) }
        }
    }
}
