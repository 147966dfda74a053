import HookgateTesting
import NIOCore
import NIOEmbedded
import TLS
import Testing

@Suite("Deadlines of a loop")
struct LoopDeadlinesTests {
    private final class Story {
        var lines: [Int] = []
    }

    @Test("timers fire in the order of their deadlines, once, and those that were cancelled or moved as if never set")
    func order() {
        let loop = EmbeddedEventLoop()
        let deadlines = LoopDeadlines()
        let timers = (0..<6).map { _ in LoopDeadlines.Timer() }
        let story = Story()
        let start = loop.now
        for (number, seconds) in [5, 3, 4, 1, 2, 6].enumerated() {
            deadlines.set(timers[number], to: start + .seconds(Int64(seconds)), on: loop) { story.lines.append(number) }
        }
        deadlines.cancel(timers[3])
        deadlines.cancel(timers[3])
        deadlines.set(timers[5], to: start + .milliseconds(1500), on: loop) { story.lines.append(50) }
        deadlines.set(timers[4], to: start + .seconds(10), on: loop) { story.lines.append(40) }
        #expect(timers[3].deadline == .distantFuture && timers[4].deadline == start + .seconds(10))
        loop.advanceTime(by: .milliseconds(1499))
        #expect(story.lines.isEmpty)
        loop.advanceTime(by: .milliseconds(1))
        #expect(story.lines == [50])
        #expect(timers[5].deadline == .distantFuture)
        loop.advanceTime(by: .seconds(9))
        #expect(story.lines == [50, 1, 2, 0, 40])
        loop.advanceTime(by: .hours(1))
        #expect(story.lines.count == 5)
    }

    @Test("who fires may set timers again and cancel others")
    func again() {
        let loop = EmbeddedEventLoop()
        let deadlines = LoopDeadlines()
        let (first, second) = (LoopDeadlines.Timer(), LoopDeadlines.Timer())
        let story = Story()
        func fire() {
            story.lines.append(1)
            deadlines.cancel(second)
            if story.lines.count < 3 { deadlines.set(first, to: loop.now + .seconds(1), on: loop, fire: fire) }
        }
        deadlines.set(first, to: loop.now + .seconds(1), on: loop, fire: fire)
        deadlines.set(second, to: loop.now + .seconds(1), on: loop) { story.lines.append(2) }
        loop.advanceTime(by: .seconds(1))
        #expect(story.lines == [1])
        loop.advanceTime(by: .seconds(1))
        #expect(story.lines == [1, 1])
        loop.advanceTime(by: .seconds(9))
        #expect(story.lines == [1, 1, 1])
    }

    @Test("who sets itself to a time that has passed comes behind those that are due")
    func behind() {
        let loop = EmbeddedEventLoop()
        let deadlines = LoopDeadlines()
        let timers = (0..<3).map { _ in LoopDeadlines.Timer() }
        let story = Story()
        let due = loop.now + .seconds(1)
        for number in timers.indices {
            deadlines.set(timers[number], to: due, on: loop) {
                story.lines.append(number)
                guard story.lines.count == 1 else { return }
                deadlines.set(timers[number], to: due, on: loop) { story.lines.append(10) }
            }
        }
        loop.advanceTime(by: .seconds(2))
        #expect(Set(story.lines) == [0, 1, 2, 10] && story.lines.last == 10)
    }

    @Test("the loop's timer goes with the last of them")
    func goes() {
        let loop = EmbeddedEventLoop()
        weak var seen: LoopDeadlines?
        do {
            let deadlines = LoopDeadlines()
            seen = deadlines
            let timers = (0..<3).map { _ in LoopDeadlines.Timer() }
            for timer in timers { deadlines.set(timer, to: loop.now + .hours(1), on: loop) {} }
            for timer in timers { deadlines.cancel(timer) }
        }
        #expect(seen == nil)
    }

    @Test("a timer lets go of what it would have called")
    func letsGo() {
        let loop = EmbeddedEventLoop()
        let deadlines = LoopDeadlines()
        let timer = LoopDeadlines.Timer()
        weak var held: Story?
        for isCancelled in [true, false] {
            do {
                let story = Story()
                held = story
                deadlines.set(timer, to: loop.now + .seconds(1), on: loop) { story.lines.append(1) }
            }
            #expect(held != nil)
            if isCancelled { deadlines.cancel(timer) } else { loop.advanceTime(by: .seconds(1)) }
            #expect(held == nil)
        }
    }

    @Test(
        "whatever is set, moved and cancelled in whatever order, what fires is what a list would say",
        arguments: 1...20
    )
    func likeAList(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        let loop = EmbeddedEventLoop()
        let deadlines = LoopDeadlines()
        let timers = (0..<40).map { _ in LoopDeadlines.Timer() }
        var list: [Int: NIODeadline] = [:]
        let story = Story()
        for _ in 0..<400 {
            let number = Int.random(in: timers.indices, using: &random)
            switch Int.random(in: 0..<5, using: &random) {
            case 0..<3:
                let deadline = loop.now + .milliseconds(Int64.random(in: 1...200, using: &random))
                list[number] = deadline
                deadlines.set(timers[number], to: deadline, on: loop) { story.lines.append(number) }
            case 3:
                list[number] = nil
                deadlines.cancel(timers[number])
            default:
                loop.advanceTime(by: .milliseconds(Int64.random(in: 1...20, using: &random)))
                let due = list.filter { $0.value <= loop.now }
                #expect(Set(story.lines) == Set(due.keys) && story.lines.count == due.count)
                // Those of one deadline in any order.
                #expect(story.lines.compactMap { due[$0] } == due.values.sorted())
                for number in due.keys { list[number] = nil }
                story.lines = []
            }
        }
    }
}
