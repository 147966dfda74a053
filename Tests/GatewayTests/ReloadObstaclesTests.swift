import HookgateTesting
import OpenSSL
import Testing

@testable import Gateway

/// What takes a restart.
@Suite struct ReloadObstaclesTests {
    private static let good = ConfigurationFixture.good.replacing(
        "  - {name: call-log, url: \"http://127.0.0.1:9001\"}\n",
        with: "  - {name: call-log, url: \"http://127.0.0.1:9001\", signing_secret: \"${env:SIGN}\"}\n"
    )
    private static let tracing = """
        alarms: {failing_destination: {lasting: 5m, attempts: 3}}
        tracing:
          endpoint: https://127.0.0.1:4318
          tls: {certificate: {chain: client.pem, key: client.key, pass_phrase: "${env:PHRASE}"}}

        """

    private let fixture: ConfigurationFixture

    init() throws {
        fixture = try ConfigurationFixture()
        let identity = try ServerIdentity.selfSigned()
        try fixture.write("client.pem", identity.chainPEM)
        try fixture.write("client.key", identity.key.pem())
    }

    private func load(_ text: String, _ changed: [String: String] = [:]) throws -> GatewayConfiguration {
        let environment = ConfigurationFixture.environment
            .merging(["PHRASE": "correct horse"]) { $1 }.merging(changed) { $1 }
        return try fixture.load(text, environment: environment).0
    }

    private static let whole = good + tracing

    @Test(
        arguments: [
            ([:], "", "", nil),
            (["SIGN": "another secret that is long enough"], "", "", "destinations"),
            (["PHRASE": "another"], "", "", "tracing"),
            (["SECOND": "another battery staple"], "", "", nil),
            ([:], "concurrency: 16", "concurrency: 17", "destinations"),
            ([:], "lasting: 5m", "lasting: 6m", "alarms"),
            ([:], ":4318", ":4319", "tracing"),
            ([:], tracing, "", "alarms tracing"),
        ] as [([String: String], String, String, String?)]
    )
    func `Of destinations, alarms and tracing neither the text nor a secret behind it may change`(
        environment: [String: String],
        old: String,
        new: String,
        keys: String?
    ) throws {
        let before = try load(ReloadObstaclesTests.whole)
        let text = old.isEmpty ? ReloadObstaclesTests.whole : ReloadObstaclesTests.whole.replacing(old, with: new)
        let found = ReloadObstacles.between(before, try load(text, environment), routes: RouteNumbers(before.routes))
        #expect(found.map(\.key).joined(separator: " ") == keys ?? "")
    }
}
