internal import NIOCore
internal import NIOPosix

/// Makes TCP connections to a destination.
///
/// An address is connected to directly. A name is resolved by NIO's client bootstrap, which calls getaddrinfo(3) on a
/// dispatch queue of its own, never on the event loop, and tries the addresses as RFC 8305 says; nothing is cached, so a
/// changed record counts from the next connection on. The time-out covers resolution and connection together.
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
        return { bootstrap.connect(host: destination.host, port: destination.port) }
    }
}
