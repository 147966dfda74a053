import Testing

@testable import Webhooks

@Suite("The trace of a request")
struct TraceParentTests {
    private static let good = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

    private func trace(_ values: String...) -> String? {
        TraceParent.of(HeaderFields(values.map { ("TraceParent", $0) }))
    }

    @Test("a valid one is taken as it is")
    func valid() {
        #expect(trace(TraceParentTests.good) == TraceParentTests.good)
    }

    @Test("of a later version the part that is known is taken")
    func later() {
        let later = "01" + TraceParentTests.good.dropFirst(2)
        #expect(trace(later) == later)
        #expect(trace(later + "-more") == later)
    }

    @Test(
        "what is not valid counts as none",
        arguments: [
            "",
            "00",
            good + "-more",
            good + "0",
            "ff" + good.dropFirst(2),
            good.uppercased(),
            "00-00000000000000000000000000000000-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
            "00_0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            "01" + good.dropFirst(2) + "0",
        ]
    )
    func invalid(value: String) {
        #expect(trace(value) == nil)
    }

    @Test("none and two count as none")
    func count() {
        #expect(trace() == nil)
        #expect(trace(TraceParentTests.good, TraceParentTests.good) == nil)
    }
}
