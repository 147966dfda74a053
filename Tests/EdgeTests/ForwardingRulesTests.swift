import NIOCore
import Testing
import Webhooks

@testable import Edge

/// Who is taken for the client of a request behind proxies.
@Suite struct ForwardingRulesTests {
    private static let peer = "10.0.0.1"

    private func client(_ field: ForwardingRules.Field, _ lines: [String]) throws -> String {
        let rules = ForwardingRules(
            from: [try AddressBlock("10.0.0.0/24"), try AddressBlock("fd00::/8")],
            field: field
        )
        let peer = ClientAddress(try SocketAddress(ipAddress: ForwardingRulesTests.peer, port: 1))
        let names: [(name: String, value: String)] = lines.map {
            (field == .forwarded ? "forwarded" : "X-Forwarded-For", $0)
        }
        return rules.client(HeaderFields([("host", "localhost")] + names), peer: peer).description
    }

    @Test(arguments: [
        ([], peer),
        (["192.0.2.7"], "192.0.2.7"),
        // What a client sends itself stands to the left of what the proxy has seen.
        (["10.0.0.9, 192.0.2.7"], "192.0.2.7"),
        (["203.0.113.1, 127.0.0.1, 192.0.2.7"], "192.0.2.7"),
        (["garbage, \"'<>, 192.0.2.7"], "192.0.2.7"),
        (["192.0.2.7, 10.0.0.2, 10.0.0.3"], "192.0.2.7"),
        (["203.0.113.9, 192.0.2.7,10.0.0.2"], "192.0.2.7"),
        // Of the proxies alone, the furthest.
        (["10.0.0.3, 10.0.0.2"], "10.0.0.3"),
        (["fd00::3, 10.0.0.2"], "fd00::3"),
        // Ports, brackets.
        (["192.0.2.7:4711"], "192.0.2.7"),
        (["2001:db8::7"], "2001:db8::7"),
        (["[2001:db8::7]"], "2001:db8::7"),
        (["[2001:db8::7]:4711"], "2001:db8::7"),
        (["::ffff:192.0.2.7"], "192.0.2.7"),
        // Nothing that is no address.
        (["unknown"], peer), (["_hidden"], peer), (["192.0.2.7:"], peer), (["192.0.2.7:port"], peer),
        (["192.0.2.7:123456"], peer), (["[192.0.2.7]"], peer), (["[2001:db8::7"], peer), (["[]"], peer),
        (["192.0.2"], peer), (["192.0.2.256"], peer), (["0x7f.1"], peer), (["localhost"], peer),
        (["2001:db8::7%eth0"], peer), (["192.0.2.7 203.0.113.9"], peer), (["192.0.2.7;203.0.113.9"], peer),
        ([String(repeating: "1", count: 5000)], peer), (["192.0.2.7\u{FF0E}"], peer),
        // Behind a proxy that says nothing of use, nobody before it is believed either.
        (["192.0.2.7, unknown, 10.0.0.2"], peer),
        // Empty elements.
        ([""], peer), ([",,"], peer), (["192.0.2.7,"], "192.0.2.7"), (["203.0.113.9 , , 192.0.2.7 ,\t,"], "192.0.2.7"),
        // Several lines are one list, in their order.
        (["203.0.113.9", "192.0.2.7"], "192.0.2.7"),
        (["192.0.2.7", "10.0.0.2"], "192.0.2.7"),
        (["192.0.2.7", ""], "192.0.2.7"),
    ])
    func `X-Forwarded-For is read from the right`(_ lines: [String], _ expected: String) throws {
        #expect(try client(.xForwardedFor, lines) == expected)
    }

    @Test(arguments: [
        (["for=192.0.2.7"], "192.0.2.7"),
        (["For=192.0.2.7;proto=https;by=203.0.113.43"], "192.0.2.7"),
        (["proto=https; for=192.0.2.7"], "192.0.2.7"),
        (["for=\"192.0.2.7:4711\""], "192.0.2.7"),
        (["for=192.0.2.7:4711"], "192.0.2.7"),
        (["for=\"[2001:db8::7]:4711\""], "2001:db8::7"),
        (["for=\"[2001:db8::7]:_port\""], "2001:db8::7"),
        (["for=\"\\1\\92.0.2.7\""], "192.0.2.7"),
        (["for=203.0.113.9, for=192.0.2.7, for=10.0.0.2"], "192.0.2.7"),
        // A quote that a client leaves open swallows nothing of what the proxy adds.
        (["for=\"203.0.113.9, for=192.0.2.7"], "192.0.2.7"),
        (["for=10.0.0.9;host=\"a,b\", for=192.0.2.7;host=\"c,d\""], "192.0.2.7"),
        (["for=\"a\\\"\", for=192.0.2.7"], "192.0.2.7"),
        (["for=unknown"], peer), (["for=\"_gazonk\""], peer), (["proto=https"], peer), (["for"], peer),
        (["for="], peer),
        (["for=192.0.2.7;for=203.0.113.9"], peer), (["for=\"192.0.2.7"], peer), (["for=\"192.0.2.7\"x"], peer),
        (["192.0.2.7"], peer), ([", ,"], peer), (["for=192.0.2.7", "for=10.0.0.2, ,"], "192.0.2.7"),
    ])
    func `Forwarded is read from the right`(_ lines: [String], _ expected: String) throws {
        #expect(try client(.forwarded, lines) == expected)
    }

    @Test func `A chain ends somewhere`() throws {
        let proxies = Array(repeating: "10.0.0.2", count: 100).joined(separator: ", ")
        #expect(try client(.xForwardedFor, ["192.0.2.7, \(proxies)"]) == ForwardingRulesTests.peer)
        let strangers = Array(repeating: "203.0.113.9", count: 100).joined(separator: ", ")
        #expect(try client(.xForwardedFor, ["\(strangers), 192.0.2.7"]) == "192.0.2.7")
    }

    @Test func `A kept connection carries several clients, and nobody else is believed`() throws {
        var limits = EdgeLimits()
        limits.forwarding.from = [try AddressBlock("192.0.2.0/24")]
        let harness = try EdgeHarness(limits: limits)
        for client in ["198.51.100.1", "198.51.100.2"] {
            try harness.send(post("a", headers: "X-Forwarded-For: \(client)\r\nForwarded: for=203.0.113.9\r\n"))
        }
        try harness.send(post("a"))
        #expect(
            harness.responder.screenings.map(\.client.description) == ["198.51.100.1", "198.51.100.2", "192.0.2.7"]
        )
        limits.forwarding.from = [try AddressBlock("192.0.2.8")]
        let other = try EdgeHarness(limits: limits)
        try other.send(post("a", headers: "X-Forwarded-For: 198.51.100.1\r\n"))
        #expect(other.responder.screenings.map(\.client.description) == ["192.0.2.7"])
    }
}
