import Auth
import Delivery
import Edge
import Gateway
import NIOCore
import Testing

@Suite struct ConfigurationLoaderTests {
    @Test func `Credentials of systemd are secrets and certificates`() throws {
        let fixture = try ConfigurationFixture()
        try fixture.write("follow-up", "0123456789abcdef0123456789abcdef\n")
        let text = ConfigurationFixture.good
            .replacing("${env:FOLLOW}", with: "${credential:follow-up}")
            .replacing(
                "chain: server.pem, key: server.key",
                with: "chain: server.pem, key: \"${credential:server.key}\""
            )
            .replacing("address: 0.0.0.0:8443", with: "address: 0.0.0.0:8443\n    socket_name: https")
        try fixture.write("hookgate.yaml", text)
        var environment = ConfigurationFixture.environment
        environment["CREDENTIALS_DIRECTORY"] = fixture.folder
        let (configuration, _) = try ConfigurationLoader.load(path: fixture.path, environment: environment)
        #expect(configuration.followUpKey?.exposed == "0123456789abcdef0123456789abcdef")
        #expect(configuration.listeners[0].tls.certificates[0].key == fixture.folder + "/server.key")
        #expect(configuration.listeners[0].socketName == "https")
    }

    @Test func `refusals are kept beside a journal, where they are told to be, or not at all`() throws {
        let fixture = try ConfigurationFixture()
        func refusals(_ lines: String) throws -> RefusalsConfiguration? {
            try fixture.load(ConfigurationFixture.good + lines).0.refusals
        }
        #expect(try refusals("") == nil)
        let standard = try #require(try refusals("journal: {path: var/journal.sqlite}\n"))
        #expect(standard.path == "\(fixture.folder)/var/refusals.sqlite")
        #expect(standard.maxRate == 50 && standard.maxBytes == 64 << 20 && standard.retain == .hours(72))
        #expect(try refusals("journal: {path: events.db}\n")?.path == "\(fixture.folder)/events-refusals.db")
        #expect(try refusals("journal: {path: j}\nrefusals: {max_rate: 0}\n") == nil)
        let own = try #require(try refusals("refusals: {path: r, retain: 1h, max_size: 1MiB, max_rate: 7}\n"))
        #expect(own.path == "\(fixture.folder)/r" && own.retain == .hours(1))
        #expect(own.maxBytes == 1 << 20 && own.maxRate == 7)
    }

    @Test func `every key of the good file arrives`() throws {
        let fixture = try ConfigurationFixture()
        let (configuration, warnings) = try fixture.load(ConfigurationFixture.good)
        #expect(warnings == [])
        #expect(configuration.publicURL == "https://hooks.example.net:8443")
        #expect(configuration.eventLoops == 2)
        #expect(configuration.shutdownTimeout == .milliseconds(1500))
        #expect(configuration.followUpKey?.exposed == ConfigurationFixture.environment["FOLLOW"])
        let listener = try #require(configuration.listeners.first)
        #expect(listener.host == "0.0.0.0" && listener.port == 8443)
        #expect(listener.tls.certificates.map(\.chain) == ["\(fixture.folder)/server.pem"])
        #expect(listener.tls.certificates.map(\.key) == ["\(fixture.folder)/server.key"])
        #expect(listener.tls.minimumVersion == "1.3")
        #expect(listener.limits.bodyTimeout == .seconds(9) && listener.limits.idleTimeout == .minutes(2))
        #expect(listener.limits.maxBodyBytes == 65_536 && listener.limits.maxConnections == 10_000)
        #expect(configuration.users.map(\.name) == ["sipgate", "second"])
        #expect(hashes(configuration.users[0]) == [ConfigurationFixture.hash])
        #expect(plain(configuration.users[1]) == ["correct horse battery"])
        let route = try #require(configuration.routes.first)
        #expect(route.path == "/hooks/sipgate" && route.provider == .sipgate)
        #expect(route.users == ["sipgate", "second"] && route.destinations == ["crm", "call-log"])
        #expect(configuration.destinations.map(\.target) == ["/events", "/"])
        #expect(configuration.destinations.map(\.port) == [9000, 9001])
        #expect(configuration.destinations[0].wanted.types == ["call.started", "call.ended"])
        #expect(configuration.destinations[1].wanted.types == nil)
        #expect(configuration.logging.level == "info" && configuration.logging.masksPersonalData)
    }

