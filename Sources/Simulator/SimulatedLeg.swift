/// One leg of one simulated call: what sipgate would tell of it, under ids that no other call has.
struct SimulatedLeg: Sendable {
    /// A push of the leg.
    enum Push: String, Sendable {
        case newCall
        case answer
        case hangup
        case dtmf
    }

    let direction: String
    let from: String
    var to: String
    let diversion: String?
    /// Whom it rings for, with their numbers in the account.
    let users: [(name: String, number: Int)]
    /// The id of the leg.
    let callID: String
    /// The id of the first leg of the call.
    let originalID: String
    /// What all legs of a conversation share.
    let xcid: String?

    // What came of it.
    /// Where the provider was told to post.
    var onAnswer: String?
    var onHangup: String?
    /// Who is dialled instead of whom was called; the mailbox has no number.
    var dialled: String?
    var goesToMailbox = false
    /// Somebody has picked up.
    var isAnswered = false
    /// A reply ended it, so nothing further happens to it.
    var isOver = false

    init(
        direction: String,
        from: String,
        to: String,
        diversion: String? = nil,
        users: [(name: String, number: Int)],
        callID: String,
        originalID: String? = nil,
        xcid: String?
    ) {
        self.direction = direction
        self.from = from
        self.to = to
        self.diversion = diversion
        self.users = users
        self.callID = callID
        self.originalID = originalID ?? callID
        self.xcid = xcid
    }

    /// The fields of a push in the order of captured ones.
    ///
    /// - Parameters:
    ///   - push: What is told.
    ///   - user: Who picks up.
    ///   - cause: Why it ends.
    ///   - keys: What was pressed.
    /// - Returns: Names and values.
    func fields(
        of push: Push,
        by user: (name: String, number: Int)? = nil,
        cause: String = "normalClearing",
        keys: String = ""
    ) -> [(name: String, value: String)] {
        guard push != .dtmf else {
            return [(name: "event", value: "dtmf"), (name: "callId", value: callID), (name: "dtmf", value: keys)]
        }
        var fields = [
            (name: "event", value: push.rawValue), (name: "direction", value: direction), (name: "from", value: from),
            (name: "to", value: to),
        ]
        if let diversion { fields.append((name: "diversion", value: diversion)) }
        fields += [(name: "callId", value: callID), (name: "origCallId", value: originalID)]
        switch push {
        case .newCall:
            fields += users.map { (name: "user[]", value: $0.name) }
            // The mailbox is a user without an id.
            let people = users.filter { $0.name != "voicemail" }
            fields += people.map { (name: "userId[]", value: "w\($0.number)") }
            fields += people.map { (name: "fullUserId[]", value: "1234567w\($0.number)") }
        case .answer:
            if goesToMailbox {
                fields.append((name: "user", value: "voicemail"))
            } else if let user {
                fields.append((name: "user", value: user.name))
                if user.name != "voicemail" {
                    fields.append((name: "userId", value: "w\(user.number)"))
                    fields.append((name: "fullUserId", value: "1234567w\(user.number)"))
                }
            }
            fields.append((name: "answeringNumber", value: dialled ?? to))
        case .hangup:
            fields.append((name: "cause", value: cause))
            // Nobody's where nobody has answered.
            if isAnswered { fields.append((name: "answeringNumber", value: dialled ?? to)) }
        case .dtmf:
            break
        }
        if let xcid { fields.append((name: "xcid", value: xcid)) }
        return fields
    }

    /// The `xcid` of click-to-dial: `c2d-0.` and 15 digits, as captured.
    static func click(using random: inout some RandomNumberGenerator) -> String {
        var text = "c2d-0."
        for _ in 0..<15 { text += String(UInt8.random(in: 0...9, using: &random)) }
        return text
    }

    /// Digits for an id, as long as captured ones.
    static func hex(_ count: Int, uppercase: Bool, using random: inout some RandomNumberGenerator) -> String {
        var text = ""
        for _ in 0..<count { text += String(UInt8.random(in: 0...15, using: &random), radix: 16, uppercase: uppercase) }
        return text
    }
}
