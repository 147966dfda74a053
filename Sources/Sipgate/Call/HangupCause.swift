/// Why a leg ended. The list is open: sipgate has sent words that it never documented.
struct HangupCause: Equatable, Sendable {
    private static let documented: Set<String> = [
        "normalClearing", "busy", "cancel", "noAnswer", "congestion", "notFound", "forwarded",
    ]

    /// The word as received.
    let word: String

    /// Whether sipgate documents the word.
    var isKnown: Bool { HangupCause.documented.contains(word) }
}
