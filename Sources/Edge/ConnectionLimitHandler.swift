import NIOCore
import Webhooks

/// Lets in whom the listener bears: by address, by number of an address, and in total.
///
/// At the bound of the listener nothing is accepted: further clients wait in the kernel's backlog, and cost nothing
/// here. Who is turned away by address is closed before the handshake, which is what a connection costs.
///
/// Sits on the listening channel. One accept may already be under way when the bound is reached, so the number of
/// connections can pass it by the few of one read cycle.
final class ConnectionLimitHandler: ChannelDuplexHandler {
    typealias InboundIn = any Channel
    typealias InboundOut = any Channel
    typealias OutboundIn = Never

    private let live: ListenerLimits
    private var limits: SharedLimits { live.current }
    /// Hears of those who are turned away.
    private let refused: (EdgeCounts.ConnectionRefusal, ClientAddress) -> Void
    private var open = 0
    private var readHeldBack = false
    /// Open connections by network; empty unless they are bounded.
    private var openByNetwork: [UInt64: Int] = [:]
    /// Connections that came within a second, by network.
    private var arrivals: [UInt64: Int] = [:]
    private var second = NIODeadline.uptimeNanoseconds(0)

    convenience init(
        limits: EdgeLimits,
        refused: @escaping (EdgeCounts.ConnectionRefusal, ClientAddress) -> Void = { _, _ in }
    ) {
        self.init(limits: ListenerLimits(limits), refused: refused)
    }

    /// - Parameters:
    ///   - limits: Of the listener, which may be exchanged.
    ///   - refused: Hears of those who are turned away.
    init(limits: ListenerLimits, refused: @escaping (EdgeCounts.ConnectionRefusal, ClientAddress) -> Void) {
        live = limits
        self.refused = refused
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let child = unwrapInboundIn(data)
        let client = ClientAddress(child.remoteAddress)
        if let refusal = refusal(of: client, at: context.eventLoop.now) {
            refused(refusal, client)
            child.close(promise: nil)
            return
        }
        open += 1
        let network = limits.values.maxConnectionsPerAddress == nil ? nil : client.network
        if let network { openByNetwork[network, default: 0] += 1 }
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        child.closeFuture.hop(to: context.eventLoop).whenComplete { _ in
            let (handler, context) = bound.value
            handler.closed(context, network)
        }
        context.fireChannelRead(data)
    }

    private func refusal(of client: ClientAddress, at now: NIODeadline) -> EdgeCounts.ConnectionRefusal? {
        let limits = limits.values
        // A proxy stands for many; its clients are looked at when it has named them.
        guard !limits.proxies.contains(where: { $0.contains(client) }) else { return nil }
        guard limits.addresses.admits(client) else { return .denied }
        if let most = limits.maxConnectionsPerAddress, openByNetwork[client.network, default: 0] >= most {
            return .tooManyOpen
        }
        if let most = limits.maxHandshakesPerAddress {
            if now - second >= .seconds(1) {
                second = now
                arrivals.removeAll(keepingCapacity: true)
            }
            guard arrivals[client.network, default: 0] < most else { return .tooFast }
            arrivals[client.network, default: 0] += 1
        }
        return nil
    }

    func read(context: ChannelHandlerContext) {
        if open < limits.values.maxConnections {
            context.read()
        } else {
            readHeldBack = true
        }
    }

    private func closed(_ context: ChannelHandlerContext, _ network: UInt64?) {
        open -= 1
        if let network, let count = openByNetwork[network] {
            openByNetwork[network] = count > 1 ? count - 1 : nil
        }
        guard readHeldBack, open < limits.values.maxConnections else { return }
        readHeldBack = false
        context.read()
    }
}

@available(*, unavailable)
extension ConnectionLimitHandler: Sendable {}
