// What a dispatcher costs per event beside the HTTP exchange: news in, settlements out, over a pool that does nothing.
//
//     HOOKGATE_BENCHMARKS=1 swift run -c release DeliveryBenchmark [events]

import Glibc
import Journal
import Logging
import NIOCore
import NIOPosix
import Webhooks

@testable import Delivery

/// Ends each attempt in the next turn of the loop, as a response would, a turn's worth at once.
final class IdlePool: AttemptTransport {
    private let eventLoop: any EventLoop
    private var underWay: [Attempt] = []

    init(_ eventLoop: any EventLoop) {
        self.eventLoop = eventLoop
    }

    func submit(_ attempt: Attempt) {
        if underWay.isEmpty { eventLoop.assumeIsolated().execute { self.answer() } }
        underWay.append(attempt)
    }

    private func answer() {
        let answered = underWay
        underWay.removeAll(keepingCapacity: true)
        for attempt in answered { attempt.finish(.delivered(status: 200)) }
    }

    func drain() -> EventLoopFuture<Void> { eventLoop.makeSucceededVoidFuture() }
}

/// Hands out fresh entries, a batch whenever the last one was settled.
final class EndlessJournal: EventJournal, @unchecked Sendable {
    // Everything but the start happens on the one loop.
    private let templates: [Event]
    private let batch: Int
    private let events: Int
    private let done: EventLoopPromise<Void>
    private var receive: (@Sendable (JournalNews) -> Void)?
    private var position: Int64 = 0
    private var settled = 0
    private let eventLoop: any EventLoop

    init(_ templates: [Event], batch: Int, events: Int, on eventLoop: any EventLoop) {
        self.templates = templates
        self.batch = batch
        self.events = events
        self.eventLoop = eventLoop
        done = eventLoop.makePromise()
    }

    var finished: EventLoopFuture<Void> { done.futureResult }

    func makeBatch() -> [JournalEntry] {
        var entries: [JournalEntry] = []
        entries.reserveCapacity(batch)
        for _ in 0..<batch {
            position += 1
            let event = templates[Int(position) % templates.count]
            entries.append(JournalEntry(position: JournalPosition(position), event: event, route: "/hooks/sipgate"))
        }
        return entries
    }

    func attach(
        _ destination: Int,
        on eventLoop: any EventLoop,
        receive: @escaping @Sendable (JournalNews) -> Void
    ) -> EventLoopFuture<JournalStanding> {
        self.receive = receive
        eventLoop.execute { self.hand() }
        return eventLoop.makeSucceededFuture(
            JournalStanding(cursor: .start, last: .start, deferred: [:], nextDue: nil)
        )
    }

    private func hand() {
        receive?(.committed(makeBatch()))
    }

    func settle(_ settlements: [Settlement]) {
        settled += settlements.count
        if settled >= events {
            done.succeed()
        } else if settled == position {
            eventLoop.execute { self.hand() }
        }
    }

    func append(_ entries: [NewEntry], promise: EventLoopPromise<Void>) { promise.succeed() }

    func read(
        _ destination: Int,
        after position: JournalPosition,
        limit: Int,
        on eventLoop: any EventLoop
    ) -> EventLoopFuture<[Lease]> { eventLoop.makeSucceededFuture([]) }

    func lease(
        _ destination: Int,
        dueBy now: Timestamp,
        expiry: Timestamp,
        limit: Int,
        on eventLoop: any EventLoop
    ) -> EventLoopFuture<LeaseBatch> { eventLoop.makeSucceededFuture(LeaseBatch(leases: [], nextDue: nil)) }

    var condition: JournalCondition { .writable }

    func close(on eventLoop: any EventLoop) -> EventLoopFuture<Void> { eventLoop.makeSucceededVoidFuture() }
}

func processorSeconds() -> Double {
    var usage = rusage()
    getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
    return Double(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec)
        + Double(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1_000_000
}

let events = CommandLine.arguments.dropFirst().first.flatMap { Int($0) } ?? 1_000_000
let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
let loop = group.next()
let templates = (0..<1000).map { number in
    Event(
        id: EventID(time: Timestamp.now(), random: (0, UInt64(number))),
        source: "https://hooks.example.net/hooks/sipgate",
        time: Timestamp.now(),
        draft: EventDraft(
            type: EventType(namespace: "io.sipgate", name: "call.started"),
            subject: "call-\(number)-0123456789abcdef",
            data: ByteBuffer(repeating: 0x20, count: 400),
            direction: "in"
        )
    )
}

for batch in [1, 5, 30] {
    let journal = EndlessJournal(templates, batch: batch, events: events, on: loop)
    var begin = processorSeconds()
    for _ in 0..<events / batch { _ = journal.makeBatch() }
    let making = processorSeconds() - begin

    let source = EndlessJournal(templates, batch: batch, events: events, on: loop)
    begin = processorSeconds()
    try await loop.flatSubmit {
        let destination = Destination(name: "crm", host: "192.0.2.7", port: 80, target: "/")
        let dispatcher = Dispatcher(
            destination,
            place: 0,
            journal: source,
            eventLoop: loop,
            clock: SteadyClock(),
            logger: Logger(label: "benchmark") { _ in SwiftLogNoOpLogHandler() },
            transport: IdlePool(loop),
            lane: DeliveryLane(destination, seed: 1)
        )
        return dispatcher.start()
    }.get()
    try await source.finished.get()
    let whole = processorSeconds() - begin
    let each = (whole - making) / Double(events) * 1_000_000
    print("\(batch) events a commit: \(Double(Int(each * 1000)) / 1000) us of CPU an event")
}
try await group.shutdownGracefully()
