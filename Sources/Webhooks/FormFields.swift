/// The name-value pairs of a form, decoded, in order and with their duplicates.
///
/// All names and values lie in one array; a pair is a pair of ranges in it. `FormDecoder` makes these, and guarantees
/// that every range holds valid UTF-8.
package struct FormFields: Sendable {
    /// Where a name and its value lie in `bytes`.
    package struct Pair: Sendable {
        /// The decoded name; empty for `=value`.
        package let name: Range<Int>
        /// The decoded value; empty for `name=`, and for `name` without the equals sign.
        package let value: Range<Int>
    }

    /// Names and values, each followed by a zero byte that belongs to neither.
    package internal(set) var bytes: [UInt8] = []
    /// The pairs as they were sent.
    package internal(set) var pairs: [Pair] = []

    /// No pairs.
    init() {}

    /// The decoded text of a range that came from one of the pairs.
    package func text(_ range: Range<Int>) -> String {
        String(decoding: bytes[range], as: UTF8.self)
    }
}
