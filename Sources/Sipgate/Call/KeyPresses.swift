/// The keys that were pressed during a gather, as text: `007` is not 7.
struct KeyPresses: Sendable, Equatable {
    /// Digits, `A` to `D` in either case, `*` and `#`; empty when no key was pressed; `-1` when the caller hung up
    /// while the announcement played.
    let text: String

    /// The keys; nil for text that no telephone can send.
    init?(_ text: String) {
        guard text == "-1" || text.utf8.allSatisfy(KeyPresses.isKey) else { return nil }
        self.text = text
    }

    private static func isKey(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "D"),
            UInt8(ascii: "a")...UInt8(ascii: "d"), UInt8(ascii: "*"), UInt8(ascii: "#"):
            true
        default: false
        }
    }
}
