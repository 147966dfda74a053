import NIOCore
import NIOEmbedded
import Testing
import Webhooks

@testable import Delivery

/// The pool over embedded channels and virtual time.
@Suite struct UpstreamPoolTests {
    private let noContent = "HTTP/1.1 204 No Content\r\n\r\n"

    @Test func `the connection used last is used next`() throws {
        let bench = EmbeddedBench(concurrency: 3)
        for number in 1...3 { _ = bench.forward(makeEvent(number)) }
        for index in [2, 0, 1] {
            #expect(try bench.requests(on: index).count == 1)
            try bench.receive(noContent, on: index)
        }
        _ = bench.forward()
        #expect(try bench.requests(on: 1).count == 1)
        _ = bench.forward()
        #expect(try bench.requests(on: 0).count == 1)
        #expect(bench.channels.count == 3)
    }

    @Test(arguments: [(16, 2, 8), (16, 3, 5), (1, 4, 1), (0, 1, 1), (4, 0, 4)])
    func `concurrency is shared among loops, and every loop has some`(
        _ concurrency: Int,
        _ loops: Int,
        _ expected: Int
    ) throws {
        let bench = EmbeddedBench(concurrency: concurrency, loops: loops)
        let attempts = (1...20).map { bench.forward(makeEvent($0)) }
        #expect(bench.channels.count == expected)
        for index in 0..<bench.channels.count { try bench.receive(noContent, on: index) }
        #expect(bench.channels.count == expected)
        #expect(attempts.filter { $0.outcome != nil }.count == expected)
    }

    @Test func `attempts wait in order`() throws {
        let bench = EmbeddedBench(concurrency: 1)
        let attempts = (1...4).map { bench.forward(makeEvent($0)) }
        for index in 0..<4 {
            let request = try bench.requests(on: 0)
            #expect(request.count == 1)
            #expect(request.first?.contains("webhook-id: \(makeEvent(index + 1).id)") == true)
            try bench.receive(noContent, on: 0)
            #expect(attempts.map { $0.outcome != nil } == (0..<4).map { $0 <= index })
        }
    }

    @Test func `past the bound of waiting attempts the next is overloaded at once`() throws {
        var limits = DeliveryLimits()
        limits.maxWaiting = 3
        let bench = EmbeddedBench(concurrency: 1, limits: limits)
        let attempts = (1...4).map { bench.forward(makeEvent($0)) }
        let more = bench.forward()
        #expect(more.outcome == .overloaded)
        #expect(attempts.allSatisfy { $0.outcome == nil })
        try bench.receive(noContent, on: 0)
        #expect(bench.forward().outcome == nil)
        #expect(bench.forward().outcome == .overloaded)
    }

    @Test func `a time-out says where the attempt stood`() throws {
        let bench = EmbeddedBench(concurrency: 1, timeout: .seconds(5))
        let answering = bench.forward()
        bench.loop.advanceTime(by: .seconds(1))
        let waiting = bench.forward()
        bench.loop.advanceTime(by: .nanoseconds(3_999_999_999))
        #expect(answering.outcome == nil)
        bench.connecting = .hang
        bench.loop.advanceTime(by: .nanoseconds(1))
        #expect(answering.outcome == .timedOut(phase: .answering))
        #expect(!bench.channels[0].isActive)
        bench.loop.advanceTime(by: .seconds(1))
        #expect(waiting.outcome == .timedOut(phase: .connecting))

        let busy = EmbeddedBench(concurrency: 1, timeout: .seconds(5))
        _ = busy.forward()
        let behind = busy.forward()
        busy.loop.advanceTime(by: .seconds(5))
        #expect(behind.outcome == .timedOut(phase: .waiting))
    }

    @Test func `each attempt on a kept connection has its own deadline`() throws {
        let bench = EmbeddedBench(concurrency: 1, timeout: .seconds(5))
        for _ in 0..<20 {
            let recorded = bench.forward()
            bench.loop.advanceTime(by: .seconds(3))
            try bench.receive(noContent, on: 0)
            #expect(recorded.outcome == .delivered(status: 204))
            bench.loop.advanceTime(by: .seconds(7))
        }
        let late = bench.forward()
        bench.loop.advanceTime(by: .seconds(5))
        #expect(late.outcome == .timedOut(phase: .answering))
        #expect(bench.channels.count == 1)
    }

