import HookgateTesting
import NIOCore
import NIOPosix
import Testing
import Webhooks

@testable import Delivery

@Suite struct RetryAfterTests {
    private static let year1994 = Timestamp(milliseconds: 784_111_777_000)

    @Test(
        arguments: [
            ("120", RetryAfter.seconds(120)), (" 0 ", .seconds(0)), ("007", .seconds(7)),
            ("99999999999999999999999", .seconds(999_999_999_999)),
            ("Sun, 06 Nov 1994 08:49:37 GMT", .date(year1994)), ("Sunday, 06-Nov-94 08:49:37 GMT", .date(year1994)),
            ("Sun Nov  6 08:49:37 1994", .date(year1994)), ("sun, 6 nov 1994 08:49:37 gmt", .date(year1994)),
            ("Thu, 29 Feb 2024 23:59:60 GMT", .date(Timestamp(milliseconds: 1_709_251_200_000))),
            ("Monday, 23-Nov-26 06:25:05 GMT", .date(Timestamp(milliseconds: 1_795_415_105_000))),
            ("", nil), ("soon", nil), ("-1", nil), ("1.5", nil), ("1e3", nil), ("120 s", nil),
            ("Sun, 06 Nov 1994 08:49 GMT", nil), ("Sun, 32 Nov 1994 08:49:37 GMT", nil),
            ("Sun, 06 Foo 1994 08:49:37 GMT", nil), ("Sun, 06 Nov 1994 24:49:37 GMT", nil),
            ("Sun, 06 Nov 99999 08:49:37 GMT", nil), (String(repeating: "Sun, ", count: 1000), nil),
        ] as [(String, RetryAfter?)]
    )
    func `seconds and all three forms of a date are understood, anything else is ignored`(
        _ text: String,
        _ expected: RetryAfter?
    ) {
        #expect(RetryAfter(text) == expected)
    }

    @Test func `a date is taken by the clock on the wall, whatever the steady one shows`() {
        let now = Moment(steady: Timestamp(milliseconds: 5_000_000), wall: Timestamp(milliseconds: 784_111_700_000))
        #expect(RetryAfter.date(RetryAfterTests.year1994).moment(now) == Timestamp(milliseconds: 5_077_000))
        #expect(RetryAfter.seconds(3).moment(now) == Timestamp(milliseconds: 5_003_000))
    }

    @Test(arguments: [
        (503, "Retry-After: 17", AttemptOutcome.refused(status: 503, retryAfter: .seconds(17))),
        (429, "retry-after: Sun, 06 Nov 1994 08:49:37 GMT", .refused(status: 429, retryAfter: .date(year1994))),
        (503, "retry-after: tomorrow", .refused(status: 503)), (503, "x-other: 1", .refused(status: 503)),
        (200, "retry-after: 17", .delivered(status: 200)),
    ])
    func `the field of a response reaches the outcome`(
        _ status: Int,
        _ field: String,
        _ expected: AttemptOutcome
    )
        async throws
    {
        let group = MultiThreadedEventLoopGroup.singleton
        let backend = try await RecordingBackend.start(on: group) { _ in
            [.send("HTTP/1.1 \(status) X\r\n\(field)\r\ncontent-length: 0\r\n\r\n")]
        }
        let bench = try await SocketBench(port: backend.port)
        #expect(try await bench.forward() == expected)
        try await bench.drain()
        try await backend.stop()
    }
}
