import HTTPTypes
import Hummingbird
import Journal
import NIOCore
import ServiceLifecycle
import Synchronization
import Webhooks

/// Events as they are accepted, as a stream of server-sent events (HTML, section 9.2).
///
/// The journal is looked at a few times a second for each stream, so there is a bound on streams.
struct LiveEvents: Sendable {
    /// How many streams there are.
    final class Places: Sendable {
        static let capacity = 16
        private let taken = Atomic(0)

        /// False when all are taken.
        func take() -> Bool {
            if taken.add(1, ordering: .relaxed).newValue <= Places.capacity { return true }
            leave()
            return false
        }

        func leave() {
            taken.subtract(1, ordering: .relaxed)
        }
    }

    private static let pause = Duration.milliseconds(250)
    /// The most events of one look.
    private static let most = 200
    /// A comment after so many looks in vain, so that a client that is gone shows.
    private static let looksUntilComment = 40

    let journal: JournalAccess
    let filter: JournalFilter
    /// Where to begin; nil: with what comes from now on.
    let after: JournalPosition?

    /// The stream, which ends with the gateway.
    ///
    /// - Throws: `AdminProblem` when there are too many.
    func response(_ places: Places) throws(AdminProblem) -> Response {
        guard places.take() else { throw AdminProblem(.serviceUnavailable, "Too many look at live events.") }
        let place = Place(places)
        return Response(
            status: .ok,
            headers: [.contentType: "text/event-stream; charset=utf-8", .cacheControl: "no-store"],
            body: .init { writer in
                defer { place.leave() }
                // A client that left ends the stream with an error of the writer, which is Hummingbird's to see.
                try await write(to: &writer)
                try await writer.finish(nil)
            }
        )
    }

    @concurrent
    private func write(to writer: inout any ResponseBodyWriter) async throws {
        var position: JournalPosition
        if let after { position = after } else { position = try await journal.ask { try $0.last() } }
        try await writer.write(ByteBuffer(string: "retry: 2000\n: \(position)\n\n"))
        var looks = 0
        while !Task.isCancelled, !Task.isShuttingDownGracefully {
            let start = position
            let (records, last) = try await journal.ask { reader in
                // Asked first: what is accepted in between is found the next time.
                let last = try reader.last()
                return (last > start ? try reader.tail(filter, after: start, limit: LiveEvents.most) : [], last)
            }
            if !records.isEmpty {
                try await writer.write(LiveEvents.text(records))
                looks = 0
            }
            // What the filter did not let through need not be looked at again.
            let seen = records.last?.entry.position ?? start
            position = records.count < LiveEvents.most ? max(seen, last) : seen
            looks += 1
            if looks >= LiveEvents.looksUntilComment {
                try await writer.write(ByteBuffer(string: ":\n\n"))
                looks = 0
            }
            try await Task.sleep(for: LiveEvents.pause)
        }
    }

    private static func text(_ records: [JournalRecord]) -> ByteBuffer {
        var buffer = ByteBuffer()
        for record in records {
            buffer.writeString("event: accepted\nid: \(record.entry.position)\ndata: ")
            // JSON as it is written here has no line feed in it.
            buffer.writeJSON(capacity: 1024) { json in json.record(record) }
            buffer.writeStaticString("\n\n")
        }
        return buffer
    }

    /// A place that is given back once, also when the body is never asked for.
    private final class Place: Sendable {
        private let places: Places
        private let isLeft = Atomic(false)

        init(_ places: Places) {
            self.places = places
        }

        deinit { leave() }

        func leave() {
            if !isLeft.exchange(true, ordering: .relaxed) { places.leave() }
        }
    }
}
