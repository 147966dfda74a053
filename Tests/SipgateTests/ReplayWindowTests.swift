import HookgateTesting
import NIOCore
import OpenSSL
import Testing
import Webhooks

@testable import Sipgate

@Suite("Replay window")
struct ReplayWindowTests {
    private func key(_ body: String, gather: Int? = nil) throws -> ReplayWindow.Key {
        let push = try PushDecoder.decode(try FormDecoder.decode(ByteBuffer(string: body)))
        return ReplayWindow.Key(push, body: try SHA256.digest(of: Array(body.utf8)), gather: gather)
    }

    private func hangup(_ leg: Int) throws -> ReplayWindow.Key {
        try key("event=hangup&callId=\(leg)")
    }

    private func time(_ milliseconds: Int64) -> Timestamp {
        Timestamp(milliseconds: 1_795_415_105_123 + milliseconds)
    }

    @Test("the same push is a duplicate for as long as the window is open, from its first appearance")
    func duplicates() throws {
        var window = ReplayWindow(capacity: 10, milliseconds: 1000)
        #expect(window.admit(try hangup(1), at: time(0)) == .fresh)
        #expect(window.admit(try hangup(2), at: time(500)) == .fresh)
        #expect(window.admit(try hangup(1), at: time(999)) == .duplicate(since: time(0)))
        #expect(window.admit(try hangup(1), at: time(1000)) == .fresh)
        #expect(window.admit(try hangup(1), at: time(1001)) == .duplicate(since: time(1000)))
        #expect(window.count == 2)
        #expect(window.admit(try hangup(3), at: time(2000)) == .fresh)
        #expect(window.count == 1)
    }

    @Test("event, leg and body count, each by itself")
    func keys() throws {
        var window = ReplayWindow(capacity: 10, milliseconds: 1000)
        let bodies = [
            "event=hangup&callId=1", "event=answer&callId=1", "event=hangup&callId=2",
            "event=hangup&callId=1&cause=busy",
        ]
        for body in bodies { #expect(window.admit(try key(body), at: time(0)) == .fresh) }
        for body in bodies { #expect(window.admit(try key(body), at: time(1)) == .duplicate(since: time(0))) }
    }

    @Test("the same key pressed in two menus is pressed twice")
    func keyPresses() throws {
        var window = ReplayWindow(capacity: 10, milliseconds: 1000)
        let body = "event=dtmf&callId=1&dtmf=1"
        for _ in 0..<3 { #expect(window.admit(try key(body), at: time(0)) == .fresh) }
        #expect(window.count == 0)
        #expect(window.admit(try key(body, gather: 0), at: time(0)) == .fresh)
        #expect(window.admit(try key(body, gather: 1), at: time(1)) == .fresh)
        #expect(window.admit(try key(body, gather: 1), at: time(2)) == .duplicate(since: time(1)))
    }

    @Test("what could not be kept may come again")
    func withdrawal() throws {
        var window = ReplayWindow(capacity: 2, milliseconds: 1000)
        #expect(window.admit(try hangup(1), at: time(0)) == .fresh)
        window.withdraw(try hangup(1))
        window.withdraw(try hangup(1))
        #expect(window.count == 0)
        #expect(window.admit(try hangup(1), at: time(1)) == .fresh)
        #expect(window.admit(try hangup(1), at: time(2)) == .duplicate(since: time(1)))
        for round in 0..<1000 {
            #expect(window.admit(try hangup(2), at: time(3)) == .fresh, "round \(round)")
            window.withdraw(try hangup(2))
        }
        #expect(window.count == 1)
        #expect(window.crowdedOut == 0)
    }

    @Test("at the bound the oldest is forgotten and counted")
    func bound() throws {
        var window = ReplayWindow(capacity: 3, milliseconds: 1000)
        for leg in 0..<5 { #expect(window.admit(try hangup(leg), at: time(Int64(leg))) == .fresh) }
        #expect(window.count == 3)
        #expect(window.crowdedOut == 2)
        #expect(window.admit(try hangup(2), at: time(5)) == .duplicate(since: time(2)))
        #expect(window.admit(try hangup(0), at: time(6)) == .fresh)
    }

    @Test("it says what a plain list of everything ever seen says", arguments: 0..<10 as Range<UInt64>)
    func model(_ seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        var window = ReplayWindow(capacity: 20, milliseconds: 50)
        var seen: [Int: Timestamp] = [:]
        var now: Int64 = 0
        let keys = try (0..<15).map { try hangup($0) }
        for _ in 0..<3000 {
            now += Int64.random(in: 0...6, using: &random)
            let leg = Int.random(in: keys.indices, using: &random)
            if Int.random(in: 0..<8, using: &random) == 0 {
                window.withdraw(keys[leg])
                seen[leg] = nil
                continue
            }
            let expected: ReplayWindow.Verdict
            if let since = seen[leg], now - (since.milliseconds - time(0).milliseconds) < 50 {
                expected = .duplicate(since: since)
            } else {
                expected = .fresh
                seen[leg] = time(now)
            }
            #expect(window.admit(keys[leg], at: time(now)) == expected)
            #expect(window.count <= keys.count)
        }
        #expect(window.crowdedOut == 0)
    }

    @Test("a clock that goes back forgets nothing and keeps the bound")
    func clockBack() throws {
        var window = ReplayWindow(capacity: 3, milliseconds: 1000)
        #expect(window.admit(try hangup(1), at: time(10_000)) == .fresh)
        #expect(window.admit(try hangup(2), at: time(0)) == .fresh)
        #expect(window.admit(try hangup(1), at: time(1)) == .duplicate(since: time(10_000)))
        #expect(window.admit(try hangup(2), at: time(5000)) == .fresh)
        #expect(window.admit(try hangup(2), at: time(5001)) == .duplicate(since: time(5000)))
        for leg in 3..<20 { #expect(window.admit(try hangup(leg), at: time(5002)) == .fresh) }
        #expect(window.count == 3)
    }
}
