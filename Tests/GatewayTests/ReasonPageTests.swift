import Delivery
import Foundation
import Journal
import Testing
import Webhooks

@testable import Gateway

/// The list of words is what the code says, and whole.
@Suite struct ReasonPageTests {
    @Test func `docs/reasons.md is what the code makes of it`() throws {
        let page = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../docs/reasons.md")
        #expect(try String(contentsOf: page, encoding: .utf8) == ReasonPage.markdown, "run `make docs`")
    }

    @Test func `No kind of words has one twice, and each says what it means`() {
        for section in StableWords.sections {
            #expect(Set(section.entries.map(\.word)).count == section.entries.count, "\(section.title)")
            #expect(section.entries.allSatisfy { $0.meaning.hasSuffix(".") && !$0.meaning.contains("|") })
            #expect(section.entries.allSatisfy { $0.remedy?.hasSuffix(".") ?? true })
        }
    }

    @Test(arguments: ReasonCode.allCases)
    func `Every refusal has its place in the walk`(_ reason: ReasonCode) {
        for isFollowUp in [false, true] {
            let check = Check(failing: reason, isFollowUp: isFollowUp)
            #expect(Check.walk(isFollowUp: isFollowUp).contains(check))
        }
    }
}
