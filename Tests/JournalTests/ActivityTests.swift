import Journal
import JournalTesting
import NIOCore
import NIOPosix
import Testing
import Webhooks

@Suite("What the weeks of a route look like")
struct ActivityTests {
    @Test("hours add up, survive a restart, and are forgotten after some months")
    func hours() async throws {
        let files = try TemporaryJournal()
        let path = files.path
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        let now: Int64 = 500_000
        func run(_ activity: [HourlyActivity]) async throws {
            let journal = try await SQLiteJournal.open(path: path, destinations: ["a"])
            journal.record(activity)
            try await journal.close(on: loop).get()
        }
        try await run([
            HourlyActivity(route: "/a", hour: now, pushes: 3), HourlyActivity(route: "/b", hour: now, pushes: 1),
            HourlyActivity(route: "/a", hour: now - 12 * 168 - 1, pushes: 9),
        ])
        try await run([HourlyActivity(route: "/a", hour: now, pushes: 4)])
        let known = try JournalReader(path: path).activity().sorted { $0.route < $1.route }
        #expect(
            known == [
                HourlyActivity(route: "/a", hour: now, pushes: 7), HourlyActivity(route: "/b", hour: now, pushes: 1),
            ]
        )
    }

    @Test("they are counted from events where nothing is known yet, whole hours of the types that count")
    func counted() async throws {
        let files = try TemporaryJournal()
        let harness = try await files.open()
        let hour: Int64 = 3_600_000
        func event(_ hours: Int64, _ name: String) -> NewEntry {
            let draft = EventDraft(
                type: EventType(namespace: "io.sipgate", name: name),
                subject: "1",
                data: ByteBuffer(string: "{}")
            )
            let time = Timestamp(milliseconds: 500_000 * hour + hours * hour)
            let id = EventID(time: time, random: (UInt64(hours), 1))
            let event = Event(id: id, source: "s", time: time, draft: draft)
            return NewEntry(event: event, route: "/a", destinations: DestinationSet())
        }
        try await harness.append([
            event(0, "call.started"), event(1, "call.started"), event(1, "call.ended"), event(1, "call.missed"),
            event(3, "call.started"), event(4, "call.started"),
        ])
        let now = Timestamp(milliseconds: 500_004 * hour + 1)
        let counted = try JournalReader(path: files.path)
            .countActivity(of: ["call.started", "call.ended"], before: now)
        #expect(
            counted.sorted { $0.hour < $1.hour } == [
                HourlyActivity(route: "/a", hour: 500_001, pushes: 2),
                HourlyActivity(route: "/a", hour: 500_003, pushes: 1),
            ]
        )
    }
}
