package import Journal
import NIOCore
import Webhooks

/// What every journal has to do, whatever it is made of: a case is one promise of `EventJournal`.
package struct JournalConformance: Sendable, CustomStringConvertible {
    /// Makes an empty journal with the given destinations.
    package typealias Factory = @Sendable (_ destinations: [String]) async throws -> any EventJournal

    /// The promise, as a sentence.
    package let description: String
    private let body: @Sendable (JournalHarness) async throws -> Void

    /// Tries it.
    ///
    /// - Parameter make: makes the journal, which is closed afterwards.
    /// - Throws: `JournalFailure`, or what the journal failed with.
    package func run(_ make: Factory) async throws {
        let harness = JournalHarness(try await make(["a", "b"]))
        do {
            try await body(harness)
        } catch {
            try await harness.close()
            throw error
        }
        try await harness.close()
    }

    package static let cases: [JournalConformance] = line + deferred + ends
}

private typealias H = JournalHarness

extension JournalConformance {
    // MARK: In line

    private static let line = [
        JournalConformance(description: "who wants an entry hears of it, in order, and nobody else") { harness in
            let (first, standing) = try await harness.attach(0)
            let (second, _) = try await harness.attach(1)
            try require(standing.cursor == .start && standing.last == .start, "an empty journal stands at the start")
            try await harness.append([H.entry(1, to: [0]), H.entry(2, to: [0, 1])])
            try await harness.append([H.entry(3, to: [1]), H.entry(4, to: [0])])
            let heard = await first.wait(for: 3)
            try require(heard.map(\.event.id.low).map { $0 & 0xFF } == [1, 2, 4], "heard \(heard)")
            try require(zip(heard, heard.dropFirst()).allSatisfy { $0.position < $1.position }, "order")
            let other = await second.wait(for: 2)
            try require(other.map(\.event.id.low).map { $0 & 0xFF } == [2, 3], "heard \(other)")
            try require(heard[1].position == other[0].position, "one event has one position")
        },
        JournalConformance(description: "an entry comes back as it went in") { harness in
            let new = H.entry(
                7,
                subject: "Ünïcode \u{1F4DE}",
                type: "call.ended",
                route: "/x",
                data: ByteBuffer(string: ""),
                traceParent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
            )
            try await harness.append([new])
            let lease = try await harness.read(0)
            try require(lease.count == 1, "one entry")
            let event = lease[0].entry.event
            try require(event.id == new.event.id && event.source == new.event.source, "id and source")
            try require(event.time == new.event.time && event.traceParent == new.event.traceParent, "time and trace")
            try require(event.draft.type == new.event.draft.type, "type")
            try require(event.draft.subject == new.event.draft.subject, "subject")
            try require(event.draft.data == new.event.draft.data, "data")
            try require(lease[0].entry.route == "/x", "route")
            try require(lease[0].attempt == 1 && lease[0].origin == .sequence, "first attempt, in line")
        },
        JournalConformance(description: "reading goes along the line in pages, without what has left it") { harness in
            let (box, _) = try await harness.attach(0)
            try await harness.append((1...9).map { H.entry($0, to: $0 == 5 ? [1] : [0]) })
            let entries = await box.wait(for: 8)
            harness.settle(entries[1], .delivered)
            harness.settle(entries[2], .dead(reason: "refused"))
            let first = try await harness.read(0, limit: 3)
            try require(first.map(\.entry.position.value) == [1, 4, 6], "first page \(first.map(\.entry.position))")
            let second = try await harness.read(0, after: 6, limit: 5)
            try require(second.map(\.entry.position.value) == [7, 8, 9], "second page")
            try require(try await harness.read(0, after: 9).isEmpty, "the end")
        },
        JournalConformance(description: "the cursor passes what was settled and what was never wanted") { harness in
            try await harness.append([H.entry(1), H.entry(2, to: [1]), H.entry(3), H.entry(4)])
            let leases = try await harness.read(0)
            harness.settle(leases[2], .delivered)
            harness.settle(leases[0], .delivered)
            let (_, standing) = try await harness.attach(0)
            try require(standing.cursor.value == 2, "cursor \(standing.cursor)")
            try require(standing.last.value == 4, "last \(standing.last)")
            try require(try await harness.read(0).map(\.entry.position.value) == [3], "what is left")
        },
        JournalConformance(description: "settling twice changes nothing") { harness in
            try await harness.append([H.entry(1), H.entry(2)])
            let leases = try await harness.read(0)
            harness.settle(leases[0], .delivered)
            harness.settle(leases[0], .deferred(until: Timestamp(milliseconds: 5)))
            harness.settle(leases[0], .delivered)
            try require(try await harness.lease(0, now: 100).leases.isEmpty, "nothing is deferred")
            try require(try await harness.read(0).map(\.entry.position.value) == [2], "what is left")
        },
        JournalConformance(description: "destinations do not touch each other") { harness in
            try await harness.append([H.entry(1, to: [0, 1])])
            let lease = try await harness.read(0)[0]
            harness.settle(lease, .deferred(until: Timestamp(milliseconds: 5)))
            try require(try await harness.read(0).isEmpty, "it left one line")
            try require(try await harness.read(1).count == 1, "and not the other")
            try require(try await harness.lease(1, now: 100).leases.isEmpty, "nothing to lease there")
        },
    ]

