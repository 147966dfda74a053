internal import NIOCore
internal import NIOPosix

/// Makes TCP connections to a destination.
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
        let bootstrap = ClientBootstrap(group: eventLoop)
            .connectTimeout(min(limits.connectTimeout, destination.timeout))
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try UpstreamConnection.install(on: channel, limits: limits)
                }
            }
        if let address = try? SocketAddress(ipAddress: destination.host, port: destination.port) {
            return { bootstrap.connect(to: address) }
        }
        let named = bootstrap.resolver(NameResolver(eventLoop: eventLoop, destination: destination.name))
        return { named.connect(host: destination.host, port: destination.port) }
    }
}
