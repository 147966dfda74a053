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
        #expect((span.json["status"] as? [String: Int])?.isEmpty == true)
        let url = try await gateway.adminURL() + "/metrics"
        var metrics = ""
        repeat {
            metrics = try await Command.run("curl", ["--silent", "--fail", "--max-time", "30", url]).output
        } while !metrics.contains("hookgate_spans_total{result=\"dropped\"} 1\n")
    }

    @Test(arguments: ["journal: {path: journal.sqlite}", ""], [true, false])
    func `What a trace hands on reaches the backend unchanged, and not where its traceparent is none`(
        journal: String,
        isTraced: Bool
    ) async throws {
        let (backend, collector) = (try await TestBackend(), try await TestBackend())
        let tracing = "tracing: {endpoint: \"http://127.0.0.1:\(collector.port)\", sample: 0}\n"
        let gateway = try await GatewayProcess(
            backend: backend.port,
            extra: (isTraced ? tracing : "") + journal,
            destination: "types: [call.started]"
        )
        let sampled = "00-\(TracingTests.trace)-\(TracingTests.caller)-01"
        let states = "\r\ntracestate: rojo=00f067aa0ba902b7\r\ntracestate: congo=t61, a=b"
        try await push("1", to: gateway, trace: sampled + states)
        try await push("2", to: gateway, trace: "00-1-2-3" + states)
        try await push("3", to: gateway, trace: sampled)
        var found: [String: TestBackend.Received] = [:]
        for received in await backend.received(count: 3) {
            found[try #require(try received.json()["subject"] as? String)] = received
        }
        let first = try #require(found["1"])
        #expect(first.header("tracestate") == "rojo=00f067aa0ba902b7,congo=t61, a=b")
        #expect(first.header("traceparent")?.hasPrefix("00-\(TracingTests.trace)-") == true)
        #expect(try first.json()["tracestate"] as? String == "rojo=00f067aa0ba902b7,congo=t61, a=b")
        #expect(found["2"]?.header("tracestate") == nil && found["2"]?.header("traceparent") == nil)
        #expect(found["3"]?.header("tracestate") == nil && found["3"]?.header("traceparent") != nil)
        let script = URL(filePath: #filePath).deletingLastPathComponent()
            .appending(path: "../../docs/schemas/check.py").standardizedFileURL.path()
        let lines = found.values.map(\.body).joined(separator: "\n")
        let checked = try await Command.run("python3", [script], input: lines)
        #expect(checked.output == "ok\nok\nok\n", "\(checked.output)\(checked.error)")
    }

    @Test func `What is refused by its head alone is a span as well, and names nothing that a stranger wrote`()
        async throws
    {
        let (backend, collector) = (try await TestBackend(), try await TestBackend())
        let gateway = try await GatewayProcess(
            backend: backend.port,
            extra: "tracing: {endpoint: \"http://127.0.0.1:\(collector.port)\", sample: 1}"
        )
        func ask(_ arguments: String...) async throws {
            let result = try await Command.run(
                "curl",
                ["--silent", "--show-error", "--max-time", "30", "--cacert", gateway.authority] + arguments
            )
            #expect(result.status == 0, "\(result.error)")
        }
        let unsampled = "traceparent: 00-\(TracingTests.trace)-\(TracingTests.caller)-00"
        try await ask("--data", "a=b", "--header", unsampled, gateway.url)
        try await ask("--data", "a=b", "--header", unsampled.replacing("31-00", with: "31-01"), gateway.url)
        try await ask("--request", "4921112345678", gateway.url)
        try await ask(gateway.url.replacing("/hooks/sipgate", with: "/4921112345678?from=4921112345678"))
        let all = try await spans(3, at: collector)
        #expect(all.count == 3)
        let challenged = try #require(all.first { $0.attribute("http.response.status_code") == "401" })
        #expect(challenged.name == "POST /hooks/sipgate" && challenged.attribute("error.type") == nil)
        #expect(challenged.trace == TracingTests.trace && challenged.parent == TracingTests.caller)
        #expect(challenged.kind == 2 && challenged.id != TracingTests.caller)
        let method = try #require(all.first { $0.attribute("error.type") == "method_not_allowed" })
        #expect(method.name == "HTTP /hooks/sipgate" && method.attribute("http.request.method") == "_OTHER")
        let path = try #require(all.first { $0.attribute("error.type") == "unknown_path" })
        #expect(path.name == "GET" && path.attribute("url.path") == nil && path.parent == nil)
        #expect(!collector.received.map(\.body).joined().contains("4921112345678"))
    }

    @Test func `A collector is reached over TLS when its certificate is good, and not at all when it is not`()
        async throws
    {
        let backend = try await TestBackend()
        let folder = try TemporaryDirectory()
        let made = try await Command.run(Command.hookgate, ["cert", "generate", "--out", folder.path])
        #expect(made.status == 0)
        // Prints its port, and then what it gets.
        let script = """
            import http.server, ssl, sys
            class Collector(http.server.BaseHTTPRequestHandler):
                protocol_version = "HTTP/1.1"
                def do_POST(self):
                    body = self.rfile.read(int(self.headers["content-length"]))
                    print(self.path, body.decode(), flush=True)
                    self.send_response(200)
                    self.send_header("content-length", "0")
                    self.end_headers()
                def log_message(self, *arguments): pass
            server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Collector)
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(sys.argv[1] + "/server.pem", sys.argv[1] + "/server.key")
            server.socket = context.wrap_socket(server.socket, server_side=True)
            print("port", server.server_address[1], flush=True)
            server.serve_forever()
            """
        let collector = try RunningProcess(URL(filePath: "/usr/bin/python3"), ["-c", script, folder.path])
        defer { collector.kill() }
        let port = try #require(try await collector.line { $0.hasPrefix("port ") }.split(separator: " ").last)
        let endpoint = "endpoint: \"https://127.0.0.1:\(port)/otlp\", sample: 1"
        let admin = "admin: {address: \"127.0.0.1:0\"}"
        let strict = try await GatewayProcess(backend: backend.port, extra: "tracing: {\(endpoint)}\n" + admin)
        try await push("1", to: strict, trace: nil)
        let url = try await strict.adminURL() + "/metrics"
        var metrics = ""
        repeat {
            metrics = try await Command.run("curl", ["--silent", "--fail", "--max-time", "30", url]).output
        } while !metrics.contains(/hookgate_spans_total\{result="dropped"\} [1-9]/)
        #expect(!collector.output.contains("/v1/traces"))
        let gateway = try await GatewayProcess(
            backend: backend.port,
            extra: "tracing: {\(endpoint), tls: {ca: \"\(folder.path)/ca.pem\"}}"
        )
        try await push("2", to: gateway, trace: nil)
        let line = try await collector.line { $0.contains("POST /hooks/sipgate") }
        #expect(line.hasPrefix("/otlp/v1/traces {"))
    }
}
