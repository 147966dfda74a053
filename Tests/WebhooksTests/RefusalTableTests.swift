import Foundation
import Testing
import Webhooks

@Suite("Documentation of refusals")
struct RefusalTableTests {
    @Test("docs/refusals.md lists every reason as the program words it")
    func table() throws {
        let file = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../docs/refusals.md")
        let written = try String(contentsOf: file.standardizedFileURL, encoding: .utf8)
            .split(separator: "\n").filter { $0.hasPrefix("| `") }.map(String.init)
        let expected = ReasonCode.allCases.map { reason in
            "| `\(reason.rawValue)` | \(reason.status) | \(reason.wording.title) | \(reason.wording.remedy) |"
        }
        #expect(written == expected, "the table should be:\n\(expected.joined(separator: "\n"))")
    }
}
