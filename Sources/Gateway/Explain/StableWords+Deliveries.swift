import Delivery

extension StableWords {
    /// What a failed attempt means, and what to do about it.
    ///
    /// - Parameters:
    ///   - outcome: the stable word of how it ended.
    ///   - detail: the stable word beside it.
    ///   - status: of the answer.
    /// - Returns: a sentence each; nil for words that nobody knows.
    static func advice(_ outcome: String, detail: String?, status: Int?) -> (meaning: String, remedy: String)? {
        switch status ?? 0 {
        case 300...399: return ("It redirects, which is not followed.", "Enter the address that it redirects to.")
        case 401, 403:
            return (
                "It does not believe the request.", "See that it has the same `signing_secret`, and the right time."
            )
        case 404, 405: return ("It takes no events there.", "Check the path of its `url`.")
        default: ()
        }
        let word = detail ?? outcome
        let entries = detail == nil ? outcomes.entries : phases.entries + unreachable.entries
        guard let entry = entries.first(where: { $0.word == word }), let remedy = entry.remedy else { return nil }
        return (entry.meaning, remedy)
    }
}

extension ConnectFailure {
    /// In a sentence.
    var meaning: String {
        switch self {
        case .refused: "Nothing listens at the address."
        case .unresolved: "Its name has no address, or the resolver does not answer."
        case .connectTimeout: "The connection was not made in time."
        case .noRoute: "No way leads to the address."
        case .forbidden: "Its Unix socket may not be written to, or a firewall forbids it."
        case .closed: "It hung up without a byte of answer."
        case .exhausted: "This process has no descriptor or port left."
        case .certificateExpired: "Its certificate has expired, or is not valid yet."
        case .certificateWrongName: "Its certificate is for another name."
        case .certificateUntrusted: "Its certificate was not signed by anybody who is trusted."
        case .certificateUnpinned: "Its public key is none of those that are pinned."
        case .tlsFailed: "The TLS handshake failed for another reason."
        case .tlsTimeout: "The TLS handshake was not made in time."
        case .shuttingDown: "The gateway was going down."
        case .failed: "Anything else."
        }
    }
    /// What to do about it.
    var remedy: String {
        switch self {
        case .refused: "Start it, or check host and port of its `url`."
        case .unresolved: "Check the host in its `url`, and the resolver of this machine."
        case .connectTimeout, .noRoute: "See whether its machine is up, and what a firewall in between says."
        case .forbidden: "Let the user of this process write to the socket, or the firewall let it through."
        case .closed: "See what its log says at that time; it may speak TLS, where `url` says http."
        case .exhausted: "Raise the limit of open files, or lower `concurrency`."
        case .certificateExpired: "Renew its certificate, or set the clock of this machine if that is wrong."
        case .certificateWrongName: "Write the name that its certificate is for into `url` or `tls.name`."
        case .certificateUntrusted: "Name its authority in `tls.ca`."
        case .certificateUnpinned: "Find out who changed its key; then add the new one to `tls.pins`."
        case .tlsFailed: "See which versions and suites it speaks: `hookgate cert check HOST:PORT`."
        case .tlsTimeout: "See whether it speaks TLS at all; if not, `url` begins with http."
        case .shuttingDown: "Nothing: it is sent after the next start."
        case .failed: "See what the log of the gateway says at that time."
        }
    }
}

extension AttemptOutcome.Phase {
    /// In a sentence, and what to do about it.
    var wording: (meaning: String, remedy: String) {
        switch self {
        case .waiting:
            ("All connections were busy with earlier attempts.", "Raise its `concurrency`, or make it faster.")
        case .connecting:
            (
                "No connection could be made in time.",
                "See whether its machine is up, and what a firewall in between says."
            )
        case .answering:
            (
                "The request was sent, the answer not complete.",
                "Have it answer first and work later, or raise its `timeout`."
            )
        }
    }
}
