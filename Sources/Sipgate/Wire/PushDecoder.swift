import Webhooks

/// Turns the fields of a form into a push, or says which field is to blame.
enum PushDecoder {
    /// Bytes of a known value, and of an identifier of a leg.
    static let maxValueBytes = 1024
    static let maxLegBytes = 512

    /// Decodes a push.
    ///
    /// - Throws: a `Rejection` with the field to blame.
    static func decode(_ fields: FormFields) throws(Rejection) -> Push {
        var found = Found()
        for index in 0..<fields.count {
            try found.take(index, of: fields)
        }
        return try found.push()
    }

    /// The known fields, as far as they were met.
    private struct Found {
        var event: String?
        var leg: String?
        var originalLeg: String?
        var correlation: String?
        var direction: String?
        var from: String?
        var to: String?
        var diversion: String?
        var answeringNumber: String?
        var cause: String?
        var digits: String?
        var names: [String] = []
        var ids: [String] = []
        var fullIDs: [String] = []
        /// How often the unbracketed keys came, which only newCall may repeat.
        var bareNames = 0
        var bareIDs = 0
        var bareFullIDs = 0
        var extra: [(key: String, values: [String])] = []

        mutating func take(_ index: Int, of fields: FormFields) throws(Rejection) {
            if fields.key(index, is: "event") {
                try once(&event, "event", index, fields)
            } else if fields.key(index, is: "callId") {
                try once(&leg, "callId", index, fields, limit: maxLegBytes)
            } else if fields.key(index, is: "direction") {
                try once(&direction, "direction", index, fields)
            } else if fields.key(index, is: "from") {
                try once(&from, "from", index, fields)
            } else if fields.key(index, is: "to") {
                try once(&to, "to", index, fields)
            } else if fields.key(index, is: "user[]") {
                try append(to: &names, "user[]", index, fields)
            } else if fields.key(index, is: "userId[]") {
                try append(to: &ids, "userId[]", index, fields)
            } else if fields.key(index, is: "fullUserId[]") {
                try append(to: &fullIDs, "fullUserId[]", index, fields)
            } else if fields.key(index, is: "user") {
                bareNames += 1
                try append(to: &names, "user", index, fields)
            } else if fields.key(index, is: "userId") {
                bareIDs += 1
                try append(to: &ids, "userId", index, fields)
            } else if fields.key(index, is: "fullUserId") {
                bareFullIDs += 1
                try append(to: &fullIDs, "fullUserId", index, fields)
            } else if fields.key(index, is: "origCallId") {
                try once(&originalLeg, "origCallId", index, fields)
            } else if fields.key(index, is: "xcid") {
                try once(&correlation, "xcid", index, fields)
            } else if fields.key(index, is: "diversion") {
                try once(&diversion, "diversion", index, fields)
            } else if fields.key(index, is: "answeringNumber") {
                try once(&answeringNumber, "answeringNumber", index, fields)
            } else if fields.key(index, is: "cause") {
                try once(&cause, "cause", index, fields)
            } else if fields.key(index, is: "dtmf") {
                try once(&digits, "dtmf", index, fields)
            } else {
                keep(fields.key(index), fields.value(index))
            }
        }

        private func value(
            _ name: String,
            _ index: Int,
            _ fields: FormFields,
            limit: Int = maxValueBytes
        ) throws(Rejection) -> String {
            let bytes = fields.valueBytes(index)
            guard bytes.allSatisfy({ $0 >= 0x20 && $0 != 0x7F }) else {
                throw Rejection(.controlCharacter, field: name)
            }
            guard bytes.count <= limit else { throw Rejection(.valueTooLong, field: name) }
            return fields.value(index)
        }

        private func once(
            _ slot: inout String?,
            _ name: String,
            _ index: Int,
            _ fields: FormFields,
            limit: Int = maxValueBytes
        ) throws(Rejection) {
            // Even an equal second value: parsers disagree which one wins.
            guard slot == nil else { throw Rejection(.duplicateField, field: name) }
            slot = try value(name, index, fields, limit: limit)
        }

