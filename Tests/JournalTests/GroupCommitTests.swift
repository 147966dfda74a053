import Dispatch
import GRDB
import JournalTesting
import NIOCore
import NIOPosix
import Synchronization
import Testing
import Webhooks

@testable import Journal

@Suite("Commits are shared")
struct GroupCommitTests {
    @Test("64 callers on two loops share commits, and each loop is woken once for each")
    func crowd() async throws {
        let files = try TemporaryJournal()
        let journal = try await files.open().journal
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 2)
        let loops = group.makeIterator().map(CountingEventLoop.init)
        let boxes = [NewsBox(), NewsBox()]
        for place in 0...1 {
            _ = try await journal.attach(place, on: loops[place]) { news in
                loops[place].preconditionInEventLoop()
                boxes[place].put(news)
            }.get()
        }
        let before = loops.map(\.executions)
        let callers = (0..<64).map { ClosedLoop(journal, loops[$0 % 2], number: $0, rounds: 40) }
        for caller in callers { caller.eventLoop.execute { caller.next() } }
        for caller in callers { try await caller.done.futureResult.get() }
        for box in boxes { #expect(await box.wait(for: 64 * 40).count == 64 * 40) }

        let statistics = try #require(journal as? SQLiteJournal).statistics
        #expect(statistics.events == 64 * 40)
        #expect(statistics.events / statistics.commitsWithEvents >= 20, "\(statistics)")
        for place in 0...1 {
            #expect(boxes[place].calls <= statistics.commitsWithEvents)
            // Beside the commits, a loop was woken by its 32 callers that began, and by this test waiting for each.
            #expect(loops[place].executions - before[place] <= statistics.commitsWithEvents + 64)
        }
        try await journal.close(on: loops[0]).get()
        #expect(try files.problems() == [])
        try await group.shutdownGracefully()
    }

    @Test("a caller alone gets a commit for every append")
    func alone() async throws {
        let files = try TemporaryJournal()
        let harness = try await files.open()
        for number in 0..<50 { try await harness.append([JournalHarness.entry(number)]) }
        let statistics = try #require(harness.journal as? SQLiteJournal).statistics
        #expect(statistics.commitsWithEvents == 50)
        try await harness.close()
    }

    @Test("appends beyond the bounds are refused, the others become durable", arguments: [true, false])
    func bounds(byCount: Bool) async throws {
        let files = try TemporaryJournal()
        var limits = JournalLimits()
        limits.waitingAppends = byCount ? 16 : 1000
        limits.waitingBytes = byCount ? 1 << 20 : 16 * 1256
        let harness = try await files.open(limits: limits)
        // While another process writes, no commit ends.
        let other = try files.otherProcess()
        let data = ByteBuffer(repeating: 32, count: 1000)
        let futures = try await other.writeWithoutTransaction { database in
            try database.execute(sql: "BEGIN IMMEDIATE")
            let futures = (0..<48).map { number in
                let promise = harness.eventLoop.makePromise(of: Void.self)
                harness.journal.append([JournalHarness.entry(number, data: data)], promise: promise)
                return promise.futureResult
            }
            try database.execute(sql: "ROLLBACK")
            return futures
        }
        var accepted = 0
        var refused = 0
        for future in futures {
            do {
                try await future.get()
                accepted += 1
            } catch {
                #expect(error as? JournalError == .overloaded)
                refused += 1
            }
        }
        // At most one batch is under way while another waits.
        #expect(accepted >= 16 && accepted <= 32)
        #expect(refused == 48 - accepted)
        #expect(try await harness.read(0).count == accepted)
        try await harness.close()
    }
}

/// Appends again as soon as the last append is durable.
private final class ClosedLoop: Sendable {
    let eventLoop: CountingEventLoop
    let done: EventLoopPromise<Void>
    private let journal: any EventJournal
    private let number: Int
    private let left: Mutex<Int>

    init(_ journal: any EventJournal, _ eventLoop: CountingEventLoop, number: Int, rounds: Int) {
        self.journal = journal
        self.eventLoop = eventLoop
        self.number = number
        left = Mutex(rounds)
        done = eventLoop.makePromise()
    }

    func next() {
        let round = left.withLock { left in
            left -= 1
            return left
        }
        guard round >= 0 else { return done.succeed() }
        let promise = eventLoop.makePromise(of: Void.self)
        journal.append([JournalHarness.entry(number * 1000 + round, to: [0, 1])], promise: promise)
        promise.futureResult.whenComplete { result in
            self.eventLoop.preconditionInEventLoop()
            switch result {
            case .success: self.next()
            case .failure(let error): self.done.fail(error)
            }
        }
    }
}

/// An event loop that counts how often it is given something to do.
private final class CountingEventLoop: EventLoop {
    private let loop: any EventLoop
    private let count = Atomic(0)

    init(_ loop: any EventLoop) {
        self.loop = loop
    }

    var executions: Int { count.load(ordering: .relaxed) }
    var inEventLoop: Bool { loop.inEventLoop }

    func execute(_ task: @escaping @Sendable () -> Void) {
        count.add(1, ordering: .relaxed)
        loop.execute(task)
    }

    func scheduleTask<T>(deadline: NIODeadline, _ task: @escaping @Sendable () throws -> T) -> Scheduled<T> {
        loop.scheduleTask(deadline: deadline, task)
    }

    func scheduleTask<T>(in amount: TimeAmount, _ task: @escaping @Sendable () throws -> T) -> Scheduled<T> {
        loop.scheduleTask(in: amount, task)
    }

    func shutdownGracefully(queue: DispatchQueue, _ callback: @escaping @Sendable ((any Error)?) -> Void) {
        loop.shutdownGracefully(queue: queue, callback)
    }
}
