import Testing

@testable import Auth

@Suite struct SecretTests {
    private struct Holder {
        let key = Secret("hunter2")
    }

    @Test func `prints as redacted, however it is printed`() {
        var dumped = ""
        dump(Secret("hunter2"), to: &dumped)
        var inside = ""
        dump(Holder(), to: &inside)
        let optional: Secret? = Secret("hunter2")
        let texts = [
            "\(Secret("hunter2"))", String(describing: Secret("hunter2")), String(reflecting: Secret("hunter2")),
            "\([Secret("hunter2")])", "\(String(describing: optional))", "\(Holder())", String(reflecting: Holder()),
            dumped, inside, "\(StoredPassword.plain(Secret("hunter2")))",
        ]
        for text in texts {
            #expect(text.contains("<redacted>"))
            #expect(!text.contains("hunter2"))
        }
        #expect(Mirror(reflecting: Secret("hunter2")).children.isEmpty)
    }

    @Test(arguments: [("a", "a", true), ("", "", true), ("a", "b", false), ("a", "aa", false), ("", "a", false)])
    func `is equal to the same secret only`(_ left: String, _ right: String, _ expected: Bool) {
        #expect((Secret(left) == Secret(right)) == expected)
    }
}
