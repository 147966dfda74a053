import Journal
import Logging
import NIOCore
import NIOEmbedded
import Synchronization
import Webhooks

@testable import Delivery

/// A dispatcher in virtual time over an `InMemoryJournal`, whose attempts are ended by the test.
///
/// Used from one thread.
final class DispatcherBench {
    /// Records attempts; ends them when told to, or at once by a rule.
    final class Transport: AttemptTransport {
        fileprivate(set) var underWay: [LeasedAttempt] = []
        /// All attempts so far: the number of the event, the number of the attempt, and when.
        fileprivate(set) var log: [(event: UInt64, attempt: Int, time: Timestamp)] = []
        /// Ends attempts within `submit`; nil from it leaves them under way.
        var rule: ((LeasedAttempt) -> AttemptOutcome?)?
        fileprivate(set) var mostUnderWay = 0
        private let loop: any EventLoop

        init(_ loop: any EventLoop) {
            self.loop = loop
        }

        func submit(_ attempt: Attempt) {
            guard let attempt = attempt as? LeasedAttempt else { return }
            log.append((attempt.eventNumber, attempt.number, attempt.begin))
            underWay.append(attempt)
            mostUnderWay = max(mostUnderWay, underWay.count)
            if let outcome = rule?(attempt) { end(attempt, outcome) }
        }

        func end(_ attempt: LeasedAttempt, _ outcome: AttemptOutcome) {
            underWay.removeAll { $0 === attempt }
            attempt.finish(outcome)
        }

        func drain() -> EventLoopFuture<Void> { loop.makeSucceededVoidFuture() }
    }

    static let origin = Timestamp(milliseconds: 1_700_000_000_000)

    let loop: EmbeddedEventLoop
    private(set) var journal: InMemoryJournal
    private(set) var transport: Transport
    private(set) var dispatcher: Dispatcher
    let destination: Destination
    private let bounds: EntryLine.Bounds
    /// What the clock on the wall is ahead of the steady one, in milliseconds.
    let skew: SharedSkew
    private var appended = 0

    /// Shared with the clock's closure.
    final class SharedSkew: Sendable {
        let milliseconds = Mutex<Int64>(0)
    }

    init(
        bounds: EntryLine.Bounds = EntryLine.Bounds(),
        journal: InMemoryJournal = InMemoryJournal(destinations: 1),
        loop: EmbeddedEventLoop = EmbeddedEventLoop(),
        skew: SharedSkew = SharedSkew(),
        seed: UInt64 = 1,
        _ configure: (inout Destination) -> Void = { _ in }
    ) {
        var destination = Destination(name: "crm", host: "192.0.2.7", port: 8080, target: "/")
        destination.concurrency = 4
        configure(&destination)
        self.destination = destination
        self.bounds = bounds
        self.journal = journal
        self.loop = loop
        self.skew = skew
        transport = Transport(loop)
        dispatcher = DispatcherBench.make(destination, bounds, journal, loop, transport, skew, seed)
        _ = dispatcher.start()
        loop.run()
    }

    private static func make(
        _ destination: Destination,
        _ bounds: EntryLine.Bounds,
        _ journal: InMemoryJournal,
        _ loop: EmbeddedEventLoop,
        _ transport: Transport,
        _ skew: SharedSkew,
        _ seed: UInt64
    ) -> Dispatcher {
        let clock = SteadyClock(origin: origin, start: .uptimeNanoseconds(0)) {
            let passed = Int64(loop.now.uptimeNanoseconds / 1_000_000)
            return Timestamp(milliseconds: origin.milliseconds + passed + skew.milliseconds.withLock { $0 })
        }
        return Dispatcher(
            destination,
            place: 0,
            journal: journal,
            eventLoop: loop,
            clock: clock,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
            transport: transport,
            lane: DeliveryLane(destination, bounds: bounds, seed: seed)
        )
    }

    /// Stops this process as a crash does, and starts another one on what is left.
    func restart(losingSettlements: Bool, seed: UInt64 = 2) {
        journal = journal.restarted(losingSettlements: losingSettlements)
        transport = Transport(loop)
        dispatcher = DispatcherBench.make(destination, bounds, journal, loop, transport, skew, seed)
        _ = dispatcher.start()
        loop.run()
    }

    /// Now, by the steady clock.
    var now: Timestamp {
        Timestamp(
            milliseconds: DispatcherBench.origin.milliseconds + Int64(loop.now.uptimeNanoseconds / 1_000_000)
        )
    }

    /// Accepts events of these subjects, in one commit; they are numbered from 1.
    func append(_ subjects: String..., type: String = "call.started") {
        append(subjects, type: type)
    }

    /// Accepts events of these subjects, in one commit; they are numbered from 1.
    func append(_ subjects: [String], type: String = "call.started") {
        let time = Timestamp(milliseconds: now.milliseconds + skew.milliseconds.withLock { $0 })
        let entries = subjects.map { subject in
            appended += 1
            return NewEntry(
                event: makeEvent(appended, subject: subject, type: type, time: time),
                route: "/hooks",
                destinations: DestinationSet([0])
            )
        }
        journal.append(entries, promise: loop.makePromise())
        loop.run()
    }

    /// Sets the clock on the wall ahead by so many milliseconds.
    func jump(_ milliseconds: Int64) {
        skew.milliseconds.withLock { $0 = milliseconds }
    }

    /// An operator sends an ended event again.
    func replay(_ event: Int) {
        journal.replay(JournalPosition(Int64(event)), at: 0)
        loop.run()
    }

    /// Lets time pass.
    func advance(_ amount: TimeAmount) {
        loop.advanceTime(by: amount)
        loop.run()
    }

    /// Ends the attempt for an event that is under way.
    func end(_ event: UInt64, _ outcome: AttemptOutcome = .delivered(status: 200)) {
        guard let attempt = transport.underWay.first(where: { $0.eventNumber == event }) else { return }
        transport.end(attempt, outcome)
        loop.run()
    }

    /// The numbers of the events under way.
    var underWay: [UInt64] { transport.underWay.map(\.eventNumber) }

    /// What has become of an event, as the journal has it.
    func outcome(_ event: Int) -> Settlement.Outcome? {
        journal.outcomes(0)[JournalPosition(Int64(event))]
    }
}

extension LeasedAttempt {
    /// The number that `makeEvent` was given.
    var eventNumber: UInt64 { event.id.low & 0x3FFF_FFFF_FFFF_FFFF }
}
