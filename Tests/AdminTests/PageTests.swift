import Foundation
import HTTPTypes
import Hummingbird
import Testing

@testable import Admin

/// The page and the description of the API.
struct PageTests {
    @Test func `Only what carries the nonce of this response may run, and the nonce is new each time`() async throws {
        let harness = try await AdminHarness()
        var nonces: Set<String> = []
        for _ in 0..<2 {
            let page = try await harness.get("/")
            let policy = try #require(page.headers[.contentSecurityPolicy])
            let match = try #require(policy.firstMatch(of: /script-src 'nonce-([0-9a-f]{32})'/))
            nonces.insert(String(match.1))
            #expect(policy.hasPrefix("default-src 'none'") && !policy.contains("unsafe"))
            #expect(page.body.contains("<script nonce=\"\(match.1)\">") && !page.body.contains("@nonce@"))
        }
        #expect(nonces.count == 2)
    }

    @Test func `The page needs nothing from elsewhere and builds no markup from text`() async throws {
        let page = try await AdminHarness().get("/").body
        for word in [
            "http://", "https://", "innerHTML", "outerHTML", "insertAdjacent", "document.write", "eval(", " style=",
            "@import",
        ] {
            #expect(!page.contains(word), "\(word)")
        }
    }

    @Test func `Every route is described, and everything described is a route`() async throws {
        let harness = try await AdminHarness()
        let api = try await harness.get("/openapi.json").json()
        let paths = try #require(api["paths"] as? [String: [String: Any]])
        let described = paths.flatMap { path, operations in
            operations.keys.map { "\($0.uppercased()) \(path)" }
        }
        let served = harness.server.router().routes.map { route in
            let path = "\(route.path)".replacing(/:(\w+)/) { "{\($0.1)}" }
            return "\(route.method.rawValue) \(path.hasPrefix("/") ? path : "/" + path)"
        }
        #expect(Set(described) == Set(served).subtracting(["GET /", "GET /openapi.json"]))
    }
}
