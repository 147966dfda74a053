import Delivery
import HookgateTesting
import NIOCore
import NIOPosix
import Testing
import Webhooks

@testable import Gateway

/// Which spans are kept, what they say of refusals, and what becomes of them.
@Suite struct TracerTests {
    private static func tracer(port: Int = 4318) -> Tracer {
        let collector = Destination(name: "tracing", host: "127.0.0.1", port: port, target: "/v1/traces")
        return Tracer(TracingConfiguration(collector: collector, sample: 1, serviceName: "test"))
    }

    private static func span(_ name: String = "span") -> Span {
        Span(
            context: .root(isSampled: true),
            parent: nil,
            name: name,
            kind: .local,
            start: 1,
            end: 2,
            attributes: [],
            error: nil,
            isFailed: false
        )
    }

    private static let head = RequestHead(
        id: RequestID(second: 0, number: 1),
        method: "POST",
        target: "/hooks/sipgate",
        headers: HeaderFields([]),
        client: ClientAddress(nil),
        connection: ConnectionOrigin(listener: "127.0.0.1:8443"),
        arrival: .now()
    )

    @Test func `Spans that are being sent count among those that are kept`() {
        let tracer = TracerTests.tracer()
        for _ in 0..<Tracer.mostKept { tracer.record(TracerTests.span()) }
        #expect(tracer.take().count == Tracer.batch)
        tracer.record(TracerTests.span())
        #expect(tracer.counts == Tracer.Counts(dropped: 1))
        tracer.note(Tracer.batch, isExported: true)
        tracer.record(TracerTests.span())
        #expect(tracer.counts == Tracer.Counts(exported: Tracer.batch, dropped: 1))
        var left = 0
        while case let batch = tracer.take(), !batch.isEmpty { left += batch.count }
        #expect(left == Tracer.mostKept - Tracer.batch + 1)
    }

    @Test func `Requests that their head condemned leave room for the others, and are counted apart`() {
        let tracer = TracerTests.tracer()
        for _ in 0...Tracer.mostBeforeRefusals { tracer.refused(.refusal(.unknownPath), TracerTests.head, path: nil) }
        #expect(tracer.counts == Tracer.Counts(refusalsDropped: 1))
        for _ in Tracer.mostBeforeRefusals..<Tracer.mostKept { tracer.record(TracerTests.span()) }
        #expect(tracer.counts == Tracer.Counts(refusalsDropped: 1))
    }

    @Test func `A batch that the collector does not take costs itself alone`() async throws {
        let group = MultiThreadedEventLoopGroup.singleton
        let collector = try await RecordingBackend.start(on: group) { request in
            guard String(buffer: request.body).contains("\"first\"") else { return RecordingBackend.ok }
            return [.send("HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\n\r\n")]
        }
        let tracer = TracerTests.tracer(port: collector.port)
        let exporter = try await TraceExporter(tracer, on: group.next())
        for _ in 0..<Tracer.batch { tracer.record(TracerTests.span("first")) }
        for _ in 0..<Tracer.batch + 1 { tracer.record(TracerTests.span("later")) }
        await exporter.export()
        #expect(tracer.counts == Tracer.Counts(dropped: Tracer.batch))
        await exporter.export()
        #expect(tracer.counts == Tracer.Counts(exported: Tracer.batch + 1, dropped: Tracer.batch))
        #expect(collector.requests.count == 3)
        try await collector.stop()
    }

    @Test(arguments: ReasonCode.allCases)
    func `A refusal has its reason, and is an error where it is ours`(reason: ReasonCode) throws {
        let tracer = TracerTests.tracer()
        let request = try #require(tracer.begin(TracerTests.head))
        tracer.end(request, TracerTests.head, path: "/hooks/sipgate", .refusal(reason))
        let span = try #require(tracer.take().first)
        #expect(span.error == reason.rawValue)
        let text = String(buffer: [span].document(service: "test"))
        #expect(text.contains(#""status":{"code":2}"#) == (reason.status >= 500), "\(text)")
    }

    @Test(arguments: ReasonCode.allCases)
    func `What its head condemns has its reason as well, but for the challenge before a push`(
        reason: ReasonCode
    ) throws {
        let tracer = TracerTests.tracer()
        tracer.refused(.refusal(reason), TracerTests.head, path: "/hooks/sipgate")
        let span = try #require(tracer.take().first)
        #expect(span.error == (reason == .credentialsMissing ? nil : reason.rawValue))
        #expect(span.isFailed == (reason.status >= 500))
    }
}