    // MARK: Deferred

    private static let deferred = [
        JournalConformance(description: "a deferred entry is leased when it is due, and its attempts are counted") {
            harness in
            try await harness.append([H.entry(1)])
            harness.settle(try await harness.read(0)[0], .deferred(until: Timestamp(milliseconds: 500)))
            let early = try await harness.lease(0, now: 499)
            try require(early.leases.isEmpty && early.nextDue?.milliseconds == 500, "not before its time")
            let due = try await harness.lease(0, now: 500, expiry: 900)
            try require(due.leases.count == 1 && due.leases[0].attempt == 2, "second attempt")
            try require(due.leases[0].origin == .deferred && due.nextDue?.milliseconds == 900, "claimed until 900")
            try require(try await harness.lease(0, now: 899).leases.isEmpty, "claimed once")
            let again = try await harness.lease(0, now: 900, expiry: 1000)
            try require(again.leases.first?.attempt == 3, "a claim that ended leaves its count behind")
            harness.settle(again.leases[0], .delivered)
            let end = try await harness.lease(0, now: 9000)
            try require(end.leases.isEmpty && end.nextDue == nil, "nothing is left")
        },
        JournalConformance(description: "what is due longest comes first, as many as are asked for") { harness in
            try await harness.append((1...4).map { H.entry($0, subject: "call \($0)") })
            let leases = try await harness.read(0)
            for (lease, due) in zip(leases, [40, 10, 30, 20] as [Int64]) {
                harness.settle(lease, .deferred(until: Timestamp(milliseconds: due)))
            }
            let batch = try await harness.lease(0, now: 100, limit: 3)
            try require(batch.leases.map(\.entry.position.value) == [2, 4, 3], "by moment")
            try require(batch.nextDue?.milliseconds == 40, "one more is due")
        },
        JournalConformance(description: "a held entry follows when the one before it has come to its end") { harness in
            let ends: [Settlement.Outcome] = [.delivered, .dead(reason: "refused"), .expired]
            for (round, end) in ends.enumerated() {
                let start = Int64(round * 3)
                let subject = "call \(round)"
                try await harness.append((1...3).map { H.entry($0, subject: subject) })
                let leases = try await harness.read(0, after: start)
                harness.settle(leases[0], .deferred(until: Timestamp(milliseconds: 5)))
                harness.settle(leases[1].entry, .held, attempt: nil)
                harness.settle(leases[2].entry, .held, attempt: nil)
                let first = try await harness.lease(0, now: 1 << 50)
                try require(first.leases.map(\.entry.position.value) == [start + 1], "the others are held")
                harness.settle(first.leases[0], end)
                let second = try await harness.lease(0, now: 1 << 50)
                try require(second.leases.map(\.entry.position.value) == [start + 2], "the next after \(end)")
                try require(second.leases[0].attempt == 1, "it was never tried")
                harness.settle(second.leases[0], .deferred(until: Timestamp(milliseconds: 6)))
                let third = try await harness.lease(0, now: 1 << 50)
                try require(third.leases.map(\.entry.position.value) == [start + 2], "order is kept")
                harness.settle(third.leases[0], end)
                let fourth = try await harness.lease(0, now: 1 << 50)
                try require(fourth.leases.map(\.entry.position.value) == [start + 3], "the last")
                harness.settle(fourth.leases[0], end)
                try require(try await harness.lease(0, now: 1 << 50).leases.isEmpty, "none is left")
            }
        },
        JournalConformance(description: "who attaches learns how many entries of which subject wait") { harness in
            try await harness.append([H.entry(1, subject: "x"), H.entry(2, subject: "x"), H.entry(3, subject: "y")])
            let leases = try await harness.read(0)
            harness.settle(leases[0], .deferred(until: Timestamp(milliseconds: 70)))
            harness.settle(leases[1].entry, .held, attempt: nil)
            harness.settle(leases[2], .deferred(until: Timestamp(milliseconds: 50)))
            let (_, standing) = try await harness.attach(0)
            try require(standing.deferred == ["x": 2, "y": 1], "\(standing.deferred)")
            try require(standing.nextDue?.milliseconds == 50, "\(String(describing: standing.nextDue))")
            try require(standing.cursor.value == 3, "they have left the line")
        },
    ]

    // MARK: The end

    private static let ends = [
        JournalConformance(description: "an append of nothing is durable at once") { harness in
            try await harness.append([])
            try require(try await harness.read(0).isEmpty, "nothing is there")
        },
        JournalConformance(description: "closing keeps what was begun, and refuses what comes later") { harness in
            let begun = harness.eventLoop.makePromise(of: Void.self)
            harness.journal.append([H.entry(1)], promise: begun)
            try await harness.close()
            try await begun.futureResult.get()
            try require(harness.journal.condition == .closed, "it says so")
            do {
                try await harness.append([H.entry(2)])
                try require(false, "an append after closing succeeded")
            } catch let error as JournalError {
                try require(error == .closed, "\(error)")
            }
            try await harness.close()
        },
    ]
}
