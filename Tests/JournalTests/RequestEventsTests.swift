import JournalTesting
import NIOCore
import Testing
import Webhooks

@testable import Journal

@Suite("Events are found by the request that brought them")
struct RequestEventsTests {
    private static func origin(_ number: Int, at time: Timestamp) -> RequestOrigin {
        RequestOrigin(
            id: RequestID(second: time.milliseconds / 1000, number: UInt32(number)),
            client: "192.0.2.7",
            connection: ConnectionOrigin(listener: "0.0.0.0:8443"),
            proof: .token
        )
    }

    /// Two events of each of 300 requests, one a minute, and now and then one that time brought, told late.
    private func filled(_ files: TemporaryJournal, now: Timestamp) async throws -> [RequestOrigin] {
        let harness = try await files.open()
        var origins: [RequestOrigin] = []
        for number in 0..<300 {
            let time = Timestamp(milliseconds: now.milliseconds - Int64(300 - number) * 60_000)
            let origin = RequestEventsTests.origin(number, at: time)
            origins.append(origin)
            var entries = (0..<2).map { part in
                JournalHarness.entry(
                    2 * number + part,
                    subject: "leg-\(number)",
                    time: time,
                    data: ByteBuffer(string: "{\"leg\":\"leg-\(number)\",\"call\":\"call-\(number / 2)\"}"),
                    origin: origin
                )
            }
            if number % 10 == 0 {
                let late = Timestamp(milliseconds: time.milliseconds - 7_200_000)
                entries.append(JournalHarness.entry(1000 + number, time: late))
            }
            try await harness.append(entries)
        }
        try await harness.close()
        return origins
    }

    @Test("all of them, in order, wherever they stand among others")
    func found() async throws {
        let files = try TemporaryJournal()
        let origins = try await filled(files, now: .now())
        let reader = try JournalReader(path: files.path)
        for number in stride(from: 0, to: 300, by: 13) {
            let records = try reader.events(of: origins[number].id)
            #expect(records.map(\.entry.event.origin?.id) == [origins[number].id, origins[number].id])
            #expect(records.map(\.entry.event.draft.subject) == ["leg-\(number)", "leg-\(number)"])
            #expect((records.first?.entry.position.value ?? 0) + 1 == records.last?.entry.position.value)
        }
        #expect(try reader.events(of: RequestID(second: 1, number: 1)).isEmpty)
    }

    @Test("also those whose time is not that of their id")
    func elsewhere() async throws {
        let files = try TemporaryJournal()
        let harness = try await files.open()
        let now = Timestamp.now()
        let origin = RequestEventsTests.origin(1, at: now)
        let old = Timestamp(milliseconds: now.milliseconds - 86_400_000)
        try await harness.append([JournalHarness.entry(1, time: old, origin: origin)])
        try await harness.append((2..<50).map { JournalHarness.entry($0, time: now) })
        try await harness.close()
        #expect(try JournalReader(path: files.path).events(of: origin.id).count == 1)
    }

    @Test("and by their call")
    func call() async throws {
        let files = try TemporaryJournal()
        _ = try await filled(files, now: .now())
        let reader = try JournalReader(path: files.path)
        #expect(try reader.events(ofCall: "leg-7", limit: 100).count == 2)
        #expect(try reader.events(ofCall: "call-3", limit: 100).count == 4)
        #expect(try reader.events(ofCall: "call-3", limit: 3).count == 3)
        #expect(try reader.events(ofCall: "leg-", limit: 100).isEmpty)
    }
}
