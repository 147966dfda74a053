/// One call as the provider tells of it: the form fields of each push, under ids that no other call has.
package struct SimulatedCall: Sendable {
    /// A push of the call.
    package enum Push: String, Sendable, CaseIterable {
        case newCall
        case answer
        case hangup
    }

    /// The caller, digits with country code, or `anonymous`.
    package let from: String
    /// The called number.
    package let to: String
    /// The display name of the user who is called.
    package let user: String
    /// The id of the leg.
    package let callID: String
    /// What all legs of a conversation share.
    package let xcid: String

    package init(
        from: String,
        to: String,
        user: String,
        using random: inout some RandomNumberGenerator
    ) {
        self.from = from
        self.to = to
        self.user = user
        callID = SimulatedCall.hex(76, uppercase: true, using: &random)
        xcid = SimulatedCall.hex(16, uppercase: false, using: &random)
    }

    /// The fields of a push in the order of a captured one.
    package func fields(of push: Push) -> [(name: String, value: String)] {
        var fields = [
            (name: "event", value: push.rawValue), (name: "direction", value: "in"), (name: "from", value: from),
            (name: "to", value: to), (name: "callId", value: callID), (name: "origCallId", value: callID),
        ]
        switch push {
        case .newCall:
            fields += [
                (name: "user[]", value: user), (name: "userId[]", value: "w0"),
                (name: "fullUserId[]", value: "1234567w0"),
            ]
        case .answer:
            fields += [
                (name: "user", value: user), (name: "userId", value: "w0"), (name: "fullUserId", value: "1234567w0"),
            ]
            fields += [(name: "answeringNumber", value: to)]
        case .hangup:
            fields += [(name: "cause", value: "normalClearing"), (name: "answeringNumber", value: to)]
        }
        return fields + [(name: "xcid", value: xcid)]
    }

    private static func hex(_ count: Int, uppercase: Bool, using random: inout some RandomNumberGenerator) -> String {
        var text = ""
        for _ in 0..<count { text += String(UInt8.random(in: 0...15, using: &random), radix: 16, uppercase: uppercase) }
        return text
    }
}
