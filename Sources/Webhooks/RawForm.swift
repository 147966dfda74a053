package import NIOCore

/// The pairs of a form where they stand in its bytes: for looking at a form that was refused, and never for deciding.
///
/// It bears anything, and keeps places instead of text.
package struct RawForm {
    /// One pair.
    package struct Pair {
        /// The name, decoded as far as it can be.
        package let name: String
        /// Where the name stands, as it was sent.
        package let place: Range<Int>
        package var start: Int { place.lowerBound }
        /// Where the value stands, as it was sent.
        package let value: Range<Int>
    }

    /// More are not looked at.
    private static let most = FormDecoder.maxPairs + 1

    /// The content, as it was sent.
    package let bytes: [UInt8]
    /// The pairs, in order.
    package let pairs: [Pair]

    package init(_ body: ByteBuffer) {
        bytes = Array(body.readableBytesView)
        var pairs: [Pair] = []
        var start = 0
        while start <= bytes.count, pairs.count < RawForm.most {
            let end = bytes[start...].firstIndex(of: UInt8(ascii: "&")) ?? bytes.count
            if end > start {
                let equals = bytes[start..<end].firstIndex(of: UInt8(ascii: "="))
                let place = start..<(equals ?? end)
                let name = RawForm.decode(bytes, place).map(\.byte)
                let value = equals.map { $0 + 1..<end } ?? end..<end
                pairs.append(Pair(name: String(decoding: name, as: UTF8.self), place: place, value: value))
            }
            start = end + 1
        }
        self.pairs = pairs
    }

    /// The value of the first field with this name, decoded; nil when there is none or it is no UTF-8.
    package func value(of name: String) -> String? {
        guard let pair = pairs.first(where: { $0.name == name }) else { return nil }
        return String(validating: RawForm.decode(bytes, pair.value).map(\.byte), as: UTF8.self)
    }

    /// The byte that a refusal is about, counted from 0; nil where it is about none.
    ///
    /// - Parameters:
    ///   - reason: why the form was refused.
    ///   - field: the field that is to blame.
    /// - Returns: a place in `bytes`, or its end.
    package func place(of reason: ReasonCode, field: String?) -> Int? {
        switch reason {
        case .invalidPercentEncoding: return firstBrokenTriplet
        case .invalidUTF8: return pairs.lazy.compactMap(invalidUTF8).first
        case .tooManyFields: return pairs.count == RawForm.most ? pairs.last?.start : nil
        case .duplicateField: return pairs.filter { $0.name == field }.dropFirst().first?.start
        case .controlCharacter: return first(in: field) { $0 < 0x20 || $0 == 0x7F }
        case .invalidIdentifier, .invalidNumber:
            return first(in: field) { $0 <= 0x20 || $0 >= 0x7F } ?? start(of: field)
        case .valueTooLong:
            return pairs.filter { $0.name == field }.max { $0.value.count < $1.value.count }?.value.lowerBound
        case .missingField, .unknownEvent, .invalidDirection, .invalidDTMF, .accountMismatch:
            return start(of: field)
        default: return nil
        }
    }

    private func start(of field: String?) -> Int? {
        pairs.first { $0.name == field }?.value.lowerBound
    }

    /// Where the first decoded byte of such a kind stands in the values of a field.
    private func first(in field: String?, _ isWanted: (UInt8) -> Bool) -> Int? {
        for pair in pairs where pair.name == field {
            if let found = RawForm.decode(bytes, pair.value).first(where: { isWanted($0.byte) }) { return found.place }
        }
        return nil
    }

    private var firstBrokenTriplet: Int? {
        bytes.indices.first { index in
            bytes[index] == UInt8(ascii: "%") && RawForm.triplet(bytes, at: index, before: bytes.count) == nil
        }
    }

    private func invalidUTF8(_ pair: Pair) -> Int? {
        for range in [pair.place, pair.value] {
            let decoded = RawForm.decode(bytes, range)
            var bytes = decoded.lazy.map(\.byte).makeIterator()
            var parser = Unicode.UTF8.ForwardParser()
            var index = 0
            parsing: while true {
                switch parser.parseScalar(from: &bytes) {
                case .valid(let scalar): index += scalar.count
                case .error: return index < decoded.count ? decoded[index].place : nil
                case .emptyInput: break parsing
                }
            }
        }
        return nil
    }

    /// What bytes stand for, each with its place; a percent sign that begins nothing stands for itself.
    private static func decode(_ bytes: [UInt8], _ range: Range<Int>) -> [(byte: UInt8, place: Int)] {
        var decoded: [(byte: UInt8, place: Int)] = []
        decoded.reserveCapacity(range.count)
        var index = range.lowerBound
        while index < range.upperBound {
            if bytes[index] == UInt8(ascii: "%"), let byte = triplet(bytes, at: index, before: range.upperBound) {
                decoded.append((byte, index))
                index += 3
            } else {
                decoded.append((bytes[index] == UInt8(ascii: "+") ? UInt8(ascii: " ") : bytes[index], index))
                index += 1
            }
        }
        return decoded
    }

    /// The byte that a percent sign and two digits stand for.
    package static func triplet(_ bytes: [UInt8], at index: Int, before end: Int) -> UInt8? {
        guard end - index > 2, let high = FormDecoder.digit(bytes[index + 1]),
            let low = FormDecoder.digit(bytes[index + 2])
        else { return nil }
        return high << 4 | low
    }
}