        private func append(
            to list: inout [String],
            _ name: String,
            _ index: Int,
            _ fields: FormFields
        ) throws(Rejection) {
            let text = try value(name, index, fields)
            // A real newCall without a user has one empty name.
            if !text.isEmpty { list.append(text) }
        }

        private mutating func keep(_ key: String, _ value: String) {
            if let known = extra.firstIndex(where: { $0.key == key }) {
                extra[known].values.append(value)
            } else {
                extra.append((key, [value]))
            }
        }

        func push() throws(Rejection) -> Push {
            let event = try required(event, "event")
            guard let kind = Push.Kind(rawValue: event) else { throw Rejection(.unknownEvent, field: "event") }
            let leg = try required(leg, "callId")
            var push = Push(kind: kind, leg: try identifier(leg, "callId"))
            push.originalLeg = try optionalIdentifier(originalLeg, "origCallId")
            push.correlation = try optionalIdentifier(correlation, "xcid")
            push.direction = try parsedDirection(isRequired: kind == .newCall)
            push.from = try address(from, "from")
            push.to = try address(to, "to")
            if kind == .newCall {
                guard from != nil else { throw Rejection(.missingField, field: "from") }
                _ = try required(to, "to")
            } else {
                if to == "" { push.to = nil }
                try checkBareKeys()
            }
            push.diversion = present(diversion)
            push.answeringNumber = present(answeringNumber)
            push.cause = present(cause).map(HangupCause.init)
            if kind == .dtmf {
                push.digits = try parsedDigits()
            } else {
                push.users = CallUser.pair(names: names, ids: ids, fullIDs: fullIDs)
                push.userIDs = ids
                push.fullUserIDs = fullIDs
                push.digits = nil
            }
            push.extra = extra
            return push
        }

        private func required(_ text: String?, _ name: String) throws(Rejection) -> String {
            guard let text, !text.isEmpty else { throw Rejection(.missingField, field: name) }
            return text
        }

        private func present(_ text: String?) -> String? {
            text == "" ? nil : text
        }

        private func identifier(_ text: String, _ name: String) throws(Rejection) -> String {
            guard text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
                throw Rejection(.invalidIdentifier, field: name)
            }
            return text
        }

        private func optionalIdentifier(_ text: String?, _ name: String) throws(Rejection) -> String? {
            guard let text, !text.isEmpty else { return nil }
            return try identifier(text, name)
        }

        private func parsedDirection(isRequired: Bool) throws(Rejection) -> Push.Direction? {
            guard let direction, !direction.isEmpty else {
                if isRequired { throw Rejection(.missingField, field: "direction") }
                return nil
            }
            guard let known = Push.Direction(rawValue: direction) else {
                throw Rejection(.invalidDirection, field: "direction")
            }
            return known
        }

        private func address(_ text: String?, _ name: String) throws(Rejection) -> PhoneNumber? {
            guard let text else { return nil }
            guard let number = PhoneNumber(text) else { throw Rejection(.invalidNumber, field: name) }
            return number
        }

        private func parsedDigits() throws(Rejection) -> String {
            let text = digits ?? ""
            let isGood = text == "-1" || text.utf8.allSatisfy { byte in
                switch byte {
                case 0x30...0x39, UInt8(ascii: "*"), UInt8(ascii: "#"), 0x41...0x44, 0x61...0x64: true
                default: false
                }
            }
            guard isGood else { throw Rejection(.invalidDTMF, field: "dtmf") }
            return text
        }

        private func checkBareKeys() throws(Rejection) {
            if bareNames > 1 { throw Rejection(.duplicateField, field: "user") }
            if bareIDs > 1 { throw Rejection(.duplicateField, field: "userId") }
            if bareFullIDs > 1 { throw Rejection(.duplicateField, field: "fullUserId") }
        }
    }
}
