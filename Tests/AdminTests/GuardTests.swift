import HTTPTypes
import Testing
import Webhooks

@testable import Admin

/// Who may ask for what.
struct GuardTests {
    @Test(arguments: [
        "localhost", "LOCALHOST.:9443", "127.0.0.1:9443", "[::1]:9443", "192.0.2.1", "gate.example:9443",
        "Gate.Example",
    ])
    func `Addresses, localhost and configured names are answered`(host: String) async throws {
        var access = AdminServer.Access(host: "127.0.0.1", port: 0)
        access.names = ["gate.example"]
        let harness = try await AdminHarness(access: access)
        #expect(try await harness.get("/api/session", host: host).status == 200)
    }

    @Test(arguments: [
        "evil.example", "localhost.evil.example:9443", "127.0.0.1.evil.example", "a@localhost", "::1", "",
    ])
    func `Another name is not, which keeps a name out that was made to resolve to this machine`(
        host: String
    )
        async throws
    {
        let harness = try await AdminHarness()
        for path in ["/", "/api/session", "/api/events", "/metrics"] {
            let answer = try await harness.get(path, host: host)
            #expect([400, 421].contains(answer.status) && !answer.body.contains("token\":"), "\(path) \(answer)")
        }
    }

    @Test func `A change needs the token of this process`() async throws {
        let harness = try await AdminHarness()
        let body = #"{"action":"retry","all":true}"#
        #expect(try await harness.change(body).status == 202)
        #expect(try await harness.change(body, ["X-Hookgate-Token": nil]).status == 403)
        for wrong in ["", "x", String(repeating: "0", count: 64)] {
            #expect(try await harness.change(body, ["X-Hookgate-Token": wrong]).status == 403)
        }
        let other = try await AdminHarness()
        let foreign = try await other.get("/api/session").json()["token"] as? String
        #expect(try await harness.change(body, ["X-Hookgate-Token": foreign]).status == 403)
    }

    @Test(arguments: [
        ["Origin": "http://evil.example"], ["Origin": "null"], ["Origin": "https://localhost:9443"],
        ["Origin": "http://localhost:9444"], ["Sec-Fetch-Site": "cross-site"], ["Sec-Fetch-Site": "same-site"],
        ["Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"],
    ])
    func `A change from another origin is refused, even with the token`(headers: [String: String]) async throws {
        let harness = try await AdminHarness()
        let answer = try await harness.change(#"{"action":"retry","all":true}"#, headers.mapValues { $0 })
        #expect(answer.status == 403, "\(answer.body)")
    }

    @Test func `A change from the page itself is done`() async throws {
        let harness = try await AdminHarness()
        let answer = try await harness.change(
            #"{"action":"retry","all":true}"#,
            ["Origin": "http://localhost:9443", "Sec-Fetch-Site": "same-origin"]
        )
        #expect(answer.status == 202, "\(answer.body)")
    }

    @Test func `Another site cannot read either, but may link to the page`() async throws {
        let harness = try await AdminHarness()
        #expect(try await harness.get("/api/session", ["Sec-Fetch-Site": "cross-site"]).status == 403)
        #expect(
            try await harness.get("/", ["Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"]).status == 200
        )
        #expect(try await harness.get("/api/session", ["Sec-Fetch-Site": "same-origin"]).status == 200)
    }

    @Test func `Where credentials are wanted, only health needs none`() async throws {
        var access = AdminServer.Access(host: "127.0.0.1", port: 0)
        access.admits = { fields, _ in
            switch fields.only(.authorization) {
            case "Basic right": .admitted
            case "Basic again": .delayed(7)
            default: .challenged
            }
        }
        let harness = try await AdminHarness(access: access)
        for path in ["/", "/metrics", "/api/session", "/api/events", "/openapi.json", "/nothing"] {
            let answer = try await harness.get(path)
            #expect(answer.status == 401, "\(path)")
            #expect(answer.headers[.wwwAuthenticate]?.hasPrefix("Basic realm=") == true)
        }
        for path in ["/healthz", "/readyz"] { #expect(try await harness.get(path).status == 200) }
        #expect(try await harness.get("/api/session", ["Authorization": "Basic right"]).status == 200)
        let delayed = try await harness.get("/api/session", ["Authorization": "Basic again"])
        #expect(delayed.status == 429 && delayed.headers[.retryAfter] == "7")
    }

    @Test func `Every response forbids framing and guessing of types, refusals too`() async throws {
        let harness = try await AdminHarness()
        for answer in [try await harness.get("/"), try await harness.get("/nothing"), try await harness.change("{")] {
            #expect(answer.headers[.xContentTypeOptions] == "nosniff")
            #expect(try answer.headers[#require(HTTPField.Name("X-Frame-Options"))] == "DENY")
        }
    }
}
