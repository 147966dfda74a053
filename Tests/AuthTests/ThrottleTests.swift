import Dispatch
import NIOCore
import OpenSSL
import Testing
import Webhooks

@testable import Auth

@Suite struct ThrottleTests {
    private let alice = UserAccount(name: "alice", passwords: [FakeHash.bcrypt("secret")])

    @Test func `after ten wrong passwords a network waits for the end of the minute, uncomputed`() async throws {
        let bench = try AuthBench([alice])
        for index in 0..<10 {
            let outcome = try await bench.judge(basic("alice", "\(index)"), at: Int64(index))
            #expect(outcome == .challenge(.credentialsWrong))
        }
        for index in 10..<60 {
            let outcome = try await bench.judge(basic("alice", "\(index)"), at: Int64(index))
            #expect(outcome == .throttled(.seconds(60 - Int64(index))))
        }
        #expect(try await bench.judge(basic("alice", "secret"), at: 30) == .throttled(.seconds(30)))
        #expect(bench.computations.count == 10)
        #expect(try await bench.judge(basic("alice", "secret"), from: "192.0.2.2", at: 30) == .admit("alice"))
        #expect(try await bench.judge(basic("alice", "wrong"), at: 60) == .challenge(.credentialsWrong))
    }

    @Test func `a sender whose credentials are known is admitted from a throttled address`() async throws {
        let bench = try AuthBench([alice])
        #expect(try await bench.judge(basic("alice", "secret")) == .admit("alice"))
        for index in 0..<11 { _ = try await bench.judge(basic("alice", "\(index)"), at: 1) }
        #expect(try await bench.judge(basic("alice", "12"), at: 2) == .throttled(.seconds(59)))
        #expect(try await bench.judge(basic("alice", "secret"), at: 2) == .admit("alice"))
    }

    @Test func `wrong plain passwords are throttled too`() async throws {
        let bench = try AuthBench([UserAccount(name: "alice", passwords: [.plain(Secret("plain"))])], limit: 3)
        for _ in 0..<3 { #expect(try await bench.judge(basic("alice", "x")) == .challenge(.credentialsWrong)) }
        #expect(try await bench.judge(basic("alice", "x")) == .throttled(.seconds(60)))
        // The right one now learns nothing either, but another network is not concerned.
        #expect(try await bench.judge(basic("alice", "plain")) == .throttled(.seconds(60)))
        #expect(try await bench.judge(basic("alice", "plain"), from: "192.0.2.2") == .admit("alice"))
        #expect(try await bench.judge(basic("alice", "plain"), at: 60) == .admit("alice"))
    }

    @Test func `a guess from a throttled network never learns that it hit what others use`() async throws {
        let bench = try AuthBench([alice], limit: 3)
        #expect(try await bench.judge(basic("alice", "secret"), from: "192.0.2.2") == .admit("alice"))
        for index in 0..<3 { _ = try await bench.judge(basic("alice", "\(index)")) }
        #expect(try await bench.judge(basic("alice", "secret")) == .throttled(.seconds(60)))
        #expect(try await bench.judge(basic("alice", "secret"), from: "192.0.2.2") == .admit("alice"))
    }

    @Test func `what is remembered of admissions is bounded, the oldest goes first`() throws {
        var admissions = Admissions(capacity: 3)
        var mac = try MAC(key: [1])
        let code = mac.code(of: [])
        for network in UInt64(1)...5 { admissions.insert(Admission(code: code, network: network)) }
        let known = (UInt64(1)...5).filter { admissions.contains(Admission(code: code, network: $0)) }
        #expect(known == [3, 4, 5])
    }

    @Test func `checks under way count, so that guesses cannot all be made at once`() async throws {
        let gate = DispatchSemaphore(value: 0)
        let bench = try AuthBench([alice], limit: 4, whileComputing: { gate.wait() })
        var waiting: [Verdict] = []
        for index in 0..<4 { waiting.append(try await bench.ask(basic("alice", "\(index)"))) }
        #expect(waiting.allSatisfy { $0.isPending })
        #expect(try await bench.ask(basic("alice", "5")).outcome() == .throttled(.seconds(60)))
        for _ in waiting { gate.signal() }
        for verdict in waiting { #expect(try await verdict.outcome() == .challenge(.credentialsWrong)) }
        #expect(bench.computations.count == 4)
    }

    @Test func `the table holds its capacity, and forgets the oldest window first`() {
        let throttle = FailureThrottle(limit: 1, capacity: 100)
        let start = NIODeadline.uptimeNanoseconds(1_000_000_000)
        for network in UInt64(1)...150 {
            let now = start + .milliseconds(Int64(network))
            #expect(throttle.begin(network, now: now) == nil)
            throttle.finish(network, failed: true, now: now)
            #expect(throttle.count == min(Int(network), 100))
        }
        let now = start + .seconds(1)
        #expect(throttle.begin(150, now: now) != nil)
        #expect(throttle.begin(51, now: now) != nil)
        #expect(throttle.begin(50, now: now) == nil)
    }

    @Test func `networks that come and go leave nothing behind`() {
        let throttle = FailureThrottle(limit: 2, capacity: 10)
        let now = NIODeadline.uptimeNanoseconds(1_000_000_000)
        for round in 0..<1000 {
            let network = UInt64(round % 7)
            #expect(throttle.begin(network, now: now) == nil)
            throttle.finish(network, failed: false, now: now)
        }
        #expect(throttle.count == 0)
    }

    @Test func `neighbours in one IPv6 network share their window, other networks do not`() async throws {
        let bench = try AuthBench([alice], limit: 2)
        for address in ["2001:db8::1", "2001:db8::2"] {
            #expect(try await bench.judge(basic("alice", address), from: address) == .challenge(.credentialsWrong))
        }
        let neighbour = try await bench.judge(basic("alice", "x"), from: "2001:db8::ffff")
        #expect(neighbour == .throttled(.seconds(60)))
        let stranger = try await bench.judge(basic("alice", "x"), from: "2001:db8:0:1::1")
        #expect(stranger == .challenge(.credentialsWrong))
    }
}
