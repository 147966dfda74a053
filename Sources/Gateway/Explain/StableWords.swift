import Delivery
import Edge
import Journal
import Webhooks

/// Every word that replies, logs, metrics and the journal use for what happened, with what it means: one list, from which
/// `docs/reasons.md` is made.
enum StableWords {
    /// One word.
    struct Entry: Sendable {
        let word: String
        /// What it means.
        let meaning: String
        /// What to do about it; nil where nothing is to be done.
        var remedy: String?
        /// The status of the reply, for refusals.
        var status: String?
    }

    /// Words of one kind.
    struct Section: Sendable {
        let title: String
        /// Where they stand.
        let place: String
        let entries: [Entry]
    }

    /// All of them.
    static let sections: [Section] = [
        requests, handshakes, connections, outcomes, phases, unreachable, deadLetters, states, details, decisions,
        signatures, proofs, breakers, journal,
    ]

    /// The words for which somebody is turned away.
    static let ofRefusals = Set((requests.entries + handshakes.entries + connections.entries).map(\.word))

    /// Whether a kind of words holds a word; for tests that look at what is said elsewhere.
    static func contains(_ word: String) -> Bool {
        sections.contains { $0.entries.contains { $0.word == word } }
    }

    // MARK: Those who were turned away

    private static let requests = Section(
        title: "Refused requests",
        place: "`reason` of the reply (`application/problem+json`), of the log line `request`, of "
            + "`hookgate_refusals_total`, of `hookgate explain` and of `/api/refusals`",
        entries: ReasonCode.allCases.map { reason in
            let (title, remedy) = reason.wording
            return Entry(
                word: reason.rawValue,
                meaning: title.description,
                remedy: remedy.description,
                status: "\(reason.status)\(reason.endsConnection ? ", closes" : "")"
            )
        }
    )

    private static let handshakes = Section(
        title: "Failed handshakes",
        place:
            "`reason` of `hookgate_tls_handshake_failures_total`, of `hookgate explain --last` and of `/api/refusals`",
        entries: EdgeCounts.HandshakeFailure.allCases.map { failure in
            let (title, remedy) = failure.wording
            return Entry(word: failure.rawValue, meaning: title.description, remedy: remedy.description)
        }
    )

    private static let connections = Section(
        title: "Refused connections",
        place: "`reason` of `hookgate_connections_refused_total`, of `hookgate explain --last` and of `/api/refusals`",
        entries: EdgeCounts.ConnectionRefusal.allCases.map { refusal in
            let (title, remedy) = refusal.wording
            return Entry(word: refusal.rawValue, meaning: title.description, remedy: remedy.description)
        }
    )

    // MARK: Deliveries

    static let outcomes = Section(
        title: "How an attempt ended",
        place: "`outcome` of an attempt, of the log and of `hookgate_attempts_total`",
        entries: zip(
            AttemptCounts.outcomes,
            [
                ("The destination answered with 2xx.", nil),
                ("It answered with another status, which stands beside.", "See what its log says at that time."),
                ("It took longer than its `timeout`; where it stood is in the detail.", "See below."),
                ("No connection, or one that ended without an answer; why is in the detail.", "See below."),
                (
                    "Too many attempts waited for a connection to it.",
                    "Raise its `concurrency`, or make it faster."
                ),
                ("What came back was not HTTP/1.1, or ended in the middle.", "See what listens at its address."),
            ] as [(String, String?)]
        ).map { Entry(word: $0, meaning: $1.0, remedy: $1.1) }
    )

    static let phases = Section(
        title: "Where an attempt stood when its time was up",
        place: "`detail` of an attempt whose outcome is `timed_out`",
        entries: AttemptOutcome.Phase.allCases.map { phase in
            let (meaning, remedy) = phase.wording
            return Entry(word: phase.rawValue, meaning: meaning, remedy: remedy)
        }
    )

