/// What the clocks of a place show, worked out beforehand: a lookup among some hundred moments.
package struct TimeZoneTable: Sendable, Equatable {
    /// The last year that clocks are known for.
    static let lastYear = 2100

    /// Moments in seconds since 1970 from which an offset holds, in order.
    private let moments: [Int64]
    /// The offsets, in seconds east of Greenwich, and in front the one before the first moment.
    private let offsets: [Int32]

    /// Greenwich.
    package static let utc = TimeZoneTable(first: 0, changes: [])

    /// A table of changes, in order.
    init(first: Int32, changes: [(moment: Int64, offset: Int32)]) {
        moments = changes.map(\.moment)
        offsets = [first] + changes.map(\.offset)
    }

    /// Seconds to be added to universal time at a moment, which is given in seconds since 1970.
    package func offset(at moment: Int64) -> Int32 {
        var (low, high) = (0, moments.count)
        while low < high {
            let middle = (low + high) / 2
            if moments[middle] <= moment { low = middle + 1 } else { high = middle }
        }
        return offsets[low]
    }
}
