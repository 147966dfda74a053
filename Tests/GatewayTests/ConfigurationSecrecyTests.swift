import Gateway
import Testing

@Suite struct ConfigurationSecrecyTests {
    /// Each puts `hunter2` where an operator might put a secret by mistake.
    @Test(arguments: [
        ("${env:SECOND}", "hunter2"), ("${env:SECOND}", "\"hunter2\""), ("${env:SECOND}", "'hunter2"),
        ("${env:SECOND}", "|\n      hunter2"), ("${env:SECOND}", "\"hun\\x74er2\""), ("${env:SECOND}", "[hunter2]"),
        ("${env:SECOND}", "{a: hunter2}"), ("${env:SECOND}", "hunter2 ${env:SECOND}"),
        ("${env:SECOND}", "${env:SECOND} # not hunter2 any more\n    bad: 1"),
        ("password: ${env:SECOND}", "pasword: hunter2"),
        ("password: ${env:SECOND}", "secret: [hunter2]"),
        ("password_hash: \"$2y", "password: hunter2, password_hash: \"$x"),
        ("password_hash: \"$2y", "pasword: hunter2, password_hash: \"$x"), ("\"$2y$04$abc", "\"$1$hunter2"),
        ("password_hash: \"$2y", "password: hunter2, password: hunter2, password_hash: \"$2y"),
        ("${env:FOLLOW}", "hunter2"), ("${env:FOLLOW}", "hunter2hunter2hunter2"),
        ("key: server.key", "key: server.key, pass_phrase: hunter2"),
        ("key: server.key", "key: server.key, pass_phrase: hunter2, bad: 1"),
        ("https://hooks", "https://user:hunter2@hooks"), ("http://127", "http://user:hunter2@127"),
        ("event_loops: 2", "journal: {url: \"postgres://a:hunter2@b\"}"),
        ("- name: second\n    password: ${env:SECOND}", "- second:hunter2"),
        ("users:\n  - {name: sipgate, password_hash: \"$2y", "users: [a, {password: hunter2"),
    ])
    func `a secret in the file is in no issue`(old: String, new: String) throws {
        let text = ConfigurationFixture.good.replacing(old, with: new)
        #expect(text.contains("unter2") || text.contains("er2"))
        let issues = try ConfigurationFixture().issues(text)
        #expect(!issues.isEmpty)
        for issue in issues {
            let printed = "\(issue) \(issue.excerpt?.line ?? "")"
            #expect(!printed.contains("er2"), "\(issue)")
        }
    }

    @Test func `secrets that were resolved are in no issue and print as redacted`() throws {
        let fixture = try ConfigurationFixture()
        let text = ConfigurationFixture.good.replacing("timeout: 5s", with: "timeout: 5")
            .replacing("${env:FOLLOW}", with: "${env:SHORT}")
        let issues = try fixture.issues(text)
        #expect(issues.count == 2)
        for secret in ConfigurationFixture.environment.values where !secret.isEmpty && secret != "short" {
            #expect(!issues.contains { $0.description.contains(secret) })
        }
        let (configuration, _) = try fixture.load(ConfigurationFixture.good)
        var dumped = ""
        dump(configuration.users, to: &dumped)
        #expect(!"\(configuration)".contains("correct horse"))
        #expect("\(configuration)".contains("<redacted>"))
    }

    @Test func `a hidden value keeps the caret in place`() throws {
        let text = ConfigurationFixture.good.replacing(
            "{name: sipgate, password_hash",
            with: "{pasword: hunter2, nam: x, password_hash"
        )
        let issue = try #require(try ConfigurationFixture().issues(text).first { $0.key == "users[0].nam" })
        let excerpt = try #require(issue.excerpt)
        #expect(excerpt.line == "  - {pasword: •••, nam: •••, password_hash: •••}")
        #expect(excerpt.indent == 19)
    }
}
