package import NIOCore

extension ByteBuffer {
    /// Writes a number in decimal digits, without making a string.
    ///
    /// - Parameter number: not negative.
    package mutating func writeDecimal(_ number: Int) {
        var digits = InlineArray<20, UInt8>(repeating: 0)
        var start = digits.count
        var rest = number.magnitude
        repeat {
            start -= 1
            digits[start] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10)
            rest /= 10
        } while rest > 0
        writeSpan(digits.span.extracting(start...))
    }
}
