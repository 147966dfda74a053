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

        init(_ word: String, _ meaning: String, _ remedy: String? = nil, status: String? = nil) {
            self.word = word
            self.meaning = meaning
            self.remedy = remedy
            self.status = status
        }
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

    /// An entry for each case of a type, in their order.
    private static func entries<Word: CaseIterable & RawRepresentable<String>>(
        _ wording: (Word) -> (meaning: String, remedy: String?)
    ) -> [Entry] {
        Word.allCases.map { word in
            let (meaning, remedy) = wording(word)
            return Entry(word.rawValue, meaning, remedy)
        }
    }

    // MARK: Those who were turned away

    private static let requests = Section(
        title: "Refused requests",
        place: "`reason` of the reply (`application/problem+json`), of the log line `request`, of "
            + "`hookgate_refusals_total`, of `hookgate explain` and of `/api/refusals`",
        entries: ReasonCode.allCases.map { reason in
            let (title, remedy) = reason.wording
            let status = "\(reason.status)\(reason.endsConnection ? ", closes" : "")"
            return Entry(reason.rawValue, title.description, remedy.description, status: status)
        }
    )

    private static let handshakes = Section(
        title: "Failed handshakes",
        place:
            "`reason` of `hookgate_tls_handshake_failures_total`, of `hookgate explain --last` and of `/api/refusals`",
        entries: entries { (failure: EdgeCounts.HandshakeFailure) in
            (failure.wording.title.description, failure.wording.remedy.description)
        }
    )

    private static let connections = Section(
        title: "Refused connections",
        place: "`reason` of `hookgate_connections_refused_total`, of `hookgate explain --last` and of `/api/refusals`",
        entries: entries { (refusal: EdgeCounts.ConnectionRefusal) in
            (refusal.wording.title.description, refusal.wording.remedy.description)
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
        ).map { Entry($0, $1.0, $1.1) }
    )

    static let phases = Section(
        title: "Where an attempt stood when its time was up",
        place: "`detail` of an attempt whose outcome is `timed_out`",
        entries: entries { (phase: AttemptOutcome.Phase) in phase.wording }
    )

    static let unreachable = Section(
        title: "Why a destination could not be reached",
        place: "`detail` of an attempt whose outcome is `unreachable`",
        entries: entries { (failure: ConnectFailure) in (failure.meaning, failure.remedy) }
    )

    private static let deadLetters = Section(
        title: "Why an event is a dead letter",
        place: "`reason` of a delivery and of the log line `event is a dead letter`",
        entries: [
            Entry(
                "refused",
                "The destination answered with a status that another attempt does not change.",
                "Mend the destination, then `hookgate events retry`."
            ),
            Entry(
                "gave_up",
                "It was not delivered within `give_up_after`.",
                "Mend the destination, then `hookgate events retry`."
            ),
            Entry("damaged", "Its row in the journal is damaged and cannot be sent.", "See docs/durability.md."),
        ]
    )

    private static let states = Section(
        title: "Where an event stands at a destination",
        place: "`state` of a delivery and of `hookgate_destination_events`",
        entries: entries { (state: DeliveryState) in
            let meaning =
                switch state {
                case .pending: "Not delivered yet."
                case .delivered: "The destination took it."
                case .dead: "Given up; it can be sent again."
                case .expired: "Worthless before it could be sent: see `expire`."
                case .dropped: "An operator took it out."
                }
            return (meaning, nil)
        }
    )

    private static let details = Section(
        title: "What a pending event waits for",
        place: "`detail` of a delivery whose state is `pending`; else it is the state",
        entries: [
            Entry("line", "Its turn."),
            Entry("retry", "Its next attempt, at `due`."),
            Entry("held", "An earlier event of its call."),
        ]
    )

    // MARK: Calls

    private static let decisions = Section(
        title: "Who decided about a call",
        place: "`by` of `call.decided`",
        entries: [
            Entry("destination", "The destination that was asked."),
            Entry("rule", "A rule of the route, named beside."),
            Entry("fallback", "Nobody else did: the route's `fallback`; why stands in `problem`."),
        ]
    )

    private static let signatures = Section(
        title: "What was found of a signature",
        place: "`signature` of an event, where the route looks",
        entries: [
            Entry("valid", "One of the keys made it for this content."),
            Entry("missing", "There is none."),
            Entry("malformed", "It cannot be read."),
            Entry("wrong", "None of the keys made it for this content."),
        ]
    )

    private static let proofs = Section(
        title: "What vouched for a request",
        place: "`proof` of an event's `request`",
        entries: [
            Entry("password", "That of the user beside."),
            Entry("token", "The token in a follow-up address."),
        ]
    )

    // MARK: States of the gateway

    private static let breakers = Section(
        title: "The breaker of a destination",
        place: "`state` of `hookgate_breaker_state`",
        entries: [
            Entry("closed", "Events are sent."),
            Entry("open", "It failed again and again, and is left alone for a while."),
            Entry("half_open", "One event tries whether it is back."),
        ]
    )

    private static let journal = Section(
        title: "The journal",
        place: "`state` of `hookgate_journal_state`",
        entries: [
            Entry("writable", "Events are accepted."),
            Entry(
                "unavailable",
                "It cannot be written; tried again four times a second.",
                "See what the log says of the disk."
            ),
            Entry("full", "What is not delivered has reached `max_size`.", "See to the destinations, or raise it."),
            Entry("closed", "The gateway is going down."),
        ]
    )
}