    @Test func `dripping does not extend the time-out`() throws {
        let bench = EmbeddedBench(timeout: .seconds(5))
        let recorded = bench.forward()
        try bench.receive("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n", on: 0)
        for _ in 0..<4 {
            bench.loop.advanceTime(by: .seconds(1))
            try bench.receive("x", on: 0)
        }
        #expect(recorded.outcome == nil)
        bench.loop.advanceTime(by: .seconds(1))
        #expect(recorded.outcome == .timedOut(phase: .answering))
    }

    @Test func `idle connections close after a minute, used ones stay`() throws {
        let bench = EmbeddedBench(concurrency: 2)
        for number in 1...2 { _ = bench.forward(makeEvent(number)) }
        for index in 0..<2 { try bench.receive(noContent, on: index) }
        for _ in 0..<3 {
            bench.loop.advanceTime(by: .seconds(19))
            _ = bench.forward()
            try bench.receive(noContent, on: 1)
        }
        #expect(bench.channels.map(\.isActive) == [true, true])
        bench.loop.advanceTime(by: .seconds(3))
        #expect(bench.channels.map(\.isActive) == [false, true])
        bench.loop.advanceTime(by: .seconds(57))
        #expect(bench.channels.map(\.isActive) == [false, false])
    }

    @Test func `a request on a stale connection is made once more, on a new connection`() throws {
        let bench = EmbeddedBench(concurrency: 3)
        for number in 1...2 { _ = bench.forward(makeEvent(number)) }
        for index in 0..<2 { try bench.receive(noContent, on: index) }
        let recorded = bench.forward(makeEvent(7))
        bench.close(1)
        // Not on connection 0, which is idle but old.
        #expect(bench.channels.count == 3)
        #expect(try bench.requests(on: 0).count == 1)
        #expect(try bench.requests(on: 2).first?.contains("\(makeEvent(7).id)") == true)
        #expect(recorded.outcome == nil)
        bench.close(2)
        #expect(recorded.outcome == .unreachable("closed"))
        #expect(bench.channels.count == 3)
    }

    @Test func `a retry takes the place of the connection that was lost, before those who wait`() throws {
        let bench = EmbeddedBench(concurrency: 1)
        _ = bench.forward(makeEvent(1))
        try bench.receive(noContent, on: 0)
        let stale = bench.forward(makeEvent(2))
        let waiting = bench.forward(makeEvent(3))
        bench.close(0)
        try bench.receive(noContent, on: 1)
        #expect(stale.outcome == .delivered(status: 204))
        #expect(waiting.outcome == nil)
        try bench.receive(noContent, on: 1)
        #expect(waiting.outcome == .delivered(status: 204))
        #expect(bench.channels.count == 2)
    }

    @Test func `a retry keeps the deadline of its attempt`() throws {
        let bench = EmbeddedBench(concurrency: 1, timeout: .seconds(5))
        _ = bench.forward()
        try bench.receive(noContent, on: 0)
        let recorded = bench.forward()
        bench.loop.advanceTime(by: .seconds(3))
        bench.connecting = .hang
        bench.close(0)
        bench.loop.advanceTime(by: .seconds(2))
        #expect(recorded.outcome == .timedOut(phase: .connecting))
    }

    @Test func `a request on a new connection that closes is not repeated`() {
        let bench = EmbeddedBench()
        let recorded = bench.forward()
        bench.close(0)
        #expect(recorded.outcome == .unreachable("closed"))
        #expect(bench.channels.count == 1)
    }

