import Foundation
import HookgateTesting
import Testing

/// Traces, as a collector gets them.
@Suite(.timeLimit(.minutes(5))) struct TracingTests {
    private static let trace = "0af7651916cd43dd8448eb211c80319c"
    private static let caller = "b7ad6b7169203331"

    private struct Span {
        let json: [String: Any]
        var name: String { json["name"] as? String ?? "" }
        var id: String { json["spanId"] as? String ?? "" }
        var parent: String? { json["parentSpanId"] as? String }
        var trace: String { json["traceId"] as? String ?? "" }
        var kind: Int { json["kind"] as? Int ?? 0 }

        func attribute(_ name: String) -> String? {
            let all = json["attributes"] as? [[String: Any]] ?? []
            let value = all.first { $0["key"] as? String == name }?["value"] as? [String: String]
            return value?["stringValue"] ?? value?["intValue"]
        }
    }

    private func spans(_ received: [TestBackend.Received]) throws -> [Span] {
        try received.flatMap { request in
            let resources = try request.json()["resourceSpans"] as? [[String: Any]] ?? []
            return resources.flatMap { $0["scopeSpans"] as? [[String: Any]] ?? [] }
                .flatMap { $0["spans"] as? [[String: Any]] ?? [] }.map { Span(json: $0) }
        }
    }

    /// Waits for so many spans.
    private func spans(_ count: Int, at collector: TestBackend) async throws -> [Span] {
        var requests = 1
        while true {
            let all = try spans(await collector.received(count: requests))
            if all.count >= count { return all }
            requests = await collector.received(count: requests).count + 1
        }
    }

    private func push(
        _ call: String,
        to gateway: GatewayProcess,
        trace: String?,
        password: String = GatewayProcess.password,
        more: String = ""
    ) async throws {
        let body = "event=newCall&callId=\(call)&direction=in&from=4921112345678&to=4915791234567" + more
        let result = try await Command.run(
            "curl",
            ["--silent", "--show-error", "--max-time", "30", "--cacert", gateway.authority, "--data", body]
                + ["--user", "sipgate:\(password)"]
                + (trace.map { ["--header", "traceparent: \($0)"] } ?? []) + [gateway.url + "?from=4921112345678"]
        )
        #expect(result.status == 0, "\(result.error)")
    }

    @Test(arguments: [true, false])
    func `A traced request is a tree of spans, up to its deliveries, and the caller of it decides`(
        isDurable: Bool
    ) async throws {
        let (backend, collector) = (try await TestBackend(), try await TestBackend())
        backend.decide(.content(#"{"actions": []}"#))
        let gateway = try await GatewayProcess(
            backend: backend.port,
            extra: "tracing: {endpoint: \"http://127.0.0.1:\(collector.port)\", sample: 0, service_name: edge}"
                + (isDurable ? "\njournal: {path: journal.sqlite}" : ""),
            destination: "types: [call.started]",
            route: "decide: {destination: backend, path: /decide, deadline: 20s, fallback: {actions: []}}"
        )
        // Neither who does not want it, nor who says nothing.
        try await push("1", to: gateway, trace: "00-\(TracingTests.trace)-\(TracingTests.caller)-00")
        try await push("2", to: gateway, trace: nil)
        // Nor a stranger, who would have every request traced.
        let sampled = "00-\(TracingTests.trace)-\(TracingTests.caller)-01"
        try await push("2", to: gateway, trace: sampled, password: "wrong")
        try await push("3", to: gateway, trace: sampled)
        let all = try await spans(isDurable ? 4 : 3, at: collector)
        #expect(all.allSatisfy { $0.trace == TracingTests.trace })
        #expect(Set(all.map(\.id)).count == all.count)
        #expect(all.count { $0.name == "POST /hooks/sipgate" } == 1)
        let request = try #require(all.first { $0.name == "POST /hooks/sipgate" })
        #expect(request.parent == TracingTests.caller && request.kind == 2)
        #expect(request.attribute("http.request.method") == "POST")
        #expect(request.attribute("http.response.status_code") == "200")
        #expect(request.attribute("url.path") == "/hooks/sipgate")
        let decision = try #require(all.first { $0.name == "decide" })
        let delivery = try #require(all.first { $0.name == "deliver backend" })
        for span in [decision, delivery] { #expect(span.parent == request.id && span.kind == 3) }
        #expect(all.contains { $0.name == "journal commit" && $0.parent == request.id } == isDurable)
        #expect(delivery.attribute("http.response.status_code") == "200")
        // What they were sent says which span it belongs to.
        let sent = try #require(backend.received.first { $0.body.contains("\"subject\":\"3\"") })
        #expect(sent.header("traceparent") == "00-\(TracingTests.trace)-\(delivery.id)-01")
        let asked = try #require(backend.questions.first { $0.body.contains("\"subject\":\"3\"") })
        #expect(asked.header("traceparent") == "00-\(TracingTests.trace)-\(decision.id)-01")
        let text = collector.received.map(\.body).joined()
        #expect(!text.contains("4921112345678") && text.contains(#"{"stringValue":"edge"}"#))
        #expect(collector.received.first?.header("content-type") == "application/json")
    }

    @Test func `What is refused is told with its reason, and a collector that is away costs spans and nothing else`()
        async throws
    {
        let (backend, collector) = (try await TestBackend(), try await TestBackend(.status(503)))
        let gateway = try await GatewayProcess(
            backend: backend.port,
            extra: """
                tracing: {endpoint: "http://127.0.0.1:\(collector.port)/otlp/", sample: 1}
                admin: {address: "127.0.0.1:0"}
                """
        )
        try await push("1", to: gateway, trace: nil, more: "&direction=in")
        let span = try #require(try await spans(1, at: collector).first)
        #expect(span.parent == nil && span.attribute("error.type") == "duplicate_field")
        #expect((span.json["status"] as? [String: Int])?["code"] == 2)
        let url = try await gateway.adminURL() + "/metrics"
        var metrics = ""
        repeat {
            metrics = try await Command.run("curl", ["--silent", "--fail", "--max-time", "30", url]).output
        } while !metrics.contains("hookgate_spans_total{result=\"dropped\"} 1\n")
    }
}
