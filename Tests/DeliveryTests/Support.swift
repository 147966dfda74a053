import NIOCore
import NIOEmbedded
import NIOPosix
import Testing
import Webhooks

@testable import Delivery

/// An event whose id is known: the UUID of `number`.
func makeEvent(
    _ number: Int = 1,
    subject: String = "leg-1",
    data: String = "{\"a\":1}",
    type: String = "call.started",
    direction: String? = nil,
    time: Timestamp = Timestamp(milliseconds: 1_700_000_000_123),
    traceParent: String? = nil
) -> Event {
    Event(
        id: EventID(time: Timestamp(milliseconds: 1_700_000_000_000), random: (0, UInt64(number))),
        source: "https://hooks.example.net/hooks/sipgate",
        time: time,
        draft: EventDraft(
            type: EventType(namespace: "io.sipgate", name: type),
            subject: subject,
            data: ByteBuffer(string: data),
            direction: direction
        ),
        trace: traceParent.map { TraceContext(text: $0) }
    )
}

/// A forwarder whose connections are embedded channels and whose time is virtual.
///
/// Used from one thread.
final class EmbeddedBench {
    /// What becomes of the next attempts to connect.
    enum Connecting {
        case succeed
        case fail(any Error)
        /// Neither succeeds nor fails until `settle` is called.
        case hang
    }

    let loop = EmbeddedEventLoop()
    var connecting = Connecting.succeed
    private(set) var channels: [EmbeddedChannel] = []
    private var hanging: [EventLoopPromise<any Channel>] = []
    private(set) var forwarder: Forwarder

    init(
        concurrency: Int = 2,
        loops: Int = 1,
        timeout: TimeAmount = .seconds(60),
        format: Destination.Format = .data,
        limits: DeliveryLimits = DeliveryLimits()
    ) {
        var destination = Destination(name: "crm", host: "192.0.2.7", port: 8080, target: "/events?a=b")
        destination.concurrency = concurrency
        destination.timeout = timeout
        destination.format = format
        // The closure needs `self`, which needs the closure.
        forwarder = Forwarder(destinations: [], eventLoop: loop, loops: 1)
        forwarder = Forwarder(destinations: [destination], eventLoop: loop, loops: loops, limits: limits) { _ in
            { [weak self, loop] in self?.connect(limits) ?? loop.makeFailedFuture(ChannelError.eof) }
        }
    }

    deinit {
        settle(.fail(ChannelError.eof))
        for channel in channels where channel.isActive { channel.close(promise: nil) }
        loop.run()
    }

    private func connect(_ limits: DeliveryLimits) -> EventLoopFuture<any Channel> {
        switch connecting {
        case .succeed: return loop.makeCompletedFuture { try self.makeChannel(limits) }
        case .fail(let error): return loop.makeFailedFuture(error)
        case .hang:
            hanging.append(loop.makePromise())
            return hanging[hanging.count - 1].futureResult
        }
    }

    private func makeChannel(_ limits: DeliveryLimits = DeliveryLimits()) throws -> any Channel {
        let channel = EmbeddedChannel(loop: loop)
        try UpstreamConnection.install(on: channel, limits: limits)
        try channel.connect(to: SocketAddress(ipAddress: "192.0.2.7", port: 8080)).wait()
        channels.append(channel)
        return channel
    }

    /// Ends every attempt to connect that hangs.
    func settle(_ result: Connecting) {
        let promises = hanging
        hanging = []
        for promise in promises {
            switch result {
            case .succeed: promise.completeWith(Result { try makeChannel() })
            case .fail(let error): promise.fail(error)
            case .hang: hanging.append(promise)
            }
        }
    }

    /// How many attempts to connect hang.
    var hangingCount: Int { hanging.count }

    /// Begins an attempt.
    func forward(_ event: Event = makeEvent()) -> Recorded {
        let recorded = Recorded()
        forwarder.forward(event, to: 0) { recorded.outcome = $0 }
        return recorded
    }

    /// The requests written on a channel since the last call, as text.
    func requests(on index: Int) throws -> [String] {
        var texts: [String] = []
        while let bytes = try channels[index].readOutbound(as: ByteBuffer.self) { texts.append(String(buffer: bytes)) }
        return texts
    }

    /// Delivers bytes of a response as one read.
    func receive(_ text: String, on index: Int) throws {
        try channels[index].writeInbound(ByteBuffer(string: text))
        loop.run()
    }

    /// The peer closes a connection.
    func close(_ index: Int) {
        channels[index].close(promise: nil)
        loop.run()
    }
}

/// An outcome, once it is there.
final class Recorded {
    fileprivate(set) var outcome: AttemptOutcome? {
        didSet { if oldValue != nil { Issue.record("an attempt ended twice") } }
    }
}

/// A forwarder on a real event loop, for real sockets.
final class SocketBench: Sendable {
    let loop: any EventLoop
    private let forwarder: NIOLoopBound<Forwarder>

    init(_ destinations: [Destination], loops: Int = 1) async throws {
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        self.loop = loop
        // A machine that is busy with other tests is no slow receiver.
        var limits = DeliveryLimits()
        limits.connectTimeout = .minutes(3)
        forwarder = try await loop.submit { [limits] in
            let forwarder = Forwarder(destinations: destinations, eventLoop: loop, loops: loops, limits: limits) {
                SocketConnector.make($0, eventLoop: loop, limits: limits)
            }
            return NIOLoopBound(forwarder, eventLoop: loop)
        }.get()
    }

    /// A forwarder to one destination on loopback.
    convenience init(
        port: Int,
        concurrency: Int = 4,
        timeout: TimeAmount = .minutes(3),
        format: Destination.Format = .cloudevents,
        host: String = "127.0.0.1"
    ) async throws {
        var destination = Destination(name: "crm", host: host, port: port, target: "/events")
        destination.concurrency = concurrency
        destination.timeout = timeout
        destination.format = format
        try await self.init([destination])
    }

    func forward(_ event: Event = makeEvent(), to index: Int = 0) async throws -> AttemptOutcome {
        try await begin(event, to: index).get()
    }

    /// Begins so many attempts in one go.
    func forward(count: Int) -> [EventLoopFuture<AttemptOutcome>] {
        (1...count).map { number in
            begin(makeEvent(number), to: 0)
        }
    }

    private func begin(_ event: Event, to index: Int) -> EventLoopFuture<AttemptOutcome> {
        let promise = loop.makePromise(of: AttemptOutcome.self)
        loop.execute { self.forwarder.value.forward(event, to: index) { promise.succeed($0) } }
        return promise.futureResult
    }

    /// Begins to drain, before whatever is asked of this bench next.
    func beginDraining() -> EventLoopFuture<Void> {
        loop.flatSubmit { self.forwarder.value.drain() }
    }

    func drain() async throws {
        try await beginDraining().get()
    }
}
