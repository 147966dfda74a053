internal import Journal
internal import Webhooks

extension AttemptOutcome {
    /// The stable words of the journal and the log.
    private var parts: (outcome: String, detail: String?, status: Int?) {
        switch self {
        case .delivered(let status): ("delivered", nil, status)
        case .refused(let status, _): ("refused", nil, status)
        case .timedOut(let phase): ("timed_out", phase.rawValue, nil)
        case .unreachable(let word): ("unreachable", word, nil)
        case .overloaded: ("overloaded", nil, nil)
        case .protocolError: ("protocol_error", nil, nil)
        }
    }

    /// All of it in one line: `refused 503`, `timed_out answering`.
    var words: String {
        let (outcome, detail, status) = parts
        return [outcome, detail, status.map(String.init)].compactMap { $0 }.joined(separator: " ")
    }

    /// The record of an attempt that ended so.
    func record(of item: LeasedAttempt, now: Timestamp) -> AttemptRecord {
        let (outcome, detail, status) = parts
        return AttemptRecord(
            number: item.number,
            time: item.begin,
            latency: Int(max(0, now.milliseconds(since: item.begin))),
            outcome: outcome,
            detail: detail,
            status: status
        )
    }
}
