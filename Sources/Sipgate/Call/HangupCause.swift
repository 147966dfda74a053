/// Why a leg ended, in sipgate's words.
///
/// An open set: new words have come before, and pass through flagged.
struct HangupCause: Sendable, Equatable {
    /// The word as it was sent.
    let text: String

    /// Whether it is one of the seven that sipgate documents.
    var isKnown: Bool {
        switch text {
        case "normalClearing", "busy", "cancel", "noAnswer", "congestion", "notFound", "forwarded": true
        default: false
        }
    }
}
