import Edge
import Journal
import Webhooks

extension Story {
    /// What is known of somebody who was turned away.
    init(_ record: RefusalRecord, _ names: ServedNames) {
        self.init(kind: record.kind.rawValue, id: record.id, time: record.time, outcome: "refused")
        reason = record.reason
        status = record.status
        addConnection(
            listener: record.listener,
            client: record.client,
            record.origin,
            certificate: record.certificate.flatMap(ClientCertificate.init(line:)),
            names
        )
        switch record.kind {
        case .request:
            addChecks(record)
            if record.reason == ReasonCode.unknownPath.rawValue, let path = record.target,
                let routes = NearestName.remedy(names.routes, to: path)
            {
                remedy = "\(remedy ?? "") Routes: \(routes)".escaped
            }
        case .handshake:
            let wording = EdgeCounts.HandshakeFailure(rawValue: record.reason)?.wording
            add(.failed, "TLS", words(record.reason, wording?.title), record.detail.map { [$0] } ?? [])
            remedy = wording?.remedy.description
        case .connection:
            let wording = EdgeCounts.ConnectionRefusal(rawValue: record.reason)?.wording
            add(.failed, "connection", words(record.reason, wording?.title))
            remedy = wording?.remedy.description
        }
        if record.more > 0 { add(.note, "and", "\(grouped(record.more)) more like this, which were not kept") }
    }

    private mutating func addChecks(_ record: RefusalRecord) {
        guard let reason = ReasonCode(rawValue: record.reason) else {
            return add(.failed, "request", record.reason)
        }
        // What was refused for its head alone was not looked at for a token.
        let isBelowRoute = record.route != nil && record.target != nil && record.target != record.route
        let isFollowUp = isBelowRoute && record.body != nil
        let failing = Check(failing: reason, isFollowUp: isFollowUp)
        for check in Check.walk(isFollowUp: isFollowUp) {
            guard check != failing else {
                addFailure(reason, check, record)
                break
            }
            add(check, record, hasOnlyToken: isFollowUp && failing == .credentials && reason != .tokenWrong)
        }
        remedy = reason.wording.remedy.description
        if let fields = record.fields, !fields.isEmpty {
            add(.note, "header", "as it came, without secrets", fields.split(separator: "\n").map(String.init))
        }
        if let body = record.body {
            let size = record.bodySize ?? body.count
            let part = size > body.count ? "the first \(body.count) of \(grouped(size)) bytes" : "\(size) bytes"
            add(.note, "content", part, body.isEmpty ? [] : [String(decoding: body, as: UTF8.self).escaped])
        }
    }

    /// A check that lies before the one that failed; `hasOnlyToken`: what was in between was looked at for the sake of a
    /// token, which did not vouch for the push.
    private mutating func add(_ check: Check, _ record: RefusalRecord, hasOnlyToken: Bool) {
        switch check {
        case .framing: add(.passed, check.title, "\(record.method ?? "-") \(record.target ?? "-")")
        case .route: add(.passed, check.title, record.route ?? check.good)
        case .credentials: add(.passed, check.title, user(record) ?? check.good)
        case .signature, .form, .fields, .account:
            if hasOnlyToken {
                add(.unknown, check.title, "the token of the address did not vouch for the push; credentials had to")
            } else {
                add(.passed, check.title, check.good)
            }
        default: add(.passed, check.title, check.good)
        }
    }

    private mutating func addFailure(_ reason: ReasonCode, _ check: Check, _ record: RefusalRecord) {
        var details: [String] = []
        if check == .framing || check == .route || check == .method, let method = record.method {
            details.append("\(method) \(record.target ?? "-")")
        }
        if check == .credentials || check == .credentialsThere, let user = user(record) { details.append(user) }
        if let field = record.field { details.append("field \(field.quoted)") }
        if let offset = record.offset { details.append("byte \(offset) of the content, counted from 0") }
        if let excerpt = record.excerpt {
            details.append("there: \(excerpt)")
            // Where an escape stands before it, the byte is not in this column.
            let column = min(record.offset ?? 0, RefusalRecord.excerptRadius)
            if !excerpt.prefix(column).contains("\\u{") {
                details.append(String(repeating: " ", count: "there: ".count + column) + "^")
            }
        }
        add(.failed, check.title, words(reason.rawValue, reason.wording.title), details)
    }

    /// Whose credentials were sent, as far as it may be told.
    private func user(_ record: RefusalRecord) -> String? {
        let lines = (record.fields ?? "").split(separator: "\n")
        return lines.first { $0.lowercased().hasPrefix("authorization: ") }
            .map { String($0.dropFirst("authorization: ".count)) }
    }

    private func words(_ word: String, _ title: StaticString?) -> String {
        title.map { "\(word): \($0)" } ?? word
    }
}

/// A number with its thousands set apart.
func grouped(_ number: Int) -> String {
    var digits = String(number)
    var index = digits.count - 3
    while index > 0 {
        digits.insert(",", at: digits.index(digits.startIndex, offsetBy: index))
        index -= 3
    }
    return digits
}
