import HookgateTesting
import NIOCore
import NIOEmbedded
import NIOHPACK
import NIOHTTP2
import Testing
import Webhooks

@testable import Edge

/// Frames that cost the sender little and the server something.
@Suite struct HTTP2FloodTests {
    enum Flood: String, CaseIterable {
        case ping, settings, windowUpdate, streamWindowUpdate, unknown, priority, emptyData, reset, resetByServer,
            altsvc

        /// The frames of the n-th round.
        func frames(_ round: Int) -> [UInt8] {
            let stream = UInt32(2 * round + 1)
            return switch self {
            case .ping: frame(6, 0, 0, [UInt8](repeating: 0, count: 8))
            case .settings: frame(4, 0, 0, [])
            case .windowUpdate: frame(8, 0, 0, [0, 0, 0, 1])
            case .streamWindowUpdate: frame(8, 0, 1, [0, 0, 0, 1])
            case .unknown: frame(0x77, 0, 0, [1, 2, 3])
            case .priority: frame(2, 0, 7, [0, 0, 0, 0, 1])
            case .emptyData: frame(0, 0, 1, [])
            case .reset: frame(1, 0x4, stream, Flood.head) + frame(3, 0, stream, [0, 0, 0, 8])
            case .resetByServer: frame(1, 0x4, stream, Flood.head) + frame(8, 0, stream, [0, 0, 0, 0])
            case .altsvc: frame(10, 0, 0, [0, 1, 97])
            }
        }

        /// POST / over https, for nobody (RFC 7541, appendix A).
        static let head: [UInt8] = [0x83, 0x84, 0x87, 0x01, 0x01, 0x61]

        func frame(_ type: UInt8, _ flags: UInt8, _ stream: UInt32, _ payload: [UInt8]) -> [UInt8] {
            let id = (0..<4).map { UInt8(truncatingIfNeeded: stream >> (24 - 8 * $0)) }
            return [0, 0, UInt8(payload.count), type, flags] + id + payload
        }
    }

    @Test(arguments: Flood.allCases) func `A flood ends the connection, and soon`(flood: Flood) throws {
        let connection = try HTTP2Harness()
        connection.edge.responder.holdsReplies = true
        if flood == .streamWindowUpdate || flood == .emptyData {
            try connection.send(bytes: flood.frame(1, 0x4, 1, Flood.head))
        }
        var rounds = 0
        while connection.isOpen, rounds < 2000 {
            try? connection.send(bytes: flood.frames(rounds))
            rounds += 1
        }
        #expect(!connection.isOpen)
        #expect(rounds <= 600)
        #expect(connection.goodbyes.last?.reason == .enhanceYourCalm)
    }

    @Test func `CONTINUATION frames without end end the connection`() throws {
        let connection = try HTTP2Harness()
        try connection.send(bytes: Flood.ping.frame(1, 0, 1, Flood.head))
        for _ in 0..<20 where connection.isOpen {
            try? connection.send(bytes: Flood.ping.frame(9, 0, 1, [0x00, 0x01, 0x61, 0x01, 0x62]))
        }
        #expect(!connection.isOpen)
        #expect(connection.edge.responder.screenings.isEmpty)
    }

    @Test func `A header section that unpacks to very much ends the connection`() throws {
        let connection = try HTTP2Harness()
        // One field of 4,000 bytes into the table, then thousands of references to it.
        let value = [UInt8](repeating: 0x61, count: 3_900)
        var section = Flood.head + [0x40, 0x01, 0x78, 0x7F, 0xBD, 0x1D] + value
        section += [UInt8](repeating: 0xBE, count: 10_000)
        let length = [UInt8(section.count >> 16), UInt8(section.count >> 8 & 0xFF), UInt8(section.count & 0xFF)]
        try? connection.send(bytes: length + [1, 0x5, 0, 0, 0, 1] + section)
        #expect(!connection.isOpen)
        #expect(connection.edge.responder.screenings.isEmpty)
    }

    @Test(
        arguments: [
            // Padding longer than the frame, a HEADERS frame too short for its priority.
            [0, 0, 2, 1, 0xC, 0, 0, 0, 1, 9, 0x83], [0, 0, 1, 1, 0x24, 0, 0, 0, 1, 0],
            // An HPACK integer without end, an index that is not there.
            [0, 0, 8, 1, 0x5, 0, 0, 0, 1, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF],
            [0, 0, 1, 1, 0x5, 0, 0, 0, 1, 0xFE],
            // Frames of the wrong length, on the wrong stream, or too long.
            [0, 0, 1, 6, 0, 0, 0, 0, 0, 1], [0, 0, 4, 8, 0, 0, 0, 0, 0, 0, 0, 0, 0], [0, 0, 1, 0, 0, 0, 0, 0, 0, 1],
            [1, 0, 0, 0, 0, 0, 0, 0, 1], [0, 0, 4, 3, 0, 0, 0, 0, 0, 0, 0, 0, 8], [0, 0, 1, 9, 4, 0, 0, 0, 1, 0x83],
        ] as [[UInt8]]
    )
    func `A frame that cannot be is the end of the connection`(bytes: [UInt8]) throws {
        let connection = try HTTP2Harness()
        try? connection.send(bytes: bytes)
        #expect(!connection.isOpen)
        #expect(connection.goodbyes.last.map { $0.reason != .noError } == true)
    }

    @Test func `What does not begin with the preface is no HTTP/2`() throws {
        let edge = try EdgeHarness(agreed: "h2")
        try? edge.send("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        #expect(!edge.isOpen && edge.responder.screenings.isEmpty)
    }

    @Test func `A client that works may send as many other frames as it needs`() throws {
        let connection = try HTTP2Harness()
        for round in 0..<1000 {
            try connection.post("x", on: HTTP2StreamID(2 * round + 1))
            for _ in 0..<4 { try connection.send(bytes: Flood.windowUpdate.frames(round)) }
        }
        #expect(connection.isOpen && connection.edge.responder.requests.count == 1000)
    }

    @Test func `Any bytes at all end the connection or are answered, and never the process`() throws {
        var random = SeededRandom(seed: 5)
        for _ in 0..<300 {
            let connection = try HTTP2Harness()
            for _ in 0..<40 where connection.isOpen {
                let count = Int.random(in: 0...24, using: &random)
                let payload = (0..<count).map { _ in UInt8.random(in: 0...255, using: &random) }
                let type = UInt8.random(in: 0...12, using: &random)
                let flags = UInt8.random(in: 0...255, using: &random)
                let stream = UInt32.random(in: 0...9, using: &random)
                try? connection.send(bytes: Flood.ping.frame(type, flags, stream, payload))
            }
        }
    }
}
