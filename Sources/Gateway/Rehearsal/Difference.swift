import NIOCore
import Webhooks

/// Something that a recorded push or event would come to, and did not, with another configuration.
struct Difference: Equatable {
    enum Kind: String, CaseIterable {
        /// Nothing is served under the path.
        case route
        /// Another one decides, and the caller hears the same.
        case decision
        /// The caller hears something else.
        case reply
        /// The event would not come to be, or would.
        case event
        /// Other destinations get it.
        case delivery
        /// It would have been worthless before it was sent, or not.
        case expiry
    }

    let kind: Kind
    let route: String
    let type: String
    /// What was, and what would be, in words that are the same for all of a kind.
    let before: String
    let after: String
    var replyBefore: String?
    var replyAfter: String?

    /// What differences have in common that are shown as one.
    struct Group: Hashable {
        let kind: Kind
        let route: String
        let type: String
        let before: String
        let after: String
    }

    var group: Group { Group(kind: kind, route: route, type: type, before: before, after: after) }

    /// One line of JSON.
    func line(_ id: EventID, _ time: Timestamp) -> String {
        var buffer = ByteBuffer()
        buffer.writeJSON(capacity: 512) { json in
            json.object { json in
                json.field("event", id.description)
                json.field("time", time.description)
                json.field("route", route)
                json.field("type", type)
                json.field("kind", kind.rawValue)
                json.field("before", before)
                json.field("after", after)
                json.field("replyBefore", replyBefore)
                json.field("replyAfter", replyAfter)
            }
        }
        return String(buffer: buffer) + "\n"
    }
}

/// Differences, those that are the same in all but the event counted together.
struct DifferenceSummary {
    private struct Line {
        var count = 0
        let example: EventID
        let replies: (before: String?, after: String?)
    }

    private var lines: [Difference.Group: Line] = [:]
    /// In the order of their first appearance.
    private var order: [Difference.Group] = []
    private(set) var count = 0

    mutating func add(_ difference: Difference, _ id: EventID) {
        count += 1
        if lines[difference.group] == nil { order.append(difference.group) }
        let replies = (before: difference.replyBefore, after: difference.replyAfter)
        lines[difference.group, default: Line(example: id, replies: replies)].count += 1
    }

    /// For people: what happens most often comes first.
    var text: String {
        let ranked = order.sorted { (lines[$0]?.count ?? 0) > (lines[$1]?.count ?? 0) }
        return ranked.map { group in
            guard let line = lines[group] else { return "" }
            let count = String(repeating: " ", count: max(0, 7 - "\(line.count)".count)) + "\(line.count)"
            var text =
                "\(count)  \(group.route) \(group.type): \(group.before) → \(group.after); such as \(line.example)\n"
            if let before = line.replies.before, let after = line.replies.after, before != after {
                text += "         \(before)\n       → \(after)\n"
            }
            return text
        }.joined()
    }
}
