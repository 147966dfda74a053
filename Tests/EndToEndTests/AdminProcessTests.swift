import Foundation
import HookgateTesting
import Testing

/// The operators' listener of a gateway that runs.
@Suite(.timeLimit(.minutes(5))) struct AdminProcessTests {
    private static let extra = "journal: {path: journal.sqlite}\nadmin: {address: \"127.0.0.1:0\"}"

    private func push(_ call: String, to gateway: GatewayProcess, user: String? = "sipgate") async throws -> String {
        let credentials = user.map { ["--user", "\($0):\(GatewayProcess.password)"] } ?? []
        let body =
            "event=newCall&direction=in&from=4921112345678&to=4915791234567&callId=\(call)"
            + "&user%5B%5D=Alice&userId%5B%5D=w0&fullUserId%5B%5D=1234567w0"
        let result = try await Command.run(
            "curl",
            ["--silent", "--show-error", "--max-time", "30", "--cacert", gateway.authority, "--data", body]
                + credentials + ["--output", "/dev/null", "--write-out", "%{http_code}", gateway.url]
        )
        return result.output + result.error
    }

    @Test func `The metrics tell of requests, handshakes, events, attempts and the journal, as Prometheus reads them`()
        async throws
    {
        let backend = try await TestBackend()
        let gateway = try await GatewayProcess(backend: backend.port, extra: AdminProcessTests.extra)
        let admin = try await gateway.adminURL()
        #expect(try await push("1", to: gateway) == "200")
        #expect(try await push("2", to: gateway, user: nil) == "401")
        #expect(try await push("3", to: gateway, user: "mallory") == "401")
        _ = await backend.received(count: 1)

        var text = ""
        // The outcome of the attempt is noted a moment after the backend has answered.
        repeat {
            let scrape = try await Command.run("curl", ["--silent", "--fail", "--max-time", "30", admin + "/metrics"])
            try #require(scrape.status == 0, "\(scrape.error)")
            text = scrape.output
        } while !text.contains("hookgate_attempts_total{destination=\"backend\",outcome=\"delivered\"} 1\n")
        for line in [
            "hookgate_requests_total{route=\"/hooks/sipgate\",status=\"2xx\"} 1",
            "hookgate_requests_total{route=\"/hooks/sipgate\",status=\"4xx\"} 2",
            "hookgate_challenges_total 1",
            "hookgate_refusals_total{reason=\"credentials_wrong\"} 1",
            "hookgate_refusals_total{reason=\"body_too_large\"} 0",
            "hookgate_events_accepted_total{route=\"/hooks/sipgate\",type=\"call.started\"} 1",
            "hookgate_tls_handshakes_total{version=\"1.3\",resumed=\"false\"} 3",
            "hookgate_connections_total 3",
            "hookgate_journal_state{state=\"writable\"} 1",
            "hookgate_journal_events_total 1",
            "hookgate_journal_commit_events_bucket{le=\"1\"} 1",
            "hookgate_breaker_state{destination=\"backend\",state=\"closed\"} 1",
            "hookgate_ready{check=\"journal\"} 1",
            "hookgate_ready{check=\"certificates\"} 1",
        ] {
            #expect(text.split(separator: "\n").contains(line[...]), "\(line) is not in:\n\(text)")
        }
        for family in [
            "hookgate_certificate_expiry_timestamp_seconds", "hookgate_reply_duration_seconds_count",
            "hookgate_event_loop_lag_seconds_count", "hookgate_destination_events",
            "hookgate_oldest_pending_age_seconds", "hookgate_journal_size_bytes", "process_open_fds",
            "process_resident_memory_bytes", "hookgate_library_series_dropped_total",
            "http_server_active_requests{",
        ] {
            #expect(text.contains("\n" + family), "\(family) is missing")
        }
        #expect(!text.contains("4921112345678") && !text.contains("mallory"))
        try await check(text)
        for name in try namesInPackaging() {
            #expect(text.contains("\n# TYPE \(name) ") || text.contains("\n\(name)"), "\(name) is not served")
        }
        let page = try String(
            contentsOf: URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../docs/admin.md"),
            encoding: .utf8
        )
        for match in text.matches(of: #/# TYPE (hookgate_[a-z_]+) /#) {
            #expect(page.contains("`\(match.1)`"), "\(match.1) is not described in docs/admin.md")
        }
    }

    /// Every metric that the dashboard and the alerts name.
    private func namesInPackaging() throws -> Set<String> {
        let root = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../packaging")
        let names = try ["grafana/hookgate.json", "prometheus/hookgate.rules.yml"].flatMap { file in
            let text = try String(contentsOf: root.appending(path: file), encoding: .utf8)
            return text.matches(of: /(?:hookgate|process)_[a-z_]+/).map { String($0.output) }
        }
        try #require(names.count > 30)
        return Set(names)
    }

    @Test func `hookgate health says whether the gateway can work, and why not`() async throws {
        let backend = try await TestBackend()
        let gateway = try await GatewayProcess(backend: backend.port, extra: AdminProcessTests.extra)
        let admin = try await gateway.adminURL()
        let well = try await Command.run(Command.hookgate, ["health", "--url", admin])
        #expect(well.status == 0 && well.output == "ready\n", "\(well)")
        // What answers there is no gateway, and speaks no plain HTTP.
        let other = try await Command.run(Command.hookgate, ["health", "--url", "http://127.0.0.1:\(gateway.port)"])
        #expect(other.status == 1 && other.error.contains("does not answer as a gateway's"), "\(other)")
        let secure = try await Command.run(Command.hookgate, ["health", "--url", "https://127.0.0.1:\(gateway.port)"])
        #expect(secure.status == 1 && secure.error.contains("404"), "\(secure)")
        let wrong = try await Command.run(Command.hookgate, ["health", "--url", admin + "/readyz"])
        #expect(wrong.status == 2 && wrong.error.contains("scheme, host and port only"), "\(wrong)")
        gateway.terminate()
        #expect(await gateway.exitStatus() == 0)
        let gone = try await Command.run(Command.hookgate, ["health", "--url", admin])
        #expect(gone.status == 1 && gone.error.contains("onnection refused"), "\(gone)")
    }

    @Test func `Without a journal attempts are counted as well, and old TLS is told from new`() async throws {
        let backend = try await TestBackend(.status(503))
        let gateway = try await GatewayProcess(backend: backend.port, extra: "admin: {address: \"127.0.0.1:0\"}")
        let admin = try await gateway.adminURL()
        #expect(try await push("1", to: gateway) == "503")
        let old = ["--silent", "--max-time", "30", "--cacert", gateway.authority, "--tls-max", "1.2", gateway.url]
        #expect(try await Command.run("curl", old).status == 0)
        let text = try await Command.run("curl", ["--silent", "--fail", "--max-time", "30", admin + "/metrics"]).output
        for line in [
            "hookgate_attempts_total{destination=\"backend\",outcome=\"refused\"} 1",
            "hookgate_refusals_total{reason=\"destination_refused\"} 1",
            "hookgate_requests_total{route=\"/hooks/sipgate\",status=\"5xx\"} 1",
            "hookgate_tls_handshakes_total{version=\"1.2\",resumed=\"false\"} 1",
            "hookgate_tls_handshakes_total{version=\"1.3\",resumed=\"false\"} 1",
        ] {
            #expect(text.split(separator: "\n").contains(line[...]), "\(line) is not in:\n\(text)")
        }
        #expect(!text.contains("hookgate_journal") && !text.contains("hookgate_events_accepted_total{"))
    }

    @Test func `What several loops count adds up, also for who looks meanwhile`() async throws {
        let backend = try await TestBackend()
        let gateway = try await GatewayProcess(backend: backend.port, extra: AdminProcessTests.extra)
        let url = try await gateway.adminURL() + "/metrics"
        let name = "hookgate_requests_total{route=\"/hooks/sipgate\",status=\"2xx\"} "
        func count() async throws -> Int {
            let text = try await Command.run("curl", ["--silent", "--fail", "--max-time", "30", url]).output
            let line = text.split(separator: "\n").first { $0.hasPrefix(name) }
            return try #require(line.flatMap { Int($0.dropFirst(name.count)) }, "\(text)")
        }
        let pushes = 24
        try await withThrowingTaskGroup(of: String.self) { group in
            for call in 0..<pushes { group.addTask { try await push("\(call)", to: gateway) } }
            var last = 0
            while last < pushes, let status = try await group.next() {
                #expect(status == "200")
                let now = try await count()
                #expect(now >= last && now <= pushes)
                last = now
            }
            for try await status in group { #expect(status == "200") }
        }
        #expect(try await count() == pushes)
    }

    @Test func `Strangers add no series, whatever they send`() async throws {
        let backend = try await TestBackend()
        let gateway = try await GatewayProcess(backend: backend.port, extra: AdminProcessTests.extra)
        let url = try await gateway.adminURL() + "/metrics"
        func series() async throws -> Set<String> {
            let scrape = try await Command.run("curl", ["--silent", "--fail", "--max-time", "30", url])
            try #require(scrape.status == 0, "\(scrape.error)")
            let names = scrape.output.split(separator: "\n").filter { !$0.hasPrefix("#") }
                .compactMap { line in line.lastIndex(of: " ").map { String(line[..<$0]) } }
            #expect(names.count == Set(names).count, "a series stands there twice")
            return Set(names)
        }
        // Those of the listener itself come with the first scrape.
        _ = try await series()
        let before = try await series()
        let root = "https://localhost:\(gateway.port)"
        for arguments in [
            ["\(root)/nothing"], ["\(root)/hooks/sipgate\"}%0A/\\"], ["--request", "BREW", gateway.url],
            ["--user", "a\"b:c", "--data", "event=x", gateway.url], ["--data", "event=x&callId=%00", gateway.url],
            ["--user", "sipgate:\(GatewayProcess.password)", "--data", "event=\"x\"&callId=1", gateway.url],
        ] {
            let curl = ["--silent", "--output", "/dev/null", "--max-time", "30", "--cacert", gateway.authority]
            _ = try await Command.run("curl", curl + arguments)
        }
        #expect(try await series() == before)
    }

    @Test func `With TLS and users, only who has the password sees something`() async throws {
        let backend = try await TestBackend()
        let gateway = try await GatewayProcess(
            backend: backend.port,
            extra: """
                journal: {path: journal.sqlite}
                admin:
                  address: "127.0.0.1:0"
                  names: [gate.example]
                  users: [sipgate]
                  tls: {certificates: [{chain: server.pem, key: server.key}]}
                """
        )
        let port = try #require(URL(string: try await gateway.adminURL())?.port)
        func ask(_ arguments: String...) async throws -> String {
            let result = try await Command.run(
                "curl",
                ["--silent", "--max-time", "30", "--cacert", gateway.authority, "--write-out", "%{http_code}"]
                    + arguments
            )
            return result.output
        }
        let url = "https://localhost:\(port)"
        #expect(try await ask(url + "/healthz") == "ok\n200")
        #expect(try await ask(url + "/api/session").hasSuffix("401"))
        #expect(try await ask("--user", "sipgate:wrong", url + "/metrics").hasSuffix("401"))
        #expect(try await ask("--user", "mallory:correct horse", url + "/metrics").hasSuffix("401"))
        let page = try await ask("--user", "sipgate:\(GatewayProcess.password)", url + "/")
        #expect(page.contains("<title>Hookgate</title>") && page.hasSuffix("200"))
        #expect(try await ask("http://localhost:\(port)/healthz").hasSuffix("400"))
        gateway.terminate()
        #expect(await gateway.exitStatus() == 0)
    }

    @Test func `A stream of live events ends when the gateway stops`() async throws {
        let backend = try await TestBackend()
        let gateway = try await GatewayProcess(backend: backend.port, extra: AdminProcessTests.extra)
        let url = try await gateway.adminURL() + "/api/live"
        let stream = try RunningProcess(URL(filePath: "/usr/bin/env"), ["curl", "--silent", "--no-buffer", url])
        _ = try await stream.line { $0.hasPrefix("retry:") }
        #expect(try await push("1", to: gateway) == "200")
        let line = try await stream.line { $0.hasPrefix("data: ") }
        #expect(line.contains("io.sipgate.call.started"))
        gateway.terminate()
        #expect(await gateway.exitStatus() == 0)
        #expect(await stream.exitStatus() == 0)
    }

    /// Lets Prometheus' own tool look at it, where it is installed.
    private func check(_ text: String) async throws {
        guard FileManager.default.isExecutableFile(atPath: "/usr/bin/promtool") else { return }
        let result = try await Command.run("promtool", ["check", "metrics"], input: text)
        #expect(result.status == 0 && result.error.isEmpty, "\(result.output)\(result.error)")
    }
}

extension GatewayProcess {
    /// The root of the operators' listener.
    func adminURL() async throws -> String {
        let line = try await line { $0.contains("listening for operators") }
        guard let match = line.firstMatch(of: /127\.0\.0\.1:([0-9]+)/) else { throw Failure("no port in: \(line)") }
        return "http://127.0.0.1:\(match.1)"
    }
}
