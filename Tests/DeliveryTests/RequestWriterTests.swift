import NIOCore
import Testing
import Webhooks

@testable import Delivery

@Suite struct RequestWriterTests {
    private let sent = Timestamp(milliseconds: 1_700_000_001_999)

    private func destination(
        _ format: Destination.Format,
        host: String = "192.0.2.7",
        port: Int = 8080,
        target: String = "/events?a=b"
    ) -> Destination {
        var destination = Destination(name: "crm", host: host, port: port, target: target)
        destination.format = format
        return destination
    }

    private func render(_ destination: Destination, _ event: Event = makeEvent()) -> String {
        var writer = RequestWriter(destination)
        return String(buffer: writer.render(event, at: sent))
    }

    @Test func `sends the data alone`() {
        let expected = """
            POST /events?a=b HTTP/1.1\r
            host: 192.0.2.7:8080\r
            user-agent: hookgate\r
            content-type: application/json\r
            webhook-id: 018bcfe5-6800-7000-8000-000000000001\r
            webhook-timestamp: 1700000001\r
            content-length: 7\r
            \r
            {"a":1}
            """
        #expect(render(destination(.data)) == expected)
    }

    @Test func `sends a structured CloudEvent as one document with its exact length`() throws {
        let text = render(destination(.cloudevents))
        let parts = text.split(separator: "\r\n\r\n", maxSplits: 1)
        try #require(parts.count == 2)
        let head = parts[0].split(separator: "\r\n").map(String.init)
        #expect(head.contains("content-type: application/cloudevents+json; charset=utf-8"))
        #expect(head.contains("webhook-id: 018bcfe5-6800-7000-8000-000000000001"))
        #expect(head.contains("content-length: \(parts[1].utf8.count)"))
        #expect(parts[1].hasPrefix("{"))
        #expect(parts[1].contains("\"id\":\"018bcfe5-6800-7000-8000-000000000001\""))
        #expect(parts[1].contains("\"data\":{\"a\":1}"))
    }

    @Test func `sends attributes as fields in binary mode, none of which can break out`() {
        let event = makeEvent(subject: "a b\r\nx-evil: 1\"ü%")
        let expected = """
            POST /events?a=b HTTP/1.1\r
            host: 192.0.2.7:8080\r
            user-agent: hookgate\r
            webhook-id: 018bcfe5-6800-7000-8000-000000000001\r
            webhook-timestamp: 1700000001\r
            content-type: application/json\r
            ce-specversion: 1.0\r
            ce-id: 018bcfe5-6800-7000-8000-000000000001\r
            ce-source: https://hooks.example.net/hooks/sipgate\r
            ce-type: io.sipgate.call.started\r
            ce-subject: a%20b%0D%0Ax-evil:%201%22%C3%BC%25\r
            ce-time: 2023-11-14T22:13:20.123Z\r
            content-length: 7\r
            \r
            {"a":1}
            """
        #expect(render(destination(.cloudeventsBinary), event) == expected)
    }

    @Test(arguments: [
        ("example.net", 80, "/", "POST / HTTP/1.1\r\nhost: example.net\r\n"),
        ("example.net", 81, "", "POST / HTTP/1.1\r\nhost: example.net:81\r\n"),
        ("2001:db8::1", 80, "/", "POST / HTTP/1.1\r\nhost: [2001:db8::1]\r\n"),
        ("[2001:db8::1]", 8080, "/", "POST / HTTP/1.1\r\nhost: [2001:db8::1]:8080\r\n"),
        ("a\r\nb c", 80, "/x y\r\n\r\nü", "POST /x%20y%0D%0A%0D%0A%C3%BC HTTP/1.1\r\nhost: a%0D%0Ab%20c\r\n"),
    ])
    func `writes target and host so that no configuration breaks the framing`(
        _ host: String,
        _ port: Int,
        _ target: String,
        _ expected: String
    ) {
        #expect(render(destination(.data, host: host, port: port, target: target)).hasPrefix(expected))
    }

    @Test(arguments: Destination.Format.allCases)
    func `each request is its own, also while an earlier one is still held`(_ format: Destination.Format) {
        var writer = RequestWriter(destination(format))
        var held: [ByteBuffer] = []
        var expected: [String] = []
        for number in 1...20 {
            let event = makeEvent(
                number,
                data: "{\"n\":\"" + String(repeating: "x", count: number * 397 % 5000) + "\"}"
            )
            held.append(writer.render(event, at: sent))
            expected.append(render(destination(format), event))
        }
        #expect(held.map { String(buffer: $0) } == expected)
    }
}
