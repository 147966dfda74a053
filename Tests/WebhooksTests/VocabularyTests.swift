import NIOCore
import Testing

@testable import Webhooks

@Suite("Vocabulary")
struct VocabularyTests {
    @Test(
        "a timestamp is written as RFC 3339 wants it",
        arguments: [
            (0, "1970-01-01T00:00:00.000Z"),
            (-1, "1969-12-31T23:59:59.999Z"),
            (951_782_399_999, "2000-02-28T23:59:59.999Z"),
            (951_782_400_000, "2000-02-29T00:00:00.000Z"),
            (1_709_251_199_000, "2024-02-29T23:59:59.000Z"),
            (1_795_415_105_123, "2026-11-23T06:25:05.123Z"),
            (4_107_542_400_000, "2100-03-01T00:00:00.000Z"),
            (253_402_300_799_999, "9999-12-31T23:59:59.999Z"),
        ] as [(Int64, String)]
    )
    func timestamp(_ milliseconds: Int64, _ text: String) {
        #expect(Timestamp(milliseconds: milliseconds).description == text)
    }

    @Test("event ids sort by time and are UUIDs of version 7")
    func eventID() {
        let early = EventID(time: Timestamp(milliseconds: 1), random: (.max, .max)).description
        let late = EventID(time: Timestamp(milliseconds: 2), random: (0, 0)).description
        #expect(early == "00000000-0001-7fff-bfff-ffffffffffff")
        #expect(late == "00000000-0002-7000-8000-000000000000")
        #expect(early < late)
    }

    @Test("header fields are found without case, and the only one only if it is alone")
    func headerFields() {
        let headers = HeaderFields([
            ("Host", "a"), ("Content-Encoding", "1"), ("AUTHORIZATION", "b"), ("content-encoding", "2"),
            ("Content-Encodín", "3"), ("TraceParenT", ""),
        ])
        #expect(headers.only(.authorization) == "b")
        #expect(headers.only(.traceParent) == "")
        #expect(headers.only(.contentEncoding) == nil)
        #expect(headers.only(.contentType) == nil)
        #expect(headers.values("content-encoding") == ["1", "2"])
        #expect(headers.count(.contentEncoding) == 2)
        #expect(headers.count(.contentType) == 0)
    }

    @Test("limits count an IPv4 address whole, mapped or not, and an IPv6 one by its /64")
    func clientAddress() throws {
        func address(_ text: String) throws -> ClientAddress {
            ClientAddress(try SocketAddress(ipAddress: text, port: 4711))
        }
        #expect(try address("192.0.2.1").description == "192.0.2.1")
        #expect(try address("192.0.2.1").network == 0xC000_0201)
        #expect(try address("::ffff:192.0.2.1").network == 0xC000_0201)
        #expect(try address("2001:db8::1").network == 0x2001_0DB8_0000_0000)
        #expect(try address("2001:db8::2").network == address("2001:db8::1").network)
        #expect(try address("2001:db8:0:1::1").network != address("2001:db8::1").network)
        #expect(ClientAddress(nil).description == "unix")
    }
}
