import Gateway
import Testing

/// One way to break the good configuration, and the one issue it has to give.
struct Breakage: Sendable, CustomTestStringConvertible {
    var old: String
    var new: String
    var place: String
    var key: String
    var says: String

    init(_ old: String, _ new: String, at place: String, _ key: String, _ says: String) {
        self.old = old
        self.new = new
        self.place = place
        self.key = key
        self.says = says
    }

    var testDescription: String { "\(old.debugDescription) becomes \(new.debugDescription)" }
}

@Suite struct ConfigurationErrorTests {
    @Test(arguments: Breakage.all)
    func `a broken file gives one error with its place, key and words`(_ breakage: Breakage) throws {
        let fixture = try ConfigurationFixture()
        let good = ConfigurationFixture.good
        let range = try #require(good.firstRange(of: breakage.old))
        let issues = try fixture.issues(good.replacingSubrange(range, with: breakage.new))
        let errors = issues.filter { $0.severity == .error }
        try #require(errors.count == 1, "\(issues)")
        let error = errors[0]
        #expect(error.file == fixture.path)
        #expect("\(error.line ?? 0):\(error.column ?? 0)" == breakage.place, "\(error)")
        #expect(error.key == breakage.key)
        #expect(error.description.contains(breakage.says), "\(error)")
    }

    @Test func `everything wrong is reported at once, in the order of the file`() throws {
        let text = """
            public_url: http://hooks.example.net
            evnt_loops: 2
            listeners:
              - address: 8443
                limits: {idle_timeout: 75}
            routes:
              - path: hooks
                provider: sipgat
                users: [nobody]
                destinations: []
            destinations:
              - {name: crm, url: "ftp://crm.example.net"}
              - {name: crm, url: "http://127.0.0.1:9000"}
            logging: {level: loud, mask_personal_data: yes}
            journal: {path: x, retain: 7}

            """
        let issues = try ConfigurationFixture().issues(text).filter { $0.severity == .error }
        let found = issues.map { "\($0.line ?? 0) \($0.key)" }
        #expect(
            found == [
                "1 users", "1 public_url", "2 evnt_loops", "4 listeners[0].tls", "4 listeners[0].address",
                "5 listeners[0].limits.idle_timeout", "7 routes[0].path", "8 routes[0].provider",
                "9 routes[0].users[0]", "10 routes[0].destinations", "12 destinations[0].url",
                "13 destinations[1].name", "14 logging.level", "14 logging.mask_personal_data", "15 journal.retain",
            ]
        )
    }

    @Test func `all duplicate keys are reported at once, also thrice and in quotes`() throws {
        let text =
            ConfigurationFixture.good + "event_loops: 3\n\"event_loops\": 4\nlogging: {level: info, level: debug}\n"
        let found = try ConfigurationFixture().issues(text).map { "\($0.line ?? 0):\($0.column ?? 0) \($0.key)" }
        #expect(found.sorted() == ["30:1 event_loops", "31:1 event_loops", "32:1 logging"])
        let inner = ConfigurationFixture.good.replacing("{level: info,", with: "{level: info, level: debug,")
        let issues = try ConfigurationFixture().issues(inner)
        #expect(issues.map(\.key) == ["logging.level"])
        #expect(issues.first?.message == "the key `level` is given twice")
        #expect(issues.first?.remedy == "the first one is in line 29")
    }

    @Test(arguments: [
        ("", "the file is empty"), ("# nothing\n", "the file is empty"), ("hello", "has to be a mapping"),
        ("- a\n", "has to be a mapping"), ("a: [1", "not valid YAML"), ("a: \"x", "not valid YAML"),
        ("a: b: c", "not valid YAML"), ("a: *b", "not valid YAML"), ("a: 1\n---\nb: 2\n", "not valid YAML"),
        ("a: \u{7}", "not valid YAML"), ("\ta: 1", "not valid YAML"), ("? [a]\n: b\n", "a key has to be a word"),
    ])
    func `a file that is no configuration says so`(text: String, says: String) throws {
        let issues = try ConfigurationFixture().issues(text)
        #expect(issues.contains { $0.severity == .error && $0.message.contains(says) }, "\(issues)")
    }

    @Test(arguments: [
        ("/nowhere/hookgate.yaml", "cannot read the configuration: no such file or directory"),
        ("/tmp", "cannot read the configuration: it is a folder"),
    ])
    func `a file that cannot be read says why`(path: String, says: String) throws {
        let errors = try #require(throws: ConfigurationErrors.self) {
            try ConfigurationLoader.load(path: path, environment: [:])
        }
        #expect(errors.issues.map(\.message) == [says])
    }

    @Test func `an excerpt shows the line and where in it the trouble is`() throws {
        let text = ConfigurationFixture.good.replacing("timeout: 5s", with: "timeout: 5 # was 3")
        let issue = try #require(try ConfigurationFixture().issues(text).first)
        #expect(issue.excerpt?.line == "    timeout: 5")
        #expect(issue.excerpt?.indent == 13)
    }

    @Test(arguments: [
        ("event_loops: 2", #""ev\e[31mil": 2"#, #"unknown key `ev\u{1b}[31mil`"#),
        (
            "destinations: [crm, call-log]", #"destinations: [crm, "call-lo\e"]"#,
            #"there is no destination `call-lo\u{1b}`"#
        ),
        ("- name: crm\n", #"- name: "cr\em""# + "\n", #"one of: `call-log`, `cr\u{1b}m`"#),
        ("timeout: 5s", #"timeout: "5\rs""#, #"`5\u{d}s` is no duration"#),
    ])
    func `control characters of the file never reach a message`(old: String, new: String, says: String) throws {
        let issues = try ConfigurationFixture().issues(ConfigurationFixture.good.replacing(old, with: new))
        #expect(issues.contains { $0.description.contains(says) }, "\(issues)")
        for issue in issues { #expect(issue.description.unicodeScalars.allSatisfy { $0.value >= 0x20 }) }
    }
}

extension String {
    fileprivate func replacingSubrange(_ range: Range<Index>, with new: String) -> String {
        var copy = self
        copy.replaceSubrange(range, with: new)
        return copy
    }
}
