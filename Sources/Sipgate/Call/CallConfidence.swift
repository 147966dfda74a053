/// Why legs are taken for one call; of several reasons the weakest.
package enum CallConfidence: String, Sendable, Comparable {
    /// There is one leg.
    case single
    /// They share sipgate's `xcid`.
    case correlation
    /// One names the other as the first.
    case originalLeg
    /// The same caller, and one was diverted from where the other went, at about the same time.
    case heuristic

    private var rank: Int {
        switch self {
        case .single: 0
        case .correlation: 1
        case .originalLeg: 2
        case .heuristic: 3
        }
    }

    /// Whether the left one is the stronger reason.
    package static func < (left: CallConfidence, right: CallConfidence) -> Bool {
        left.rank < right.rank
    }
}
