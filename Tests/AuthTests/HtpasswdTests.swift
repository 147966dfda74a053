import Testing

@testable import Auth

@Suite struct HtpasswdTests {
    private let hash = "$2y$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"
    private let other = "$2y$05$CCCCCCCCCCCCCCCCCCCCC.VGOzA784oUp/Z0DY336zx7pLYAy0lwK"

    private func hashes(_ account: UserAccount) -> [String] {
        account.passwords.map { if case .hash(let text) = $0 { text } else { "plain" } }
    }

    @Test(arguments: ["\n", "\r\n"])
    func `reads names and hashes, and skips comments and empty lines`(_ end: String) {
        let text = ["# users", "", "alice:\(hash)", "  ", "bob:\(other)", "alice:\(other)"].joined(separator: end)
        for text in [text, text + end] {
            let file = Htpasswd(parsing: text)
            #expect(file.flaws == [])
            #expect(file.accounts.map(\.name) == ["alice", "bob"])
            #expect(file.accounts.map(hashes) == [[hash, other], [other]])
        }
    }

    @Test func `names the line of every flaw, and keeps the good lines`() {
        let file = Htpasswd(
            parsing: """
                alice
                :\(hash)
                bob:plain text
                # carol:
                carol:$apr1$abc$d4Vcv7NBw.vj6Q/WFIFKy0
                dave:\(hash)
                d\u{7}ve:\(hash)
                """
        )
        #expect(file.flaws.map(\.line) == [1, 2, 3, 5, 7])
        #expect(file.flaws[3].message.contains("$apr1$"))
        for flaw in file.flaws { #expect(!flaw.message.contains("plain text") && !flaw.message.contains("alice")) }
        #expect(file.accounts.map(\.name) == ["dave"])
    }

    @Test func `an empty file has no users and no flaws`() {
        #expect(Htpasswd(parsing: "").accounts.isEmpty)
        #expect(Htpasswd(parsing: "").flaws.isEmpty)
    }
}
