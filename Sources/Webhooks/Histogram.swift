/// Counts how often values fell into which range, for the metrics: a value, owned by whoever counts.
///
/// Recording is two additions and a short search; nothing is allocated after the beginning.
package struct Histogram: Sendable, Equatable {
    /// The largest value of each range, ascending; one range more takes what is above the last.
    package let bounds: [Int]
    /// How many values fell into each range.
    package private(set) var counts: [Int]
    /// All values together.
    package private(set) var sum = 0

    /// An empty one.
    ///
    /// - Parameter bounds: the largest value of each range, ascending.
    package init(bounds: [Int]) {
        self.bounds = bounds
        counts = Array(repeating: 0, count: bounds.count + 1)
    }

    /// How many values were recorded.
    package var count: Int { counts.reduce(0, +) }

    /// Counts one value.
    package mutating func record(_ value: Int) {
        var index = 0
        while index < bounds.count, bounds[index] < value { index += 1 }
        counts[index] += 1
        sum += value
    }

    /// Adds what another one with the same bounds has counted.
    package mutating func add(_ other: Histogram) {
        for (index, count) in other.counts.enumerated() where index < counts.count { counts[index] += count }
        sum += other.sum
    }

    /// The bound below which a share of the values is, as well as the ranges tell; nil without values.
    package func quantile(_ share: Double) -> Int? {
        let wanted = share * Double(count)
        guard wanted > 0 else { return nil }
        var total = 0
        for (bound, count) in zip(bounds, counts) {
            total += count
            if Double(total) >= wanted { return bound }
        }
        return bounds.last
    }

    /// Bounds for what takes between 100 µs and ten seconds, in nanoseconds.
    package static let latencyBounds = [
        100_000, 250_000, 500_000, 1_000_000, 2_500_000, 5_000_000, 10_000_000, 25_000_000, 50_000_000, 100_000_000,
        250_000_000, 500_000_000, 1_000_000_000, 2_500_000_000, 5_000_000_000, 10_000_000_000,
    ]
}
