import NIOCore
import NIOEmbedded
import Testing
import Webhooks

@testable import Edge

/// Who is let in when a connection comes.
@Suite struct ConnectionLimitTests {
    /// A listening channel whose clients a test makes up.
    private final class Door {
        let channel = EmbeddedChannel()
        private(set) var refusals: [EdgeCounts.ConnectionRefusal] = []

        init(_ limits: EdgeLimits) throws {
            try channel.pipeline.syncOperations.addHandler(
                ConnectionLimitHandler(limits: limits) { [unowned self] refusal, _ in self.refusals.append(refusal) }
            )
        }

        /// A client from an address comes, and is let in or closed.
        func connect(_ address: String) throws -> EmbeddedChannel {
            let child = EmbeddedChannel(loop: channel.embeddedEventLoop)
            try child.connect(to: SocketAddress(ipAddress: address, port: 40_000)).wait()
            try channel.writeInbound(child as any Channel)
            return child
        }

        /// How many were let in since the last call.
        func admitted() throws -> Int {
            var count = 0
            while try channel.readInbound(as: (any Channel).self) != nil { count += 1 }
            return count
        }
    }

    @Test func `Who is denied is closed at once, and others are let in`() throws {
        var limits = EdgeLimits()
        limits.addresses = AddressRules(deny: [try AddressBlock("192.0.2.0/24")])
        let door = try Door(limits)
        let stranger = try door.connect("192.0.2.9")
        let other = try door.connect("198.51.100.1")
        #expect(try door.admitted() == 1)
        #expect(!stranger.isActive && other.isActive)
        #expect(door.refusals == [.denied])
    }

    @Test func `One address has so many connections open, and may come again when one has ended`() throws {
        var limits = EdgeLimits()
        limits.maxConnectionsPerAddress = 2
        let door = try Door(limits)
        let first = try door.connect("192.0.2.9")
        _ = try door.connect("192.0.2.9")
        let third = try door.connect("192.0.2.9")
        _ = try door.connect("192.0.2.10")
        #expect(try door.admitted() == 3)
        #expect(!third.isActive && door.refusals == [.tooManyOpen])
        try first.close().wait()
        door.channel.embeddedEventLoop.run()
        #expect(try door.connect("192.0.2.9").isActive)
        #expect(try door.admitted() == 1)
    }

    @Test func `One address begins so many handshakes a second`() throws {
        var limits = EdgeLimits()
        limits.maxHandshakesPerAddress = 3
        let door = try Door(limits)
        door.channel.embeddedEventLoop.advanceTime(by: .seconds(10))
        for _ in 0..<5 { _ = try door.connect("2001:db8::1") }
        _ = try door.connect("2001:db8:0:1::1")
        #expect(try door.admitted() == 4)
        #expect(door.refusals == [.tooFast, .tooFast])
        door.channel.embeddedEventLoop.advanceTime(by: .seconds(1))
        #expect(try door.connect("2001:db8::2").isActive)
        #expect(try door.admitted() == 1)
    }
}
