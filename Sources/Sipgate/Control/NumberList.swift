/// Telephone numbers and beginnings of numbers, to be looked up at once, however many there are.
///
/// An entry is a number (`+493023125401`, `00493023125401`, `493023125401`, the extension `10`) or the beginning of
/// one with an asterisk (`+4930*`). Blanks, hyphens, slashes, dots and brackets are passed over. A zero in front is
/// refused: which country it stands for is not known.
package struct NumberList: Sendable, Equatable {
    /// Why an entry cannot stand in a list.
    package struct Problem: Error, Sendable, Equatable, CustomStringConvertible {
        /// Which entry or line, counted from 1.
        package let position: Int
        /// The rule that it breaks.
        package let rule: String

        package var description: String { "entry \(position): \(rule)" }
    }

    private var numbers: Set<UInt64> = []
    private var beginnings: Set<UInt64> = []
    /// The lengths of the beginnings, as bits.
    private var lengths: UInt32 = 0

    /// A list of entries.
    ///
    /// - Parameter entries: Numbers and beginnings.
    /// - Throws: The first entry that is neither.
    package init(_ entries: [String]) throws(Problem) {
        for (index, entry) in entries.enumerated() { try insert(entry, position: index + 1) }
    }

    /// The list in a file: one entry a line; empty lines, and what follows a hash sign, are passed over.
    ///
    /// - Parameter lines: The text of the file.
    /// - Throws: The first line that is no entry.
    package init(lines: String) throws(Problem) {
        for (index, line) in lines.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).enumerated() {
            let entry = line.prefix { $0 != "#" }
            if entry.contains(where: { !$0.isWhitespace }) { try insert(String(entry), position: index + 1) }
        }
    }

    /// This list and another, as one.
    package func union(_ other: NumberList) -> NumberList {
        var both = self
        both.numbers.formUnion(other.numbers)
        both.beginnings.formUnion(other.beginnings)
        both.lengths |= other.lengths
        return both
    }

    /// How many entries there are.
    package var count: Int { numbers.count + beginnings.count }

    /// Whether a number, or a beginning of it, is in the list.
    func contains(_ number: PhoneNumber) -> Bool {
        guard number.kind == .number || number.kind == .short || number.kind == .other else { return false }
        guard let digits = NumberList.digits(of: number.raw), let key = NumberList.key(digits) else { return false }
        if numbers.contains(key) { return true }
        guard lengths != 0 else { return false }
        var beginning: UInt64 = 1
        for (index, digit) in digits.enumerated() {
            beginning = beginning * 10 + UInt64(digit - 48)
            if lengths & 1 << UInt32(index + 1) != 0, beginnings.contains(beginning) { return true }
        }
        return false
    }

    private mutating func insert(_ entry: String, position: Int) throws(Problem) {
        var text = entry.filter { !" \t\r-/.()".contains($0) }
        let isBeginning = text.last == "*"
        if isBeginning { text.removeLast() }
        guard let digits = NumberList.digits(of: text), let key = NumberList.key(digits) else {
            throw Problem(
                position: position,
                rule: "a number has 2 to 15 digits, perhaps after a plus, and * may end the beginning of one"
            )
        }
        guard digits.first != 48 else {
            throw Problem(position: position, rule: "write the country code: +49… for 0…")
        }
        guard isBeginning || digits.count > 1 else {
            throw Problem(position: position, rule: "a number has two digits or more")
        }
        if isBeginning {
            beginnings.insert(key)
            lengths |= 1 << UInt32(digits.count)
        } else {
            numbers.insert(key)
        }
    }

    /// The digits without plus or `00`; nil for anything else.
    private static func digits(of text: String) -> ArraySlice<UInt8>? {
        var bytes = Array(text.utf8)[...]
        if bytes.first == UInt8(ascii: "+") {
            bytes = bytes.dropFirst()
        } else if bytes.starts(with: "00".utf8) {
            bytes = bytes.dropFirst(2)
        }
        return bytes.allSatisfy { UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 } ? bytes : nil
    }

    /// The digits as a number behind a one, which keeps zeros in front; nil for none and for more than 15.
    private static func key(_ digits: ArraySlice<UInt8>) -> UInt64? {
        guard 1...15 ~= digits.count else { return nil }
        return digits.reduce(1) { $0 * 10 + UInt64($1 - 48) }
    }
}
