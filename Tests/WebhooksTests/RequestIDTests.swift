import Testing
import Webhooks

@Suite("Ids of requests")
struct RequestIDTests {
    @Test("an id is twelve characters and comes back from them", arguments: [0, 1, 31, .max] as [UInt32])
    func roundTrip(_ number: UInt32) throws {
        let id = RequestID(second: 1_795_415_105, number: number)
        #expect(id.description.utf8.count == RequestID.length)
        #expect(RequestID(id.description) == id)
        #expect(RequestID(id.description.lowercased()) == id)
    }

    @Test("O is read as 0, I and L as 1, and what is no id is none")
    func reading() {
        #expect(RequestID("OIL000000000") == RequestID("011000000000"))
        #expect(RequestID("U00000000000") == nil)
        #expect(RequestID("00000000000") == nil)
        #expect(RequestID("0000000000000") == nil)
        #expect(RequestID("00000000000é") == nil)
    }

    @Test("ids sort by time, and say when they were made")
    func time() {
        let second: Int64 = 1_795_415_105
        let early = RequestID(second: second, number: .max)
        let late = RequestID(second: second + 1, number: 0)
        #expect(early.description < late.description)
        let now = Timestamp(milliseconds: (second + 86_400 * 30) * 1000 + 5)
        #expect(early.moment(before: now) == Timestamp(milliseconds: second * 1000))
        // What would lie ahead was made in the period before.
        let later = RequestID(second: second + 86_400 * 31, number: 0).moment(before: now)
        #expect(later.milliseconds / 1000 == second + 86_400 * 31 - 1 << 28)
    }
}
