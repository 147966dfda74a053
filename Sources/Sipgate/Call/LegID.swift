/// sipgate's `callId`: the identity of one leg of a call, not of the conversation.
///
/// Opaque text whose form changed more than once: decimal until 2016, then hexadecimal of growing length.
struct LegID: Sendable, Equatable {
    /// Bytes at most: 136 were seen, and sipgate advises to reserve 200 and to expect more.
    static let maxBytes = 512

    /// The id as it was sent, case kept.
    let text: String

    /// An id, if the text is 1 to 512 visible ASCII characters.
    init?(_ text: String) {
        guard 1...LegID.maxBytes ~= text.utf8.count, text.isVisibleASCII else { return nil }
        self.text = text
    }
}

extension String {
    /// Whether all characters are visible ASCII: no blank, no control character.
    var isVisibleASCII: Bool {
        let bytes = utf8.span
        for index in bytes.indices where bytes[index] <= 0x20 || bytes[index] >= 0x7F { return false }
        return true
    }
}
