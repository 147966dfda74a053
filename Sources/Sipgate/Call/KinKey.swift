import Webhooks

/// Where legs that may be kin are looked up: the caller, and the number on which their ways met.
///
/// Two with equal keys may still be strangers: numbers are compared in full afterwards.
struct KinKey: Sendable, Hashable {
    /// Of caller and number, in what they have in common however they are written.
    private let digest: UInt64

    /// A key; nil for a number that names nobody.
    init?(caller: PhoneNumber, number: String) {
        guard let met = PhoneIdentity.bucket(of: number) else { return nil }
        let from: UInt64
        if caller.kind == .anonymous {
            from = 0
        } else {
            guard let bucket = PhoneIdentity.bucket(of: caller.raw) else { return nil }
            from = bucket
        }
        digest = from &* 0x9E37_79B9_7F4A_7C15 ^ met
    }
}

/// Under which keys a leg is found.
struct KinKeys: Sendable, Equatable {
    /// As the one that went to a number.
    var earlier: KinKey?
    /// As the one that was diverted from a number.
    var later: KinKey?
}

extension TrackedLeg {
    /// The keys under which it is found; none unless it is an incoming leg of a caller who can be compared.
    var currentKinKeys: KinKeys {
        guard direction == .incoming, let from else { return KinKeys() }
        return KinKeys(
            earlier: isVoicemail ? nil : to.flatMap { KinKey(caller: from, number: $0.raw) },
            later: diversion.flatMap { KinKey(caller: from, number: $0) }
        )
    }

    /// Whether a leg may be what became of this one.
    func mayHaveBecome(_ later: TrackedLeg, within limits: CallTrackerLimits) -> Bool {
        guard self !== later, !isVoicemail, !(wasForwarded && hasKin), isSameCaller(as: later) else { return false }
        guard
            let to, let diversion = later.diversion,
            let went = PhoneIdentity(to.raw), let came = PhoneIdentity(diversion), went.isSame(as: came)
        else { return false }
        if let correlation, let other = later.correlation, correlation != other { return false }
        if later.firstSeen < firstSeen {  // overtaken on the way
            return firstSeen.milliseconds - later.firstSeen.milliseconds <= limits.kinship
        }
        guard let ended else { return true }
        if ended > later.firstSeen { return true }
        // A transfer begins while the leg lasts, but its push may be overtaken by that of the end.
        let gap = later.firstSeen.milliseconds - ended.milliseconds
        return gap <= (wasForwarded ? limits.kinship : limits.settle)
    }

    private func isSameCaller(as other: TrackedLeg) -> Bool {
        guard direction == .incoming, other.direction == .incoming, let from, let theirs = other.from else {
            return false
        }
        if from.kind == .anonymous || theirs.kind == .anonymous { return from.kind == theirs.kind }
        guard let caller = PhoneIdentity(from.raw), let other = PhoneIdentity(theirs.raw) else { return false }
        return caller.isSame(as: other)
    }
}
