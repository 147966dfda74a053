/// Which fields of a push tell of people: numbers, names and the keys that they pressed.
package enum PersonalFields {
    /// Whether the values of a field are to be masked where personal data are.
    package static func contain(_ name: String) -> Bool {
        guard let key = PushKey(name.utf8.span) else { return false }
        return switch key {
        case .from, .to, .diversion, .answeringNumber, .dtmf, .user, .userList, .fullUserId, .fullUserIdList: true
        case .event, .callId, .origCallId, .xcid, .direction, .cause, .userId, .userIdList: false
        }
    }

    /// The names of all fields that a push may have.
    package static let known = PushKey.allCases.map(\.name.description)

    /// The field that names the leg of a call.
    package static var leg: String { PushKey.callId.name.description }
}
