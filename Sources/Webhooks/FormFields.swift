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

    /// Whether there is nothing but ASCII in `bytes`.
    var isASCII = false

    /// No pairs.
    init() {}

    /// The decoded name of a pair, by its place in `pairs`.
    package func name(_ index: Int) -> String { text(pairs[index].name) }

    /// The decoded value of a pair, by its place in `pairs`.
    package func value(_ index: Int) -> String { text(pairs[index].value) }

    private func text(_ range: Range<Int>) -> String {
        // Valid: the decoder has looked, and no range ends inside a character.
        String(copying: unsafe UTF8Span(unchecked: bytes.span.extracting(range), isKnownASCII: isASCII))
    }
}