    @Test func `a connection that cannot be made answers for one attempt, and the next is tried`() {
        let bench = EmbeddedBench(concurrency: 1)
        bench.connecting = .hang
        let attempts = (1...3).map { bench.forward(makeEvent($0)) }
        #expect(bench.hangingCount == 1)
        bench.settle(.fail(IOError(errnoCode: 111, reason: "connect")))
        #expect(attempts.map(\.outcome) == [.unreachable("refused"), nil, nil])
        bench.connecting = .fail(ChannelError.connectTimeout(.seconds(2)))
        bench.settle(.fail(ChannelError.connectTimeout(.seconds(2))))
        #expect(
            attempts.map(\.outcome).suffix(2) == [.unreachable("connect_timeout"), .unreachable("connect_timeout")]
        )
    }

    @Test func `a thousand attempts whose connections fail at once fail without piling up`() {
        let bench = EmbeddedBench(concurrency: 1)
        bench.connecting = .hang
        let attempts = (1...1000).map { bench.forward(makeEvent($0)) }
        bench.connecting = .fail(IOError(errnoCode: 24, reason: "socket"))
        bench.settle(.fail(IOError(errnoCode: 24, reason: "socket")))
        #expect(attempts.allSatisfy { $0.outcome == .unreachable("exhausted") })
    }

    @Test func `a late connection serves whoever comes next`() throws {
        let bench = EmbeddedBench(concurrency: 1, timeout: .seconds(1))
        bench.connecting = .hang
        let late = bench.forward(makeEvent(1))
        bench.loop.advanceTime(by: .seconds(1))
        #expect(late.outcome == .timedOut(phase: .connecting))
        let next = bench.forward(makeEvent(2))
        bench.settle(.succeed)
        #expect(bench.channels.count == 1)
        try bench.receive(noContent, on: 0)
        #expect(next.outcome == .delivered(status: 204))
    }

    @Test func `draining closes what is idle, lets the rest end, and takes nothing more`() throws {
        let bench = EmbeddedBench(concurrency: 2)
        let first = bench.forward(makeEvent(1))
        let second = bench.forward(makeEvent(2))
        let third = bench.forward(makeEvent(3))
        var isDrained = false
        bench.forwarder.drain().assumeIsolated().whenSuccess { isDrained = true }
        #expect(bench.forward().outcome == .unreachable("shutting_down"))
        try bench.receive(noContent, on: 0)
        #expect(first.outcome == .delivered(status: 204))
        try bench.receive(noContent, on: 0)
        #expect(third.outcome == .delivered(status: 204))
        #expect(!bench.channels[0].isActive && bench.channels[1].isActive)
        #expect(!isDrained)
        try bench.receive(noContent, on: 1)
        #expect(second.outcome == .delivered(status: 204))
        #expect(isDrained)
        #expect(bench.channels.allSatisfy { !$0.isActive })
    }

    @Test func `draining ends within the time-out, and at once where nothing is open`() throws {
        let bench = EmbeddedBench(timeout: .seconds(5))
        let recorded = bench.forward()
        var isDrained = false
        bench.forwarder.drain().assumeIsolated().whenSuccess { isDrained = true }
        bench.loop.advanceTime(by: .seconds(5))
        #expect(recorded.outcome == .timedOut(phase: .answering))
        #expect(isDrained)

        let idle = EmbeddedBench()
        _ = idle.forward()
        try idle.receive(noContent, on: 0)
        var isIdleDrained = false
        idle.forwarder.drain().assumeIsolated().whenSuccess { isIdleDrained = true }
        #expect(isIdleDrained)
        #expect(!idle.channels[0].isActive)
    }

    @Test func `a destination wants the types it names, or all`() {
        var picky = Destination(name: "a", host: "192.0.2.7", port: 1, target: "/")
        picky.wanted.types = ["call.ended"]
        var matching = picky
        matching.wanted.types = ["call.started", "call.ended"]
        let all = Destination(name: "b", host: "192.0.2.7", port: 1, target: "/")
        let bench = EmbeddedBench()
        let loop = bench.loop
        let limits = DeliveryLimits()
        let forwarder = Forwarder(destinations: [picky, matching, all], eventLoop: loop, loops: 1, limits: limits) {
            _ in
            { loop.makeFailedFuture(ChannelError.eof) }
        }
        #expect((0..<3).map { forwarder.wants(makeEvent(), $0) } == [false, true, true])
    }
}
