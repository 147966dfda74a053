import Testing
import Webhooks

struct HistogramTests {
    @Test(arguments: [(0, 0), (10, 0), (11, 1), (20, 1), (21, 2), (Int.max / 2, 2)])
    func `A value counts in the first range that reaches up to it`(value: Int, range: Int) {
        var histogram = Histogram(bounds: [10, 20])
        histogram.record(value)
        #expect(histogram.counts.enumerated().map { $0.offset == range ? 1 : 0 } == histogram.counts)
        #expect(histogram.sum == value && histogram.count == 1)
    }

    @Test func `Two add up range by range`() {
        var one = Histogram(bounds: [10])
        var two = one
        one.record(1)
        two.record(5)
        two.record(100)
        one.add(two)
        #expect(one.counts == [2, 1] && one.sum == 106)
    }

    @Test func `The place of every reason is its place among all reasons`() {
        #expect(ReasonCode.allCases.map(\.place) == Array(ReasonCode.allCases.indices))
    }
}
