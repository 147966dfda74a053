/// The names of fields that are known; anything else is kept, and not looked into.
enum PushKey: Int, CaseIterable {
    case event
    case callId
    case origCallId
    case xcid
    case direction
    case from
    case to
    case diversion
    case answeringNumber
    case cause
    case dtmf
    case user
    case userId
    case fullUserId
    case userList
    case userIdList
    case fullUserIdList

    /// How many there are.
    static let count = 17

    /// The key a decoded name stands for; nil for an unknown name.
    ///
    /// Told apart by length first: a push is mostly names, and each is compared with three others at most.
    init?(_ name: Span<UInt8>) {
        let candidates: (PushKey, PushKey?, PushKey?, PushKey?)
        switch name.count {
        case 2: candidates = (.to, nil, nil, nil)
        case 4: candidates = (.from, .user, .xcid, .dtmf)
        case 5: candidates = (.event, .cause, nil, nil)
        case 6: candidates = (.callId, .userId, .userList, nil)
        case 8: candidates = (.userIdList, nil, nil, nil)
        case 9: candidates = (.direction, .diversion, nil, nil)
        case 10: candidates = (.origCallId, .fullUserId, nil, nil)
        case 12: candidates = (.fullUserIdList, nil, nil, nil)
        case 15: candidates = (.answeringNumber, nil, nil, nil)
        default: return nil
        }
        if candidates.0.matches(name) {
            self = candidates.0
        } else if let key = candidates.1, key.matches(name) {
            self = key
        } else if let key = candidates.2, key.matches(name) {
            self = key
        } else if let key = candidates.3, key.matches(name) {
            self = key
        } else {
            return nil
        }
    }

    /// Whether the field may come more than once on every event.
    var isList: Bool {
        switch self {
        case .userList, .userIdList, .fullUserIdList: true
        default: false
        }
    }

    /// The name on the wire.
    var name: StaticString {
        switch self {
        case .event: "event"
        case .callId: "callId"
        case .origCallId: "origCallId"
        case .xcid: "xcid"
        case .direction: "direction"
        case .from: "from"
        case .to: "to"
        case .diversion: "diversion"
        case .answeringNumber: "answeringNumber"
        case .cause: "cause"
        case .dtmf: "dtmf"
        case .user: "user"
        case .userId: "userId"
        case .fullUserId: "fullUserId"
        case .userList: "user[]"
        case .userIdList: "userId[]"
        case .fullUserIdList: "fullUserId[]"
        }
    }

    private func matches(_ name: Span<UInt8>) -> Bool {
        name.equals(self.name)
    }
}

extension Span<UInt8> {
    /// Whether these are the bytes of a text.
    func equals(_ text: StaticString) -> Bool {
        text.withUTF8Buffer { wanted in
            guard wanted.count == count else { return false }
            for index in indices where unsafe wanted[index] != self[index] { return false }
            return true
        }
    }
}
