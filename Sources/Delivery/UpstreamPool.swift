import NIOCore
import NIOHTTP1
import NIOPosix
import Webhooks

/// The connections of one event loop to one destination, and the requests that wait for one.
///
/// Connections are made when requests wait and the bound allows, and are reused last in, first out, so that the ones
/// beyond need fall idle and close. One timer per pool serves every deadline in it.
final class UpstreamPool {
    /// Requests that may wait for a connection. With the time-out it bounds memory; past it, nothing is gained by waiting.
    static let maxWaiting = 1024
    /// Backends commonly close idle connections after 60 s or more; to be first avoids most races.
    static let idleTimeout = TimeAmount.seconds(30)
    /// Making a connection inside a network takes milliseconds, or never works.
    static let connectTimeout = TimeAmount.seconds(2)

    private let destination: Destination
    private let template: RequestTemplate
    private let eventLoop: any EventLoop
    private let maxConnections: Int

    private var idle: [UpstreamConnection] = []
    private var busy: [ObjectIdentifier: UpstreamConnection] = [:]
    private var connecting = 0
    private var waiting: CircularBuffer<Exchange> = []
    private var timer: Scheduled<Void>?
    private var drained: EventLoopPromise<Void>?

    init(destination: Destination, eventLoop: any EventLoop, maxConnections: Int) {
        self.destination = destination
        template = RequestTemplate(destination)
        self.eventLoop = eventLoop
        self.maxConnections = maxConnections
    }

    private var open: Int { idle.count + busy.count + connecting }

    /// Sends a request when it can be, and completes the outcome within the destination's time-out.
    func submit(_ request: ByteBuffer) -> EventLoopFuture<AttemptOutcome> {
        let promise = eventLoop.makePromise(of: AttemptOutcome.self)
        let exchange = Exchange(request: request, deadline: eventLoop.now + destination.timeout, promise: promise)
        if let connection = idle.popLast() {
            start(exchange, on: connection, reused: true)
        } else if waiting.count < UpstreamPool.maxWaiting {
            waiting.append(exchange)
            connectIfNeeded()
        } else {
            exchange.complete(.overloaded)
        }
        armTimer()
        return promise.futureResult
    }

    /// The request that carries an event.
    func render(_ event: Event) -> ByteBuffer {
        template.render(event)
    }

    private func start(_ exchange: Exchange, on connection: UpstreamConnection, reused: Bool) {
        busy[ObjectIdentifier(connection)] = connection
        connection.send(exchange, reused: reused)
    }

    // MARK: Connections

    private func connectIfNeeded() {
        while connecting < waiting.count, open < maxConnections { connect() }
    }

    private func connect() {
        connecting += 1
        let decoder = ResponseDecoder()
        let connection = UpstreamConnection(pool: self, decoder: decoder)
        let bound = NIOLoopBound((decoder, connection), eventLoop: eventLoop)
        // Names are resolved on a thread of NIO's resolver, addresses tried as RFC 8305 says.
        ClientBootstrap(group: eventLoop)
            .connectTimeout(min(UpstreamPool.connectTimeout, destination.timeout))
            .channelOption(.socketOption(.tcp_nodelay), value: 1)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let (decoder, connection) = bound.value
                    try channel.pipeline.syncOperations.addHandlers(ByteToMessageHandler(decoder), connection)
                }
            }
            .connect(host: destination.host, port: destination.port)
            .assumeIsolated()
            .whenComplete { result in
                self.connecting -= 1
                switch result {
                case .success: self.take(connection, reused: false)
                case .failure: self.connectFailed()
                }
            }
    }

    private func connectFailed() {
        // Each connection is made for one request that waits.
        waiting.popFirst()?.complete(.unreachable)
        connectIfNeeded()
        finishDraining()
    }

    /// A connection can take a request.
    private func take(_ connection: UpstreamConnection, reused: Bool) {
        while let exchange = waiting.popFirst() {
            guard !exchange.isDone else { continue }
            return start(exchange, on: connection, reused: reused)
        }
        guard drained == nil else { return connection.close() }
        connection.idleSince = eventLoop.now
        idle.append(connection)
        armTimer()
    }

    /// A response is whole, and its connection can go on.
    func becameIdle(_ connection: UpstreamConnection) {
        busy[ObjectIdentifier(connection)] = nil
        take(connection, reused: true)
        finishDraining()
    }

    /// A connection has ended.
    func closed(_ connection: UpstreamConnection) {
        busy[ObjectIdentifier(connection)] = nil
        idle.removeAll { $0 === connection }
        connectIfNeeded()
        finishDraining()
    }

    /// Sends a request once more that a dead connection swallowed.
    ///
    /// Safe: not one byte of a response came, the connection had been idle, so the request most likely met a closed
    /// socket (RFC 9110, section 9.2.2), and should it have been read all the same, `webhook-id` tells the receiver.
    func retry(_ exchange: Exchange) {
        guard !exchange.wasRetried else { return exchange.complete(.unreachable) }
        exchange.wasRetried = true
        // On a fresh connection: idle ones are probably as dead.
        for connection in idle { connection.close() }
        waiting.prepend(exchange)
        connectIfNeeded()
    }

    // MARK: Time

    private func armTimer() {
        guard timer == nil, let due = nextDeadline() else { return }
        timer = eventLoop.assumeIsolated().scheduleTask(deadline: due) {
            self.timer = nil
            self.expire()
            self.armTimer()
        }
    }

    /// The soonest moment at which something here may have to end.
    private func nextDeadline() -> NIODeadline? {
        var due: NIODeadline?
        func consider(_ deadline: NIODeadline?) {
            guard let deadline else { return }
            due = min(due ?? deadline, deadline)
        }
        consider(waiting.first?.deadline)
        for connection in busy.values { consider(connection.exchange?.deadline) }
        consider(idle.first.map { $0.idleSince + UpstreamPool.idleTimeout })
        return due
    }

    private func expire() {
        let now = eventLoop.now
        while let first = waiting.first, first.isDone || first.deadline <= now {
            waiting.removeFirst()
            first.complete(.timedOut(.waiting))
        }
        for connection in Array(busy.values) {
            guard let exchange = connection.exchange, exchange.deadline <= now else { continue }
            exchange.complete(.timedOut(.answering))
            // A response may still come, and would be taken for the next one's.
            connection.close()
        }
        for connection in Array(idle) where connection.idleSince + UpstreamPool.idleTimeout <= now { connection.close() }
    }

    // MARK: End

    /// Completes when nothing is in work any more; idle connections end at once.
    func drain() -> EventLoopFuture<Void> {
        let promise = drained ?? eventLoop.makePromise(of: Void.self)
        drained = promise
        for connection in Array(idle) { connection.close() }
        finishDraining()
        return promise.futureResult
    }

    private func finishDraining() {
        guard let drained, open == 0, waiting.isEmpty else { return }
        timer?.cancel()
        timer = nil
        drained.succeed()
    }
}

@available(*, unavailable)
extension UpstreamPool: Sendable {}
