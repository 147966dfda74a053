import Gateway
import Testing

@Suite struct ConfigurationMutationTests {
    /// A small generator with a fixed seed, so that a failure can be repeated (xorshift64*).
    private struct Random: RandomNumberGenerator {
        var state: UInt64

        mutating func next() -> UInt64 {
            state ^= state >> 12
            state ^= state << 25
            state ^= state >> 27
            return state &* 0x2545_F491_4F6C_DD1D
        }
    }

    private static let pieces = [
        ":", "- ", "{", "}", "[", "]", "\"", "'", "\n", "  ", "|", ">", "&a ", "*a", "!!int ", "!x ", "? ", "<<: ", "#",
        "@",
        "%", "\t", "~", "null", "${env:SECOND}", "${file:server.key}", "\u{0}", "\u{85}", "\u{2028}", "\r", "ü",
        "\u{FEFF}",
        "---\n", "...\n", "0", "99999999999999999999", "\\", "\u{E000}", "name: a\n", "name: a, name: b",
    ]

    @Test(arguments: 1...8)
    func `no change to the good file stops the process`(seed: UInt64) throws {
        let fixture = try ConfigurationFixture()
        var random = Random(state: seed &* 0x9E37_79B9_7F4A_7C15)
        var refused = 0
        for _ in 0..<250 {
            var scalars = Array(ConfigurationFixture.good.unicodeScalars)
            for _ in 0..<Int.random(in: 1...6, using: &random) {
                let start = Int.random(in: 0..<scalars.count, using: &random)
                let end = min(scalars.count, start + Int.random(in: 0...12, using: &random))
                switch Int.random(in: 0..<4, using: &random) {
                case 0: scalars.removeSubrange(start..<end)
                case 1: scalars.insert(contentsOf: scalars[start..<end], at: scalars.count - start)
                default:
                    let piece = ConfigurationMutationTests.pieces.randomElement(using: &random) ?? ":"
                    scalars.insert(contentsOf: piece.unicodeScalars, at: start)
                }
            }
            var text = ""
            text.unicodeScalars.append(contentsOf: scalars)
            let issues = try fixture.issues(text)
            for issue in issues {
                #expect(issue.description.unicodeScalars.allSatisfy { $0.value >= 0x20 }, "\(issue)")
                #expect((issue.line ?? 1) >= 1 && (issue.column ?? 1) >= 1)
            }
            if issues.contains(where: { $0.severity == .error }) { refused += 1 }
        }
        #expect(refused > 100)
    }

    @Test(arguments: ["[", "{a: ", "- ", "? "])
    func `deep nesting is refused`(opening: String) throws {
        let text = String(repeating: opening, count: 50_000)
        #expect(try ConfigurationFixture().issues(text).contains { $0.severity == .error })
    }

    @Test func `the same keys over and over end in an error`() throws {
        let text = String(repeating: "event_loops: 2\n", count: 500)
        #expect(try ConfigurationFixture().issues(text).contains { $0.message.contains("given twice") })
    }
}