    static let unreachable = Section(
        title: "Why a destination could not be reached",
        place: "`detail` of an attempt whose outcome is `unreachable`",
        entries: ConnectFailure.allCases.map { Entry(word: $0.rawValue, meaning: $0.meaning, remedy: $0.remedy) }
    )

    private static let deadLetters = Section(
        title: "Why an event is a dead letter",
        place: "`reason` of a delivery and of the log line `event is a dead letter`",
        entries: [
            Entry(
                word: "refused",
                meaning: "The destination answered with a status that another attempt does not change.",
                remedy: "Mend the destination, then `hookgate events retry`."
            ),
            Entry(
                word: "gave_up",
                meaning: "It was not delivered within `give_up_after`.",
                remedy: "Mend the destination, then `hookgate events retry`."
            ),
            Entry(
                word: "damaged",
                meaning: "Its row in the journal is damaged and cannot be sent.",
                remedy: "See docs/durability.md."
            ),
        ]
    )

    private static let states = Section(
        title: "Where an event stands at a destination",
        place: "`state` of a delivery and of `hookgate_destination_events`",
        entries: DeliveryState.allCases.map { state in
            switch state {
            case .pending: Entry(word: state.rawValue, meaning: "Not delivered yet.")
            case .delivered: Entry(word: state.rawValue, meaning: "The destination took it.")
            case .dead: Entry(word: state.rawValue, meaning: "Given up; it can be sent again.")
            case .expired: Entry(word: state.rawValue, meaning: "Worthless before it could be sent: see `expire`.")
            case .dropped: Entry(word: state.rawValue, meaning: "An operator took it out.")
            }
        }
    )

    private static let details = Section(
        title: "What a pending event waits for",
        place: "`detail` of a delivery whose state is `pending`; else it is the state",
        entries: [
            Entry(word: "line", meaning: "Its turn."),
            Entry(word: "retry", meaning: "Its next attempt, at `due`."),
            Entry(word: "held", meaning: "An earlier event of its call."),
        ]
    )

    // MARK: Calls

    private static let decisions = Section(
        title: "Who decided about a call",
        place: "`by` of `call.decided`",
        entries: [
            Entry(word: "destination", meaning: "The destination that was asked."),
            Entry(word: "rule", meaning: "A rule of the route, named beside."),
            Entry(word: "fallback", meaning: "Nobody else did: the route's `fallback`; why stands in `problem`."),
        ]
    )

    private static let signatures = Section(
        title: "What was found of a signature",
        place: "`signature` of an event, where the route looks",
        entries: [
            Entry(word: "valid", meaning: "One of the keys made it for this content."),
            Entry(word: "missing", meaning: "There is none."),
            Entry(word: "malformed", meaning: "It cannot be read."),
            Entry(word: "wrong", meaning: "None of the keys made it for this content."),
        ]
    )

    private static let proofs = Section(
        title: "What vouched for a request",
        place: "`proof` of an event's `request`",
        entries: [
            Entry(word: "password", meaning: "That of the user beside."),
            Entry(word: "token", meaning: "The token in a follow-up address."),
        ]
    )

    // MARK: States of the gateway

    private static let breakers = Section(
        title: "The breaker of a destination",
        place: "`state` of `hookgate_breaker_state`",
        entries: [
            Entry(word: "closed", meaning: "Events are sent."),
            Entry(word: "open", meaning: "It failed again and again, and is left alone for a while."),
            Entry(word: "half_open", meaning: "One event tries whether it is back."),
        ]
    )

    private static let journal = Section(
        title: "The journal",
        place: "`state` of `hookgate_journal_state`",
        entries: [
            Entry(word: "writable", meaning: "Events are accepted."),
            Entry(
                word: "unavailable",
                meaning: "It cannot be written; tried again four times a second.",
                remedy: "See what the log says of the disk."
            ),
            Entry(
                word: "full",
                meaning: "What is not delivered has reached `max_size`.",
                remedy: "See to the destinations, or raise it."
            ),
            Entry(word: "closed", meaning: "The gateway is going down."),
        ]
    )
}
