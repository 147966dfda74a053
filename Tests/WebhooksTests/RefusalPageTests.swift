import Foundation
import Testing
import Webhooks

/// The README's table of refusals is what the code says.
@Suite struct RefusalPageTests {
    private static let readme = URL(filePath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .appending(path: "README.md")

    /// One row a reason, in the order of the code.
    private static let table: String = {
        var lines = ["| reason | status | meaning | what to do |", "| --- | --- | --- | --- |"]
        for reason in ReasonCode.allCases {
            let (title, remedy) = reason.wording
            let closes = reason.endsConnection ? ", closes" : ""
            lines.append("| `\(reason.rawValue)` | \(reason.status)\(closes) | \(title) | \(remedy) |")
        }
        return lines.joined(separator: "\n")
    }()

    @Test func `The README lists every reason with its status and its words`() throws {
        let text = try String(contentsOf: RefusalPageTests.readme, encoding: .utf8)
        let (before, after) = ("<!-- refusals: from ReasonCode, see RefusalPageTests -->\n", "\n<!-- end -->")
        let start = try #require(text.range(of: before))
        let end = try #require(text.range(of: after))
        let found = String(text[start.upperBound..<end.lowerBound])
        if ProcessInfo.processInfo.environment["HOOKGATE_WRITE_README"] != nil {
            try text.replacingCharacters(in: start.upperBound..<end.lowerBound, with: RefusalPageTests.table)
                .write(to: RefusalPageTests.readme, atomically: true, encoding: .utf8)
            return
        }
        #expect(found == RefusalPageTests.table, "run this test once with HOOKGATE_WRITE_README=1")
    }
}
