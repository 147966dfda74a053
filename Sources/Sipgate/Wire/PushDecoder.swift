import Webhooks

/// Reads a push out of the fields of a form, or says which field is wrong.
///
/// All known fields are known on every event, although sipgate documents only some on each: which came with which has
/// changed over the years.
struct PushDecoder {
    /// Bytes in the value of a known field: sixteen times the longest name seen, and too few to fill a disk with.
    static let maxValueBytes = 1024

    private let fields: FormFields
    /// For each key the index of its first pair, or -1.
    private var first = InlineArray<17, Int>(repeating: -1)
    private var names: [String] = []
    private var ids: [String] = []
    private var fullIds: [String] = []
    /// A bare key that came twice, which is good only on `newCall`.
    private var repeated: PushKey?
    private var extra: [(name: String, value: String)] = []

    /// The push that these fields describe.
    ///
    /// - Parameter fields: the form, in any order.
    /// - Returns: the push.
    /// - Throws: a `Rejection` that names the field and the reason.
    static func decode(_ fields: FormFields) throws(Rejection) -> Push {
        var decoder = PushDecoder(fields: fields)
        try decoder.collect()
        return try decoder.push()
    }

    private init(fields: FormFields) {
        self.fields = fields
    }

    /// Sorts the pairs by key and checks what holds for every known value.
    private mutating func collect() throws(Rejection) {
        for index in fields.pairs.indices {
            let pair = fields.pairs[index]
            guard let key = PushKey(fields.bytes.span.extracting(pair.name)) else {
                extra.append((fields.name(index), fields.value(index)))
                continue
            }
            try check(pair.value, of: key)
            if first[key.rawValue] < 0 {
                first[key.rawValue] = index
            } else if key == .user || key == .userId || key == .fullUserId {
                if repeated == nil { repeated = key }
            } else if !key.isList {
                throw reject(.duplicateField, key)
            }
            switch key {
            case .user, .userList: PushDecoder.append(fields.value(index), to: &names)
            case .userId, .userIdList: PushDecoder.append(fields.value(index), to: &ids)
            case .fullUserId, .fullUserIdList: PushDecoder.append(fields.value(index), to: &fullIds)
            default: break
            }
        }
    }

    private static func append(_ text: String, to list: inout [String]) {
        if list.isEmpty { list.reserveCapacity(4) }
        list.append(text)
    }

    /// Puts the collected values into their types.
    private func push() throws(Rejection) -> Push {
        if isEmpty(.event) { throw reject(.missingField, .event) }
        guard let event = event() else { throw reject(.unknownEvent, .event) }
        if let repeated, event != .newCall { throw reject(.duplicateField, repeated) }
        guard let leg = try legID(.callId) else { throw reject(.missingField, .callId) }
        let direction = try direction()
        let from = try phoneNumber(.from)
        // An empty `from` is an unknown caller; an empty `to` is nothing.
        let to = isEmpty(.to) ? nil : try phoneNumber(.to)
        if event == .newCall {
            if direction == nil { throw reject(.missingField, .direction) }
            if from == nil { throw reject(.missingField, .from) }
            if to == nil { throw reject(.missingField, .to) }
        }
        return Push(
            event: event,
            leg: leg,
            originalLeg: try legID(.origCallId),
            correlation: nonEmpty(.xcid),
            direction: direction,
            from: from,
            to: to,
            diversion: nonEmpty(.diversion),
            answeringNumber: nonEmpty(.answeringNumber),
            users: CallUsers(names: names, ids: ids, fullIds: fullIds),
            cause: nonEmpty(.cause).map(HangupCause.init),
            digits: try keyPresses(),
            extra: extra
        )
    }

    /// Refuses control characters, long values and identifiers that are none.
    private func check(_ value: Range<Int>, of key: PushKey) throws(Rejection) {
        let bytes = fields.bytes.span.extracting(value)
        let isVisible = bytes.isVisibleASCII
        if !isVisible, !bytes.isFreeOfControls { throw reject(.controlCharacter, key) }
        switch key {
        case .callId, .origCallId:
            if bytes.count > LegID.maxBytes { throw reject(.valueTooLong, key) }
            if !isVisible { throw reject(.invalidIdentifier, key) }
        case .xcid, .userId, .userIdList, .fullUserId, .fullUserIdList:
            if bytes.count > PushDecoder.maxValueBytes { throw reject(.valueTooLong, key) }
            if !isVisible { throw reject(.invalidIdentifier, key) }
        case .event, .direction, .from, .to, .diversion, .answeringNumber, .cause, .dtmf, .user, .userList:
            if bytes.count > PushDecoder.maxValueBytes { throw reject(.valueTooLong, key) }
        }
    }

    private func value(_ key: PushKey) -> String? {
        let index = first[key.rawValue]
        return index < 0 ? nil : fields.value(index)
    }

    private func isEmpty(_ key: PushKey) -> Bool {
        let index = first[key.rawValue]
        return index < 0 || fields.pairs[index].value.isEmpty
    }

    private func nonEmpty(_ key: PushKey) -> String? {
        isEmpty(key) ? nil : value(key)
    }

    private func isValue(_ word: StaticString, of key: PushKey) -> Bool {
        let index = first[key.rawValue]
        return index >= 0 && fields.bytes.span.extracting(fields.pairs[index].value).equals(word)
    }

    private func event() -> PushEvent? {
        if isValue("newCall", of: .event) { return .newCall }
        if isValue("answer", of: .event) { return .answer }
        if isValue("hangup", of: .event) { return .hangup }
        if isValue("dtmf", of: .event) { return .dtmf }
        return nil
    }

    private func legID(_ key: PushKey) throws(Rejection) -> LegID? {
        guard let text = nonEmpty(key) else { return nil }
        guard let id = LegID(text) else { throw reject(.invalidIdentifier, key) }
        return id
    }

    private func direction() throws(Rejection) -> Direction? {
        if isEmpty(.direction) { return nil }
        if isValue("in", of: .direction) { return .incoming }
        if isValue("out", of: .direction) { return .outgoing }
        throw reject(.invalidDirection, .direction)
    }

    private func phoneNumber(_ key: PushKey) throws(Rejection) -> PhoneNumber? {
        guard let text = value(key) else { return nil }
        guard let number = PhoneNumber(text) else { throw reject(.invalidNumber, key) }
        return number
    }

    private func keyPresses() throws(Rejection) -> KeyPresses? {
        guard let text = value(.dtmf) else { return nil }
        guard let keys = KeyPresses(text) else { throw reject(.invalidDTMF, .dtmf) }
        return keys
    }

    private func reject(_ reason: ReasonCode, _ key: PushKey) -> Rejection {
        Rejection(reason, field: key.name.description)
    }
}
