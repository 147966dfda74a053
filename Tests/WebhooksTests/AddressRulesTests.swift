import NIOCore
import Testing
import Webhooks

@Suite("Address rules")
struct AddressRulesTests {
    private func client(_ text: String) throws -> ClientAddress {
        ClientAddress(try SocketAddress(ipAddress: text, port: 4711))
    }

    @Test(
        "a block holds its addresses and no others",
        arguments: [
            ("192.0.2.0/24", ["192.0.2.0", "192.0.2.255"], ["192.0.1.255", "192.0.3.0", "2001:db8::1", "::c000:201"]),
            ("192.0.2.7", ["192.0.2.7", "::ffff:192.0.2.7"], ["192.0.2.6"]),
            ("192.0.2.128/25", ["192.0.2.128"], ["192.0.2.127"]), ("192.0.2.6/31", ["192.0.2.7"], ["192.0.2.8"]),
            ("0.0.0.0/0", ["0.0.0.0", "255.255.255.255"], ["::1", "2001:db8::1"]),
            ("2001:db8::/32", ["2001:db8::", "2001:db8:ffff::1"], ["2001:db9::", "2001:db7:ffff::", "32.1.13.184"]),
            ("2001:db8::/65", ["2001:db8::7fff:ffff:ffff:ffff"], ["2001:db8::8000:0:0:0"]),
            ("2001:db8::1", ["2001:db8::1"], ["2001:db8::2", "2001:db8:0:1::1"]), ("::/0", ["::1", "10.0.0.1"], []),
            ("::ffff:10.0.0.0/104", ["10.1.2.3"], ["11.0.0.0"]),
        ]
    )
    func blocks(text: String, inside: [String], outside: [String]) throws {
        let rules = AddressRules(allow: [try AddressBlock(text)])
        for address in inside { #expect(try rules.admits(client(address)), "\(address)") }
        for address in outside { #expect(try !rules.admits(client(address)), "\(address)") }
    }

    @Test(
        "an address is written without its port, one of IPv4 always as such",
        arguments: [
            ("192.0.2.1", "192.0.2.1"), ("0.0.0.0", "0.0.0.0"), ("255.255.255.255", "255.255.255.255"),
            ("2001:db8::1", "2001:db8::1"), ("2001:0db8:0:0:1::1", "2001:db8::1:0:0:1"), ("::1", "::1"), ("::", "::"),
            ("::ffff:192.0.2.1", "192.0.2.1"),
        ]
    )
    func text(address: String, text: String) throws {
        #expect("\(try client(address))" == text)
    }

    @Test("a local socket has no address")
    func localSocket() throws {
        #expect("\(ClientAddress(try SocketAddress(unixDomainSocketPath: "/run/x")))" == "unix")
        #expect("\(ClientAddress(nil))" == "unix")
    }

    @Test(
        "what is no block is told why",
        arguments: [
            ("", "is no IP address"), ("example.org", "is no IP address"), ("192.0.2", "is no IP address"),
            ("192.0.2.0/33", "between 0 and 32"), ("2001:db8::/129", "between 0 and 128"), ("10.0.0.0/", "between"),
            ("10.0.0.0/-1", "between"), ("10.0.0.0/+8", "between"), ("10.0.0.0/8/8", "between"),
            ("192.0.2.7/24", "bits behind its prefix"), ("2001:db8::1/64", "bits behind its prefix"),
        ]
    )
    func problems(text: String, words: String) {
        let problem = #expect(throws: AddressBlock.Problem.self) { try AddressBlock(text) }
        #expect(problem?.reason.contains(words) == true, "\(problem?.reason ?? "")")
    }

    @Test(
        "an IPv4 client of a dual-stack listener is shown as that",
        arguments: [
            ("::ffff:192.0.2.7", "192.0.2.7"), ("192.0.2.7", "192.0.2.7"), ("::ffff:255.0.10.1", "255.0.10.1"),
            ("2001:db8::1", "2001:db8::1"), ("::192.0.2.7", "::192.0.2.7"),
        ]
    )
    func shown(text: String, as description: String) throws {
        #expect(try client(text).description == description)
    }

    @Test("what is denied is denied, and where something is allowed nothing else is")
    func rules() throws {
        let rules = AddressRules(allow: [try AddressBlock("10.0.0.0/8")], deny: [try AddressBlock("10.1.0.0/16")])
        #expect(try rules.admits(client("10.2.0.1")))
        #expect(try !rules.admits(client("10.1.0.1")))
        #expect(try !rules.admits(client("192.0.2.1")))
        let open = AddressRules(deny: [try AddressBlock("10.1.0.0/16")])
        #expect(try open.admits(client("192.0.2.1")) && !open.admits(client("10.1.2.3")))
        #expect(AddressRules().isEmpty && !open.isEmpty)
        // A local socket has no address.
        #expect(rules.admits(ClientAddress(nil)))
    }

    @Test(
        "limits count an IPv4 address whole and an IPv6 one by its /64",
        arguments: [
            ("192.0.2.1", "192.0.2.2", false), ("192.0.2.1", "::ffff:192.0.2.1", true),
            ("2001:db8::1", "2001:db8::ffff:0:0:2", true), ("2001:db8::1", "2001:db8:0:1::1", false),
        ]
    )
    func networks(one: String, other: String, isSame: Bool) throws {
        #expect(try (client(one).network == client(other).network) == isSame)
    }
}
