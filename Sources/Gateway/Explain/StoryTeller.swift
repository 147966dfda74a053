import Journal
import NIOCore
import Webhooks

/// Finds what became of a request, an event or a call, in the journal and among the refusals.
///
/// It blocks on the disk: not for event loops.
struct StoryTeller: Sendable {
    /// Events of one call.
    private static let mostEvents = 1000

    /// The journal's file; nil when there is none.
    let journal: String?
    /// The file of refusals; nil when there is none.
    let refusals: String?
    /// For telling certificates by name.
    var names = ServedNames()

    /// What there is to tell of an id.
    ///
    /// - Parameter id: of a request, of an event, or of a call or one of its legs.
    /// - Returns: stories in order of time; none when nothing is kept.
    /// - Throws: an error of SQLite's, or `RefusalFileError`.
    func stories(of id: String) throws -> [Story] {
        let reader = try journal.flatMap { LocalFile.exists($0) ? try JournalReader(path: $0) : nil }
        let refused = try refusals.flatMap { LocalFile.exists($0) ? try RefusalReader(path: $0) : nil }
        if let request = RequestID(id) {
            if let record = try refused?.find(request)?.record { return [Story(record, names)] }
            let records = try reader?.events(of: request) ?? []
            if let story = Story(records, names) { return [story] }
        }
        if let event = EventID(id) {
            guard let record = try reader?.show(event) else { return [] }
            // The other events of its request belong to the story.
            if let request = record.entry.event.origin?.id, let records = try reader?.events(of: request) {
                if let story = Story(records, names) { return [story] }
            }
            return Story([record], names).map { [$0] } ?? []
        }
        guard StoryTeller.isCall(id) else { return [] }
        let records = try reader?.events(ofCall: id, limit: StoryTeller.mostEvents) ?? []
        var filter = RefusalFilter()
        filter.call = id
        let stories =
            grouped(records).compactMap { Story($0, names) }
            + (try refused?.list(filter, limit: StoryTeller.mostEvents).map { Story($0.record, names) } ?? [])
        return stories.sorted { $0.time < $1.time }
    }

    /// Events by the requests that brought them; those of none stand alone.
    private func grouped(_ records: [JournalRecord]) -> [[JournalRecord]] {
        var groups: [[JournalRecord]] = []
        var places: [RequestID: Int] = [:]
        for record in records {
            if let id = record.entry.event.origin?.id {
                if let place = places[id] {
                    groups[place].append(record)
                    continue
                }
                places[id] = groups.count
            }
            groups.append([record])
        }
        return groups
    }

    /// Whether a text can be an id of a call: those are visible ASCII.
    static func isCall(_ id: String) -> Bool {
        (1...512).contains(id.utf8.count)
            && id.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "\\") }
    }

    /// What was searched, and why there may be nothing.
    ///
    /// - Parameters:
    ///   - id: what was looked for.
    ///   - retain: how long refusals are kept, where it is known.
    /// - Returns: lines for people.
    func nothing(_ id: String, retain: TimeAmount? = nil) -> [String] {
        var lines: [String] = []
        func line(_ name: String, _ path: String?, _ extent: String?) {
            guard let path else { return lines.append("\(name): none is configured") }
            lines.append("\(name): \(path.quoted), \(extent ?? "which is not there yet")")
        }
        let first = journal.flatMap { try? JournalReader(path: $0).tail(JournalFilter(), after: .start, limit: 1) }
        let events = first.map { $0.first.map { "events since \($0.entry.event.time)" } ?? "no events" }
        line("journal", journal, events)
        let extent = refusals.flatMap { try? RefusalReader(path: $0).extent() }
        line(
            "refusals",
            refusals,
            extent.map { count, oldest in
                let since = oldest.map { ", since \($0)" } ?? ""
                return "\(Gateway.grouped(count)) of them\(since)"
                    + (retain.map { ", kept for \(DurationText.format($0))" } ?? "")
            }
        )
        if let request = RequestID(id) {
            lines.append("an id of a request that looks like this was given out at \(request.moment(before: .now()))")
        }
        lines += [
            "what else may be: it is older than what is kept; it was one of many refusals in a second, or one of the",
            "challenges, which are only counted (`hookgate explain --last` shows how many); the route says",
            "`durable: false`, whose events are kept nowhere; a `replay_window` knew the push again, which brings no",
            "event; the log, with the same id, may still have its line",
        ]
        return lines
    }
}
