import NIOCore
import Testing

@testable import Webhooks

@Suite("CloudEvent")
struct CloudEventTests {
    private func event(source: String = "https://h.example/hooks", subject: String = "AB12") -> Event {
        Event(
            id: EventID(time: Timestamp(milliseconds: 0x0123_4567_89AB), random: (0xFFFF_FFFF, 0x42)),
            source: source,
            time: Timestamp(milliseconds: 1_795_415_105_123),
            draft: EventDraft(
                type: EventType(namespace: "io.sipgate", name: "call.started"),
                subject: subject,
                data: ByteBuffer(string: #"{"leg":"AB12"}"#)
            )
        )
    }

    @Test("structured mode is one JSON object, after what was there before")
    func structured() {
        var buffer = ByteBuffer(string: "> ")
        buffer.writeCloudEvent(event(subject: "a\"b"))
        let expected =
            #"> {"specversion":"1.0","id":"01234567-89ab-7fff-8000-000000000042","source":"https://h.example/hooks","#
            + #""type":"io.sipgate.call.started","subject":"a\"b","time":"2026-11-23T06:25:05.123Z","#
            + #""datacontenttype":"application/json","data":{"leg":"AB12"}}"#
        #expect(String(buffer: buffer) == expected)
    }

    @Test("binary mode carries the attributes as header fields")
    func binary() {
        let fields = CloudEvent.binaryModeFields(of: event()).map { "\($0.name): \($0.value)" }
        #expect(
            fields == [
                "content-type: application/json", "ce-specversion: 1.0", "ce-id: 01234567-89ab-7fff-8000-000000000042",
                "ce-source: https://h.example/hooks", "ce-type: io.sipgate.call.started", "ce-subject: AB12",
                "ce-time: 2026-11-23T06:25:05.123Z",
            ]
        )
    }

    @Test(
        "attribute values are percent-encoded for header fields",
        arguments: [
            ("plain!~", "plain!~"), ("a b", "a%20b"), ("\"", "%22"), ("100%", "100%25"), ("a\r\nb", "a%0D%0Ab"),
            ("Euro €", "Euro%20%E2%82%AC"), ("📞", "%F0%9F%93%9E"), ("\u{7F}", "%7F"),
        ]
    )
    func encoding(_ text: String, _ expected: String) {
        #expect(CloudEvent.fieldValue(text) == expected)
    }
}
