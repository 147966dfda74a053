import Testing
import Webhooks

@testable import Edge

@Suite struct RouteTableTests {
    private let table = RouteTable([
        Route(path: "/hooks/sipgate", users: ["a"], destinations: [0]),
        Route(path: "/other", users: ["a"], destinations: [0]),
    ])

    @Test(arguments: [
        "/hooks/sipgate", "/hooks/sipgate?x=1", "https://hooks.example.net:8443/hooks/sipgate",
        "HTTPS://hooks.example.net/hooks/sipgate?y",
    ])
    func `The exact path is found, with a query and in absolute form`(target: String) throws {
        let match = try #require(table.match(target))
        #expect(match.index == 0)
        #expect(match.followUp == nil)
    }

    @Test(arguments: [
        "/hooks/sipgate/", "//hooks/sipgate", "/hooks//sipgate", "/hooks/x/../sipgate", "/hooks%2fsipgate",
        "/Hooks/sipgate", "/hooks/sipgate;a=b", "/hooks", "", "*", "hooks/sipgate", "https://host", "/hooks/sipgate#x",
    ])
    func `Nothing is normalised`(target: String) {
        #expect(table.match(target) == nil)
    }

    @Test func `A follow-up address is the path, a kind and a token`() throws {
        let match = try #require(table.match("/hooks/sipgate/answer/dG9rZW4"))
        #expect(match.index == 0)
        #expect(match.followUp == FollowUp(kind: "answer", token: "dG9rZW4"))
    }

    @Test(arguments: ["//answer/token", "/answer", "/a/b/c"])
    func `The route of the root has follow-up addresses of its own form only`(target: String) throws {
        let root = RouteTable([Route(path: "/", users: ["a"], destinations: [0])])
        #expect(root.match("/answer/token")?.followUp == FollowUp(kind: "answer", token: "token"))
        #expect(root.match(target) == nil)
    }

    @Test(arguments: ["/hooks/sipgate/answer", "/hooks/sipgate/answer/", "/hooks/sipgate//t", "/hooks/sipgate/a/b/c"])
    func `Half a follow-up address is none`(target: String) {
        #expect(table.match(target)?.followUp == nil)
        #expect(table.match(target)?.index != 0)
    }
}
