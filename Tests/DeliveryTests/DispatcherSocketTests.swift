import HookgateTesting
import Journal
import Logging
import NIOCore
import NIOPosix
import Synchronization
import Testing
import Webhooks

@testable import Delivery

/// Dispatchers on real event loops and sockets, over an `InMemoryJournal`.
@Suite(.timeLimit(.minutes(4))) struct DispatcherSocketTests {
    private let group = MultiThreadedEventLoopGroup.singleton

    /// Accepts events for destinations, and starts dispatchers.
    private struct Gateway {
        let journal: InMemoryJournal
        let dispatchers: Dispatchers
        let lines: LogLines
        private let loop: any EventLoop

        init(_ destinations: [Destination], journal: InMemoryJournal? = nil) async throws {
            let group = MultiThreadedEventLoopGroup.singleton
            loop = group.next()
            self.journal = journal ?? InMemoryJournal(destinations: destinations.count)
            let lines = LogLines()
            self.lines = lines
            dispatchers = try await Dispatchers.start(
                destinations,
                journal: self.journal,
                on: group,
                logger: Logger(label: "test") { _ in lines.handler }
            )
        }

        /// Accepts events, each of a subject of its own unless it is given, for all destinations.
        func accept(_ numbers: ClosedRange<Int>, destinations: Int = 1, subject: String? = nil) async throws {
            for number in numbers {
                let promise = loop.makePromise(of: Void.self)
                let entry = NewEntry(
                    event: makeEvent(number, subject: subject ?? "leg-\(number)", time: Timestamp.now()),
                    route: "/hooks",
                    destinations: DestinationSet(0..<destinations)
                )
                journal.append([entry], promise: promise)
                try await promise.futureResult.get()
            }
        }

        func drain(within bound: TimeAmount = .seconds(30)) async throws {
            try await dispatchers.drain(within: bound, on: loop).get()
        }

        func statuses() async throws -> [DispatcherStatus] {
            try await dispatchers.statuses(on: loop).get()
        }
    }

    private func destination(_ port: Int, _ name: String = "crm") -> Destination {
        var destination = Destination(name: name, host: "127.0.0.1", port: port, target: "/events")
        destination.retry.firstDelay = .milliseconds(20)
        // A busy machine is no slow backend.
        destination.timeout = .seconds(60)
        return destination
    }

    private func id(_ number: Int) -> String { makeEvent(number).id.description }

    @Test func `what is accepted arrives once, and is settled with its attempt`() async throws {
        let backend = try await RecordingBackend.start(on: group)
        let gateway = try await Gateway([destination(backend.port)])
        try await gateway.accept(1...200)
        try await backend.wait { $0.requests >= 200 }
        try await gateway.drain()
        #expect(Set(backend.requests.compactMap { $0.header("webhook-id") }).count == 200)
        let outcomes = gateway.journal.outcomes(0)
        #expect(outcomes.count == 200 && outcomes.values.allSatisfy { $0 == .delivered })
        #expect(backend.counts.mostOpen <= 16)
        let stamps = backend.requests.compactMap { $0.header("webhook-timestamp").flatMap { Int64($0) } }
        #expect(stamps.count == 200 && stamps.allSatisfy { abs($0 - Timestamp.now().milliseconds / 1000) < 3600 })
        try await backend.stop()
    }

    @Test func `every kind of failure is tried again under the same id, until the destination takes it`() async throws {
        let tries = Mutex<[String: Int]>([:])
        let failures: [[RecordingBackend.Action]] = [
            [.send("HTTP/1.1 503 Busy\r\nretry-after: 0\r\ncontent-length: 0\r\n\r\n")],
            [.close],
            [.send("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf"), .close],
            [.send("nonsense\r\n\r\n"), .close],
            [],
        ]
        let backend = try await RecordingBackend.start(on: group) { request in
            let id = request.header("webhook-id") ?? ""
            let attempt = tries.withLock { tries in
                tries[id, default: 0] += 1
                return tries[id, default: 0]
            }
            return attempt <= failures.count ? failures[attempt - 1] : RecordingBackend.ok
        }
        var crm = destination(backend.port)
        crm.timeout = .milliseconds(300)
        crm.breaker.failures = .max
        let gateway = try await Gateway([crm])
        try await gateway.accept(1...3)
        try await gateway.accept(4...5, subject: "leg-1")
        // A connection that is closed without an answer may count as stale, and the request is sent again at once: so
        // the number of requests varies, but not what arrives.
        try await backend.wait { _ in
            tries.withLock { $0.count == 5 && $0.values.allSatisfy { $0 > failures.count } }
        }
        try await gateway.drain()
        #expect(gateway.journal.outcomes(0).values.filter { $0 == .delivered }.count == 5)
        #expect(gateway.lines.count(.warning, "destination did not take the event") >= 20)
        try await backend.stop()
    }

    @Test func `a dead destination does not delay another`() async throws {
        let dead = try await RecordingBackend.start(on: group)
        let port = dead.port
        try await dead.stop()
        let hanging = try await RecordingBackend.start(on: group) { _ in [] }
        let healthy = try await RecordingBackend.start(on: group)
        let gateway = try await Gateway([
            destination(port, "dead"), destination(hanging.port, "hanging"), destination(healthy.port, "healthy"),
        ])
        // One call: order would hold everything up, if destinations had it in common.
        try await gateway.accept(1...300, destinations: 3, subject: "leg")
        try await healthy.wait { $0.requests >= 300 }
        #expect(healthy.requests.map { $0.header("webhook-id") } == (1...300).map { id($0) })
        let statuses = try await gateway.statuses()
        #expect(statuses.map(\.destination) == ["dead", "hanging", "healthy"])
        #expect(statuses[2].breaker == .closed && statuses[2].lastSuccess != nil)
        #expect(statuses[0].delivered == 0 && statuses[1].delivered == 0)
        try await gateway.drain(within: .milliseconds(50))
        try await healthy.stop()
        try await hanging.stop()
    }

    @Test func `draining lets attempts under way end, begins no others, and leaves the rest in the journal`()
        async throws
    {
        let gate = group.next().makePromise(of: Void.self)
        let opened = gate.futureResult
        let backend = try await RecordingBackend.start(on: group) { _ in [.wait(opened)] + RecordingBackend.ok }
        var crm = destination(backend.port)
        crm.concurrency = 3
        let gateway = try await Gateway([crm])
        try await gateway.accept(1...10)
        try await backend.wait { $0.requests >= 3 }
        let drained = gateway.dispatchers.drain(within: .seconds(30), on: group.next())
        // Behind it on the dispatcher's loop: draining has begun when this is answered.
        _ = try await gateway.dispatchers.statuses(on: group.next()).get()
        gate.succeed()
        try await drained.get()
        #expect(backend.counts.requests == 3)
        #expect(gateway.journal.outcomes(0).values.filter { $0 == .delivered }.count == 3)

        // The next process delivers what is left.
        let next = try await Gateway([crm], journal: gateway.journal.restarted(losingSettlements: false))
        try await backend.wait { $0.requests >= 10 }
        try await next.drain()
        #expect(next.journal.outcomes(0).count == 10)
        #expect(Set(backend.requests.compactMap { $0.header("webhook-id") }).count == 10)
        try await backend.stop()
    }

    @Test func `draining ends at its bound although a backend hangs`() async throws {
        let backend = try await RecordingBackend.start(on: group) { _ in [] }
        let gateway = try await Gateway([destination(backend.port)])
        try await gateway.accept(1...1)
        try await backend.wait { $0.requests >= 1 }
        try await gateway.drain(within: .milliseconds(50))
        // Not settled: the next process tries again.
        #expect(gateway.journal.outcomes(0).isEmpty)
        try await backend.stop()
    }

    @Test
    func
        `a refused event is a dead letter in the log as in the journal, and an attempt that went well is a debug line`()
        async throws
    {
        let bad = id(1)
        let backend = try await RecordingBackend.start(on: group) { request in
            request.header("webhook-id") == bad
                ? [.send("HTTP/1.1 410 Gone\r\ncontent-length: 0\r\n\r\n")] : RecordingBackend.ok
        }
        let gateway = try await Gateway([destination(backend.port)])
        try await gateway.accept(1...2)
        try await backend.wait { $0.requests >= 2 }
        try await gateway.drain()
        #expect(gateway.journal.outcomes(0)[JournalPosition(1)] == .dead(reason: "refused"))
        #expect(gateway.lines.count(.error, "event is a dead letter") == 1)
        #expect(gateway.lines.count(.debug, "event delivered") == 1)
        let line = try #require(gateway.lines.all.first { $0.level == .error })
        #expect(line.metadata["event"] == bad && line.metadata["destination"] == "crm")
        #expect(line.metadata["attempt"] == "1" && line.metadata["outcome"] == "refused 410")
        try await backend.stop()
    }

    @Test func `the breaker says in the log that it opened, tries, and closed`() async throws {
        let isUp = Mutex(false)
        let backend = try await RecordingBackend.start(on: group) { _ in
            isUp.withLock { $0 }
                ? RecordingBackend.ok : [.send("HTTP/1.1 500 Error\r\ncontent-length: 0\r\n\r\n")]
        }
        var crm = destination(backend.port)
        crm.breaker.openFor = .milliseconds(20)
        crm.breaker.maxOpen = .milliseconds(20)
        let gateway = try await Gateway([crm])
        try await gateway.accept(1...20)
        try await backend.wait { $0.requests > 8 }
        isUp.withLock { $0 = true }
        let requests = backend.counts.requests
        try await backend.wait { $0.requests >= requests + 20 }
        try await gateway.drain()
        #expect(gateway.journal.outcomes(0).values.filter { $0 == .delivered }.count == 20)
        #expect(gateway.lines.count(.warning, "destination is left alone for a while") >= 1)
        #expect(gateway.lines.count(.notice, "destination is tried again") >= 1)
        #expect(gateway.lines.count(.notice, "destination is back") == 1)
        try await backend.stop()
    }
}
