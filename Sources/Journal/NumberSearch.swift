/// Finds a number among bytes, as a whole: no digit stands on either side of it, but for the `00` that may stand in front of
/// a country code.
struct NumberSearch {
    /// So many bytes in front of a number tell whether it is a whole one.
    private static let context = 3

    private let wanted: [UInt8]
    /// How far to go on by the byte that stands where the last one of the number would (Horspool's way).
    private let steps: [Int]

    /// - Parameter digits: at least one.
    init(_ digits: [UInt8]) {
        wanted = digits
        var steps = [Int](repeating: digits.count, count: 256)
        for (place, byte) in digits.dropLast().enumerated() { steps[Int(byte)] = digits.count - 1 - place }
        self.steps = steps
    }

    /// How many bytes at the end of a stretch are looked at with the next one again.
    var overlap: Int { wanted.count + NumberSearch.context }

    /// Whether it stands there.
    ///
    /// - Parameters:
    ///   - bytes: all there is, or a stretch of it.
    ///   - isBeginning: whether nothing stands in front of them. Otherwise what stands in their first three bytes was seen with
    ///     the stretch before.
    ///   - isEnd: whether nothing stands behind them. Otherwise what ends with them is seen with the next stretch.
    /// - Returns: whether it does.
    func finds(in bytes: UnsafeRawBufferPointer, isBeginning: Bool = true, isEnd: Bool = true) -> Bool {
        guard let last = wanted.last else { return false }
        var start = isBeginning ? 0 : NumberSearch.context
        let end = isEnd ? bytes.count : bytes.count - 1
        while start + wanted.count <= end {
            let byte = bytes[start + wanted.count - 1]
            if byte == last, bytes[start..<start + wanted.count].elementsEqual(wanted),
                isWhole(start..<start + wanted.count, bytes)
            {
                return true
            }
            start += steps[Int(byte)]
        }
        return false
    }

    private func isWhole(_ range: Range<Int>, _ bytes: UnsafeRawBufferPointer) -> Bool {
        func isDigit(_ place: Int) -> Bool { bytes.indices ~= place && 48...57 ~= bytes[place] }
        guard !isDigit(range.upperBound) else { return false }
        let front = range.lowerBound
        guard isDigit(front - 1) else { return true }
        return front >= 2 && bytes[front - 1] == 48 && bytes[front - 2] == 48 && !isDigit(front - 3)
    }
}