    @Test func `defaults are those of the types`() throws {
        let text = """
            public_url: https://[::1]
            listeners: [{address: "[::1]:0", tls: {certificates: [{chain: server.pem, key: server.key}]}}]
            users: [{name: a, password: "${env:SECOND}"}]
            routes: [{path: /a, provider: sipgate, users: [a], destinations: [b]}]
            destinations: [{name: b, url: "http://localhost?x=1"}]

            """
        let (configuration, warnings) = try ConfigurationFixture().load(text)
        #expect(warnings.map(\.key) == ["follow_up_key"])
        #expect(configuration.eventLoops == System.coreCount)
        #expect(configuration.listeners[0].host == "::1" && configuration.listeners[0].port == 0)
        #expect(configuration.listeners[0].limits.idleTimeout == EdgeLimits().idleTimeout)
        #expect(configuration.listeners[0].tls.minimumVersion == "1.2")
        #expect(configuration.destinations[0].port == 80 && configuration.destinations[0].target == "/?x=1")
        #expect(configuration.destinations[0].concurrency == 16)
        #expect(configuration.logging.format == .text && configuration.logging.level == "info")
        #expect(configuration.followUpKey == nil)
    }

    @Test func `every key of a delivery arrives`() throws {
        let text = ConfigurationFixture.good.replacing(
            "    types: [call.started, call.ended]\n",
            with: """
                    directions: [in]
                    order: none
                    rate: 50
                    expire: {call.started: 30s}
                    retry: {first_delay: 2s, max_delay: 1m, give_up_after: 2d, statuses: [404], dead: [501]}
                    breaker: {failures: 3, open_for: 10s, max_open: 2m}
                    signing_secret: ["${env:SIGN}", "${env:SHORT}"]

                """
        )
        let (configuration, warnings) = try ConfigurationFixture().load(text)
        #expect(warnings.map(\.key) == ["destinations[0].signing_secret[1]"])
        let destination = configuration.destinations[0]
        #expect(destination.wanted.directions == ["in"] && destination.order == .none && destination.rate == 50)
        #expect(destination.expiry == ["call.started": .seconds(30)])
        #expect(destination.retry.firstDelay == .seconds(2) && destination.retry.maxDelay == .minutes(1))
        #expect(destination.retry.giveUpAfter == .hours(48))
        #expect(destination.retry.statuses == [404] && destination.retry.dead == [501])
        #expect(destination.breaker.failures == 3 && destination.breaker.openFor == .seconds(10))
        #expect(destination.breaker.maxOpen == .minutes(2) && destination.secrets.count == 2)
        #expect(configuration.destinations[1].retry == RetryPolicy() && configuration.destinations[1].secrets.isEmpty)
    }

    @Test func `with a journal every route is durable unless it says otherwise`() throws {
        let fixture = try ConfigurationFixture()
        let text = ConfigurationFixture.good.replacing("    durable: false\n", with: "")
        #expect(try fixture.load(text).0.routes.map(\.isDurable) == [false])
        let (kept, warnings) = try fixture.load(text + "journal: {path: var/journal.sqlite}\n")
        #expect(warnings == [])
        #expect(kept.routes.map(\.isDurable) == [true])
        #expect(kept.journal?.path == "\(fixture.folder)/var/journal.sqlite")
        #expect(kept.journal?.retain == .hours(7 * 24) && kept.journal?.maxBytes == 2 << 30)
        let (idle, remarks) = try fixture.load(
            ConfigurationFixture.good + "journal: {path: /j, retain: 36h, max_size: 1GiB}\n"
        )
        #expect(remarks.map(\.key) == ["journal"] && idle.routes.map(\.isDurable) == [false])
        #expect(idle.journal?.retain == .hours(36) && idle.journal?.maxBytes == 1 << 30)
    }

