import Foundation
import HookgateTesting
import Testing

/// A configuration is changed while the gateway runs.
@Suite(.timeLimit(.minutes(5))) struct ReloadTests {
    private func reload(
        _ gateway: GatewayProcess,
        _ arguments: String...,
        environment: [String: String] = [:]
    ) async throws -> Command.Result {
        try await Command.run(
            Command.hookgate,
            ["reload", "--config", gateway.folder.appending(path: "hookgate.yaml").path] + arguments,
            environment: ["HOOKGATE_TEST_PASSWORD": GatewayProcess.password].merging(environment) { $1 }
        )
    }

    /// Writes another configuration in the place of a gateway's.
    private func change(_ gateway: GatewayProcess, _ change: (String) -> String) throws {
        let file = gateway.folder.appending(path: "hookgate.yaml")
        let before = try String(contentsOf: file, encoding: .utf8)
        let after = change(before)
        try #require(before != after)
        try after.write(to: file, atomically: true, encoding: .utf8)
    }

    @Test(arguments: ["pid_file: run/hookgate.pid", "journal: {path: journal.sqlite}"])
    func `The gateway is found by its files, and says when it has reloaded`(_ extra: String) async throws {
        let backend = try await TestBackend()
        let gateway = try await GatewayProcess(backend: backend.port, extra: extra)
        for _ in 0..<3 {
            let result = try await reload(gateway)
            #expect(result.status == 0 && result.output.contains("has reloaded"), "\(result.output)\(result.error)")
        }
        // A configuration that is wrong is not put to it.
        try change(gateway) { $0.replacing("event_loops: 2", with: "event_loops: many") }
        let wrong = try await reload(gateway)
        #expect(wrong.status == 78 && wrong.error.contains("hookgate.yaml:2:14"), "\(wrong.error)")
        #expect(wrong.error.contains("nothing was sent"))
        try change(gateway) { $0.replacing("event_loops: many", with: "event_loops: 2") }
        #expect(!gateway.log.contains("not reloaded"))
        gateway.terminate()
        #expect(await gateway.exitStatus() == 0)
        let gone = try await reload(gateway)
        #expect(gone.status == 1 && gone.error.contains("no gateway runs with this configuration"), "\(gone.error)")
    }

    @Test func `What the gateway itself cannot use leaves all as it was, and it says why`() async throws {
        let backend = try await TestBackend()
        let gateway = try await GatewayProcess(backend: backend.port, extra: "pid_file: hookgate.pid")
        try change(gateway) { $0.replacing("HOOKGATE_TEST_PASSWORD", with: "ONLY_HERE") }
        let result = try await reload(gateway, environment: ["ONLY_HERE": "another"])
        #expect(result.status == 1 && result.error.contains("has not reloaded"), "\(result.output)\(result.error)")
        #expect(result.error.contains("users[0].password") && result.error.contains("`ONLY_HERE` is not set"))
    }

    @Test func `One gateway runs with a pid file, and one that was killed stands in nobody's way`() async throws {
        let backend = try await TestBackend()
        let gateway = try await GatewayProcess(backend: backend.port, extra: "pid_file: hookgate.pid")
        let file = gateway.folder.appending(path: "hookgate.pid")
        let number = try #require(try String(contentsOf: file, encoding: .utf8).split(separator: "\n").first)
        let second = try await Command.run(
            Command.hookgate,
            ["run", "--config", gateway.folder.appending(path: "hookgate.yaml").path],
            environment: ["HOOKGATE_TEST_PASSWORD": GatewayProcess.password]
        )
        #expect(second.status == 1 && second.error.contains("is held by process \(number)"), "\(second.error)")
        #expect(try await reload(gateway, "--pid", String(number)).output.contains("has reloaded"))

        gateway.kill()
        _ = await gateway.exitStatus()
        let stale = try await reload(gateway)
        #expect(stale.status == 1 && stale.error.contains("no gateway runs"), "\(stale.error)")
        let next = try await GatewayProcess(restarting: gateway)
        #expect(try await reload(next).status == 0)
        next.terminate()
        #expect(await next.exitStatus() == 0)
        #expect(!FileManager.default.fileExists(atPath: file.path))
    }

    @Test func `Nobody else is sent a signal`() async throws {
        let backend = try await TestBackend()
        let gateway = try await GatewayProcess(backend: backend.port)
        let unknown = try await reload(gateway)
        #expect(unknown.status == 1 && unknown.error.contains("neither `pid_file` nor `journal`"), "\(unknown.error)")
        let other = try await reload(gateway, "--pid", "\(getpid())")
        #expect(other.status == 1 && other.error.contains("no hookgate; nothing was sent"), "\(other.error)")
        #expect(try await reload(gateway, "--pid", "0").status == 2)
        #expect(try await reload(gateway, "--timeout", "0").status == 2)
    }

    // MARK: What is put in force

    private static let push = "event=newCall&direction=in&from=4921112345678&to=4915791234567&callId=5309"

    /// The status of a push, and the body before it.
    private func push(
        _ gateway: GatewayProcess,
        as user: String = "sipgate:\(GatewayProcess.password)",
        path: String = "/hooks/sipgate",
        _ options: String...
    ) async throws -> String {
        let result = try await Command.run(
            "curl",
            [
                "--silent", "--show-error", "--max-time", "60", "--cacert", gateway.authority, "--user", user, "--data",
                ReloadTests.push, "--write-out", "\n%{http_code}",
            ] + options + ["https://localhost:\(gateway.port)\(path)"]
        )
        return result.output + result.error
    }

    private func reloads(_ gateway: GatewayProcess) async throws {
        let result = try await reload(gateway)
        #expect(result.status == 0, "\(result.output)\(result.error)")
    }

    @Test(arguments: ["pid_file: hookgate.pid", "journal: {path: journal.sqlite}"])
    func `Users and routes are exchanged, and old connections ask by the new`(_ extra: String) async throws {
        let backend = try await TestBackend()
        let gateway = try await GatewayProcess(
            backend: backend.port,
            extra: extra,
            files: ["second.secret": "another password\n"]
        )
        let second = "second:another password"
        #expect(try await push(gateway).hasSuffix("200"))
        #expect(try await push(gateway, as: second).hasSuffix("401"))

        try change(gateway) {
            $0.replacing("users:\n", with: "users:\n  - {name: second, password: \"${file:second.secret}\"}\n")
                .replacing("users: [sipgate]", with: "users: [sipgate, second]")
        }
        try await reloads(gateway)
        #expect(try await push(gateway).hasSuffix("200"))
        #expect(try await push(gateway, as: second).hasSuffix("200"))

        // One user less, one route more; then the first route goes.
        let other = "  - {path: /hooks/other, provider: sipgate, users: [sipgate], destinations: [backend]}\n"
        try change(gateway) {
            $0.replacing("users: [sipgate, second]", with: "users: [second]")
                .replacing("destinations:\n", with: other + "destinations:\n")
        }
        try await reloads(gateway)
        #expect(try await push(gateway).hasSuffix("401"))
        #expect(try await push(gateway, as: second).hasSuffix("200"))
        #expect(try await push(gateway, path: "/hooks/other").hasSuffix("200"))
        try change(gateway) { text in
            let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
            return lines.filter { !$0.contains("path: /hooks/sipgate") }.joined(separator: "\n")
        }
        try await reloads(gateway)
        #expect(try await push(gateway, as: second).hasSuffix("404"))
        #expect(try await push(gateway, path: "/hooks/other").hasSuffix("200"))
        _ = await backend.received(count: 6)
        // And back.
        let first =
            "  - {path: /hooks/sipgate, provider: sipgate, users: [second], destinations: [backend], deny: [127.0.0.1]}\n"
        try change(gateway) { $0.replacing("routes:\n", with: "routes:\n" + first) }
        try await reloads(gateway)
        #expect(try await push(gateway, as: second).contains("address_denied"))
    }

    @Test func `A new route is watched for alarms, and meant where a path is nearly its own`() async throws {
        let backend = try await TestBackend()
        let gateway = try await GatewayProcess(
            backend: backend.port,
            extra: "journal: {path: journal.sqlite}\nadmin: {address: \"127.0.0.1:0\"}"
        )
        let admin = try await gateway.adminURL()
        func told(_ path: String) async throws -> String {
            try await Command.run("curl", ["--silent", "--max-time", "60", admin + path]).output
        }
        let other = "  - {path: /hooks/other, provider: sipgate, users: [sipgate], destinations: [backend]}\n"
        try change(gateway) { text in
            text.split(separator: "\n", omittingEmptySubsequences: false)
                .map { $0.contains("path: /hooks/sipgate") ? String(other.dropLast()) : String($0) }
                .joined(separator: "\n")
        }
        try await reloads(gateway)
        let refused = try await push(gateway, path: "/hooks/othr")
        let id = try #require(refused.firstMatch(of: /"request":"([0-9A-Z]+)"/)?.1)
        var story = ""
        // The writer's thread comes to it in its time, as does the watch.
        repeat { story = try await told("/api/requests/\(id)") } while !story.contains("unknown_path")
        #expect(story.contains("did you mean `/hooks/other`?"), "\(story)")
        var metrics = ""
        repeat {
            metrics = try await told("/metrics")
        } while !metrics.contains("hookgate_alarm{alarm=\"silence\",route=\"/hooks/other\"} 0\n")
        #expect(metrics.contains("hookgate_alarm{alarm=\"missing_follow_ups\",route=\"/hooks/other\"} 0\n"))
    }

    @Test func `A new route is watched for alarms once the journal says what is known of it`() async throws {
        let backend = try await TestBackend()
        let gateway = try await GatewayProcess(
            backend: backend.port,
            extra: "journal: {path: journal.sqlite}\nadmin: {address: \"127.0.0.1:0\"}"
        )
        let admin = try await gateway.adminURL()
        func metrics() async throws -> String {
            try await Command.run("curl", ["--silent", "--max-time", "60", admin + "/metrics"]).output
        }
        func changeJournal(_ statement: String) async throws {
            let script = """
                import sqlite3, sys
                journal = sqlite3.connect(sys.argv[1], timeout=60)
                journal.execute(sys.argv[2])
                journal.commit()
                """
            let path = gateway.folder.appending(path: "journal.sqlite").path
            let result = try await Command.run("python3", ["-c", script, path, statement])
            #expect(result.status == 0, "\(result.error)")
        }
        try await changeJournal("ALTER TABLE activity RENAME TO activity_elsewhere")
        let other = "  - {path: /hooks/other, provider: sipgate, users: [sipgate], destinations: [backend]}\n"
        try change(gateway) { $0.replacing("routes:\n", with: "routes:\n" + other) }
        try await reloads(gateway)
        _ = try await gateway.line { $0.contains("alarms of a new route wait: the journal cannot be read") }
        let alarm = "hookgate_alarm{alarm=\"silence\",route=\"/hooks/other\"}"
        #expect(try await !metrics().contains(alarm))
        try await changeJournal("ALTER TABLE activity_elsewhere RENAME TO activity")
        while try await !metrics().contains(alarm) {}
    }

    @Test func `A request that has begun is answered by what it began with`() async throws {
        let backend = try await TestBackend(.waits)
        let gateway = try await GatewayProcess(backend: backend.port, timeout: "60s", extra: "pid_file: hookgate.pid")
        async let reply = push(gateway)
        _ = await backend.received(count: 1)
        let other = "  - {path: /hooks/other, provider: sipgate, users: [sipgate], destinations: [backend]}\n"
        try change(gateway) { text in
            text.split(separator: "\n", omittingEmptySubsequences: false)
                .map { $0.contains("path: /hooks/sipgate") ? String(other.dropLast()) : String($0) }
                .joined(separator: "\n")
        }
        try await reloads(gateway)
        #expect(try await push(gateway).hasSuffix("404"))
        backend.answerHeld()
        #expect(try await reply.hasSuffix("200"))
    }

    @Test func `Limits, protocols and logs are exchanged`() async throws {
        let backend = try await TestBackend()
        let gateway = try await GatewayProcess(backend: backend.port, extra: "pid_file: hookgate.pid")
        func lines() -> Int { gateway.log.split(separator: "\n").count { $0.contains("\"message\":\"request\"") } }
        let version = ["--http2", "--output", "/dev/null", "--write-out", "%{http_version}"]
        func spoken() async throws -> String {
            let arguments = ["--silent", "--max-time", "30", "--cacert", gateway.authority] + version
            return try await Command.run("curl", arguments + [gateway.url]).output
        }
        #expect(try await spoken() == "2")
        _ = try await gateway.line { $0.contains("\"message\":\"request\"") }
        try change(gateway) {
            $0.replacing("limits: {}", with: "limits: {max_body: 1KiB}\n    http2: false\n    deny: [127.0.0.2]")
                .replacing("level: debug, format: json", with: "level: error, format: text")
        }
        try await reloads(gateway)
        let before = lines()
        #expect(try await spoken() == "1.1")
        let big = String(repeating: "x", count: 2000)
        #expect(try await push(gateway, as: "a:b", "--data", big).hasSuffix("413"))
        #expect(try await push(gateway, "--interface", "127.0.0.2").hasSuffix("200") == false)
        try change(gateway) { $0.replacing("level: error, format: text", with: "level: info, format: text") }
        try await reloads(gateway)
        #expect(lines() == before && !gateway.log.contains(" info hookgate: request"))
        #expect(try await push(gateway).hasSuffix("200"))
        _ = try await gateway.line { $0.contains(" info hookgate: request") }
    }

    @Test func `An operator's new password counts`() async throws {
        let backend = try await TestBackend()
        let gateway = try await GatewayProcess(
            backend: backend.port,
            extra: "pid_file: hookgate.pid\nadmin: {address: 127.0.0.1:0, users: [sipgate]}",
            files: ["new.secret": "new password"]
        )
        let line = try await gateway.line { $0.contains("listening for operators") }
        let port = try #require(line.firstMatch(of: /127\.0\.0\.1:([0-9]+)/)?.1)
        func status(_ password: String) async throws -> String {
            let arguments = [
                "--silent", "--user", "sipgate:\(password)", "--output", "/dev/null", "--write-out", "%{http_code}",
            ]
            return try await Command.run("curl", arguments + ["http://127.0.0.1:\(port)/metrics"]).output
        }
        #expect(try await status(GatewayProcess.password) == "200")
        #expect(try await status("new password") == "401")
        try change(gateway) { $0.replacing("${env:HOOKGATE_TEST_PASSWORD}", with: "${file:new.secret}") }
        try await reloads(gateway)
        #expect(try await status(GatewayProcess.password) == "401")
        #expect(try await status("new password") == "200")
    }

    @Test(arguments: [
        ("address: 127.0.0.1:0", "address: 127.0.0.2:0", "listeners[0].address"),
        ("event_loops: 2", "event_loops: 3", "event_loops"),
        ("timeout: 5s", "timeout: 6s", "destinations"),
        ("path: journal.sqlite", "path: other.sqlite", "journal"),
        ("destinations: [backend]", "destinations: [backend], derive: none", "routes[0].derive"),
        ("shutdown_timeout: 20s", "shutdown_timeout: 21s", "shutdown_timeout"),
        ("shutdown_timeout: 20s", "shutdown_timeout: 20s\npid_file: new.pid", "pid_file"),
    ])
    func `What takes a restart is refused with all the rest`(old: String, new: String, key: String) async throws {
        let backend = try await TestBackend()
        let gateway = try await GatewayProcess(backend: backend.port, extra: "journal: {path: journal.sqlite}")
        try change(gateway) {
            $0.replacing(old, with: new).replacing("users: [sipgate]", with: "users: [sipgate], deny: [127.0.0.1]")
        }
        gateway.hangUp()
        let line = try await gateway.line { $0.contains("wrong in the configuration") }
        #expect(line.contains("\"key\":\"\(key)\"") && line.contains("takes a restart"), "\(line)")
        #expect(try await push(gateway).hasSuffix("200"))
        guard key != "journal" else { return }
        let told = try await reload(gateway)
        #expect(told.status == 1 && told.error.contains("  \(key): takes a restart\n"), "\(told.error)")
    }

    @Test func `A certificate that cannot be served refuses all the rest, and another list is served`() async throws {
        let backend = try await TestBackend()
        let gateway = try await GatewayProcess(backend: backend.port, extra: "pid_file: hookgate.pid")
        let more = gateway.folder.appending(path: "more").path
        let made = try await Command.run(
            Command.hookgate,
            ["cert", "generate", "--name", "other.example", "--out", more]
        )
        #expect(made.status == 0)
        let one = "[{chain: server.pem, key: server.key}]"
        let two = "[{chain: server.pem, key: server.key}, {chain: more/server.pem, key: more/server.key}]"
        try change(gateway) { $0.replacing(one, with: two.replacing("more/server.key", with: "server.key")) }
        let refused = try await reload(gateway)
        #expect(refused.status == 78 && refused.error.contains("listeners[0].tls.certificates[1]"), "\(refused.error)")
        gateway.hangUp()
        _ = try await gateway.line {
            $0.contains("wrong in the configuration") && $0.contains("listeners[0].tls.certificates[1]")
        }
        try change(gateway) {
            $0.replacing("more/server.pem, key: server.key", with: "more/server.pem, key: more/server.key")
        }
        try await reloads(gateway)
        let reply = try await Command.run(
            "curl",
            [
                "--silent", "--cacert", "\(more)/ca.pem", "--connect-to", "other.example:443:127.0.0.1:\(gateway.port)",
                "--output", "/dev/null", "--write-out", "%{http_code}", "https://other.example/",
            ]
        )
        #expect(reply.output == "404", "\(reply.error)")
        #expect(try await push(gateway).hasSuffix("200"))
    }

    @Test func `No push fails while the configuration is exchanged again and again`() async throws {
        let backend = try await TestBackend()
        let gateway = try await GatewayProcess(backend: backend.port, extra: "pid_file: hookgate.pid")
        // Two clients on kept connections, until a line comes in; then how many replies of which status they had.
        let script = """
            import base64, collections, http.client, ssl, sys, threading
            context = ssl.create_default_context(cafile=sys.argv[1])
            counts, done = collections.Counter(), threading.Event()
            def client(number):
                link = http.client.HTTPSConnection("localhost", int(sys.argv[2]), context=context, timeout=60)
                for leg in range(1000000):
                    if done.is_set():
                        return
                    link.request("POST", "/hooks/sipgate", sys.argv[4] + "&callId=%d-%d" % (number, leg), {
                        "Authorization": "Basic " + base64.b64encode(sys.argv[3].encode()).decode(),
                        "Content-Type": "application/x-www-form-urlencoded"})
                    reply = link.getresponse()
                    reply.read()
                    counts[reply.status] += 1
            clients = [threading.Thread(target=client, args=(number,)) for number in range(2)]
            for thread in clients:
                thread.start()
            sys.stdin.readline()
            done.set()
            for thread in clients:
                thread.join()
            print(dict(counts))
            """
        let pushes = try RunningProcess(
            URL(filePath: "/usr/bin/python3"),
            [
                "-c", script, gateway.authority, "\(gateway.port)", "sipgate:\(GatewayProcess.password)",
                "event=newCall&direction=in&from=4921112345678&to=4915791234567",
            ]
        )
        defer { pushes.kill() }
        _ = await backend.received(count: 1)
        let other = "  - {path: /hooks/other, provider: sipgate, users: [sipgate], destinations: [backend]}\n"
        for round in 0..<10 {
            let isMore = round.isMultiple(of: 2)
            try change(gateway) {
                isMore ? $0.replacing("routes:\n", with: "routes:\n" + other) : $0.replacing(other, with: "")
            }
            try await reloads(gateway)
            #expect(try await push(gateway, path: "/hooks/other").hasSuffix(isMore ? "200" : "404"))
        }
        try pushes.input.fileHandleForWriting.write(contentsOf: Data("\n".utf8))
        #expect(await pushes.exitStatus() == 0)
        #expect(pushes.output.contains(/^\{200: [0-9]+\}\n$/), "\(pushes.output)")
    }
}
