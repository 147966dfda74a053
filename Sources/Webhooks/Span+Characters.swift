extension Span<UInt8> {
    /// Whether every byte is visible ASCII, 0x21 to 0x7E.
    package var isVisibleASCII: Bool { lies(in: 0x21...0x7E) }

    /// Whether every byte is visible ASCII or a blank, 0x20 to 0x7E.
    package var isPrintableASCII: Bool { lies(in: 0x20...0x7E) }

    /// Whether no byte is a control character of ASCII, 0x00 to 0x1F and 0x7F.
    package var isFreeOfControls: Bool {
        if isPrintableASCII { return true }
        for index in indices where self[index] < 0x20 || self[index] == 0x7F { return false }
        return true
    }

    private func lies(in range: ClosedRange<UInt8>) -> Bool {
        var least = range.upperBound
        var most = range.lowerBound
        // To the end in any case: without a way out the loop takes many bytes at a time.
        for index in indices {
            least = Swift.min(least, self[index])
            most = Swift.max(most, self[index])
        }
        return least >= range.lowerBound && most <= range.upperBound
    }
}
