import Sipgate
import Webhooks

/// Masks what a form tells of people, and leaves every byte where it was: places in it stay true.
enum ContentMask {
    static func masked(_ form: RawForm) -> [UInt8] {
        var bytes = form.bytes
        for pair in form.pairs {
            if PersonalFields.contain(pair.name) {
                mask(pair.value, &bytes)
            } else if PersonalFields.known.contains(pair.name) {
                if pair.name != PersonalFields.leg {
                    maskRuns(pair.value, &bytes)
                } else if form.leg == nil {
                    mask(pair.value, &bytes)
                }
            } else {
                // A slip of the keyboard says what is wrong; of anything else nobody knows whose name it is.
                if NearestName.among(PersonalFields.known, to: pair.name) == nil { mask(pair.place, &bytes) }
                mask(pair.value, &bytes)
            }
        }
        // Behind the last field that is looked at nothing is known.
        if let last = form.pairs.last, form.pairs.count > FormDecoder.maxPairs {
            for index in last.value.upperBound..<bytes.count where isWord(bytes[index]) { bytes[index] = star }
        }
        return bytes
    }

    /// A text of which nobody knows whom it names.
    static func masked(_ text: String) -> String {
        var bytes = Array(text.utf8)
        mask(0..<bytes.count, &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }

    /// A text of one of our kinds: only what may be a telephone number is masked.
    static func maskedRuns(_ text: String) -> String {
        var bytes = Array(text.utf8)
        maskRuns(0..<bytes.count, &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Stars for letters and digits, but for the country code and the end of what may be a number; the rest is syntax.
    private static func mask(_ value: Range<Int>, _ bytes: inout [UInt8]) {
        var letters: [Int] = []
        var index = value.lowerBound
        while index < value.upperBound {
            if bytes[index] == UInt8(ascii: "%"),
                let byte = RawForm.triplet(bytes, at: index, before: value.upperBound)
            {
                // What is no letter says what is wrong with the value.
                if isWord(byte) { letters += [index, index + 1, index + 2] }
                index += 3
            } else {
                if isWord(bytes[index]) { letters.append(index) }
                index += 1
            }
        }
        let isNumber = letters.count >= PhoneIdentity.telling && letters.allSatisfy { PhoneIdentity.isDigit(bytes[$0]) }
        for index in isNumber ? letters.dropFirst(2).dropLast(2) : letters[...] { bytes[index] = star }
    }

    /// Stars for what may be a telephone number, however its digits are written, but for the first and last two of them.
    private static func maskRuns(_ value: Range<Int>, _ bytes: inout [UInt8]) {
        for mayBreak in [false, true] { maskRuns(units(value, bytes), mayBreak: mayBreak, &bytes) }
    }

    /// The same in one way: where a text may break, a blank may stand between two digits, and behind a plus or a zero, or in
    /// a text without letters, hyphens and the like.
    ///
    /// So most ids and addresses stay.
    private static func maskRuns(
        _ units: [(byte: UInt8, place: Range<Int>)],
        mayBreak: Bool,
        _ bytes: inout [UInt8]
    ) {
        let isPlain = !units.contains { isLetter($0.byte) }
        var run: [Range<Int>] = []
        var breaks: Set<UInt8> = []
        var before: UInt8 = 0
        for (byte, place) in units + [(0, 0..<0)] {
            if PhoneIdentity.isDigit(byte) {
                if mayBreak, !PhoneIdentity.isDigit(before), byte == UInt8(ascii: "0") || before == UInt8(ascii: "+") {
                    breaks = Set(" +-/.()".utf8)
                } else if mayBreak, run.isEmpty {
                    breaks = Set((isPlain ? " +-/()" : " +").utf8)
                }
                run.append(place)
            } else if !breaks.contains(byte) {
                if run.count >= PhoneIdentity.telling {
                    for index in run.dropFirst(2).dropLast(2).joined() { bytes[index] = star }
                }
                run = []
            }
            before = byte
        }
    }

    /// The characters of a value, decoded, with where they stand.
    private static func units(_ value: Range<Int>, _ bytes: [UInt8]) -> [(byte: UInt8, place: Range<Int>)] {
        var units: [(byte: UInt8, place: Range<Int>)] = []
        var index = value.lowerBound
        while index < value.upperBound {
            let triplet =
                bytes[index] == UInt8(ascii: "%") ? RawForm.triplet(bytes, at: index, before: value.upperBound) : nil
            let end = index + (triplet == nil ? 1 : 3)
            units.append((triplet ?? bytes[index], index..<end))
            index = end
        }
        return units
    }

    private static func isLetter(_ byte: UInt8) -> Bool { isWord(byte) && !PhoneIdentity.isDigit(byte) }

    private static let star = UInt8(ascii: "*")

    /// A letter or digit, of any language.
    private static func isWord(_ byte: UInt8) -> Bool {
        PhoneIdentity.isDigit(byte) || (65...90).contains(byte) || (97...122).contains(byte) || byte >= 0x80
    }
}

extension RawForm {
    /// The leg of a call that it names; nil where that is no id, but may be anything.
    var leg: String? {
        guard let leg = value(of: PersonalFields.leg), leg.utf8.count <= 128,
            leg.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F })
        else { return nil }
        return leg
    }
}