    @Test func `the file of the benchmark loads`() throws {
        let fixture = try ConfigurationFixture()
        let text = """
            public_url: https://localhost:18443
            event_loops: 1
            listeners:
              - address: 127.0.0.1:18443
                tls:
                  certificates: [{chain: \(fixture.folder)/server.pem, key: \(fixture.folder)/server.key}]
                limits: {max_connections: 20000, idle_timeout: 300s}
            users:
              - {name: bench, password: "${env:SECOND}"}
            routes:
              - path: /hooks/sipgate
                provider: sipgate
                users: [bench]
                destinations: [backend]
                durable: false
            destinations:
              - {name: backend, url: "http://127.0.0.1:18080/hooks/sipgate", concurrency: 128}

            logging: {level: warning}

            """
        let (configuration, _) = try fixture.load(text)
        #expect(configuration.listeners[0].limits.idleTimeout == .seconds(300))
        #expect(configuration.destinations[0].concurrency == 128)
        #expect(configuration.logging.level == "warning")
    }

    @Test func `secrets come from files without their last newline, and open ones are warned about`() throws {
        let fixture = try ConfigurationFixture()
        try fixture.write("password", "p\u{e4}ss word\n", mode: 0o644)
        let text = ConfigurationFixture.good.replacing("${env:SECOND}", with: "${file:password}")
        let (configuration, warnings) = try fixture.load(text)
        #expect(plain(configuration.users[1]) == ["p\u{e4}ss word"])
        #expect(warnings.map(\.key) == ["users[1].password"])
        #expect(warnings.first?.message.contains("can be read by everybody") == true)
    }

    @Test func `several hashes of a user are all good`() throws {
        let other = "$6$saltsalt$8RWsOfwR6M6PpnoeQiEiWzNTPo1f0HjVYjDnLZhGx16aBFRkeqiHAzfXP/LgrOWMBMXqiU2pLrXsSOHNUyUm91"
        let text = ConfigurationFixture.good.replacing(
            "\"\(ConfigurationFixture.hash)\"",
            with: "[\"\(ConfigurationFixture.hash)\", '\(other)']"
        )
        let (configuration, _) = try ConfigurationFixture().load(text)
        #expect(hashes(configuration.users[0]) == [ConfigurationFixture.hash, other])
    }

    @Test func `a users file adds users, several lines for one name are several passwords`() throws {
        let fixture = try ConfigurationFixture()
        let hash = ConfigurationFixture.hash
        try fixture.write(
            "users",
            "# ours\nthird:\(hash)\n\nthird:$y$j75$abcdefghijkl$Ni6YAln6Uaif70x1WKWwiuo/LUf96t0/ZFkWikmeGE5\r\nfourth:\(hash)\n"
        )
        let text = ConfigurationFixture.good.replacing("[sipgate, second]", with: "[sipgate, second, third, fourth]")
        let (configuration, _) = try fixture.load(text + "users_file: users\n")
        #expect(configuration.users.map(\.name) == ["sipgate", "second", "third", "fourth"])
        #expect(
            hashes(configuration.users[2]) == [hash, "$y$j75$abcdefghijkl$Ni6YAln6Uaif70x1WKWwiuo/LUf96t0/ZFkWikmeGE5"]
        )
    }

    @Test func `problems in a users file carry its name and line`() throws {
        let fixture = try ConfigurationFixture()
        try fixture.write("users", "nocolon\nweak:$apr1$abc$def\n:x\nsipgate:\(ConfigurationFixture.hash)\n")
        let issues = try fixture.issues(ConfigurationFixture.good + "users_file: users\n")
        let places = issues.map { "\($0.file == fixture.path ? "main" : "users"):\($0.line ?? 0):\($0.column ?? 0)" }
        #expect(places == ["main:30:13", "users:1:1", "users:2:1", "users:3:1"])
        #expect(issues[0].message == "the user `sipgate` stands in the users file and in line 10")
    }

    @Test func `users and destinations that nobody uses are warned about`() throws {
        let text = ConfigurationFixture.good.replacing("[sipgate, second]", with: "[sipgate]")
            .replacing("[crm, call-log]", with: "[crm]")
        let (_, warnings) = try ConfigurationFixture().load(text)
        #expect(warnings.map(\.key) == ["users", "destinations"])
    }

    private func hashes(_ user: UserAccount) -> [String] {
        user.passwords.compactMap { if case .hash(let hash) = $0 { hash } else { nil } }
    }

    private func plain(_ user: UserAccount) -> [String] {
        user.passwords.compactMap { if case .plain(let secret) = $0 { secret.exposed } else { nil } }
    }
}
