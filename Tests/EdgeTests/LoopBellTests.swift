import NIOCore
import NIOPosix
import TLS
import Testing

@testable import Edge

@Suite("Loop bell")
struct LoopBellTests {
    @Test("calls back in another turn than the one it is rung in, every time")
    func rings() async throws {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let loop = group.next()
        /// What happened, in order.
        final class Story {
            var lines: [String] = []
            var bell: LoopBell?
            let end: EventLoopPromise<[String]>
            init(_ end: EventLoopPromise<[String]>) { self.end = end }

            func turn(_ loop: any EventLoop) {
                lines.append("rung")
                guard lines.count < 6 else { return end.succeed(lines) }
                begin(loop)
            }

            func begin(_ loop: any EventLoop) {
                guard bell?.ring() == true else { return end.succeed(lines + ["no bell"]) }
                let bound = NIOLoopBound(self, eventLoop: loop)
                // Tasks belong to this turn.
                loop.execute { bound.value.lines.append("task") }
            }
        }
        let end = loop.makePromise(of: [String].self)
        try await loop.flatSubmit {
            let story = Story(end)
            return LoopBell.hang(on: loop) { story.turn(loop) }
                .assumeIsolated()
                .map { bell in
                    story.bell = bell.value
                    story.begin(loop)
                }
                .nonisolated()
        }.get()
        #expect(try await end.futureResult.get() == ["task", "rung", "task", "rung", "task", "rung"])
        try await group.shutdownGracefully()
    }

    @Test("the turns of a loop end with it, though its bell still hangs")
    func ends() async throws {
        final class Seen {
            weak var turns: HandshakeTurns?
        }
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let loop = group.next()
        let seen = try await loop.flatSubmit {
            let edge = EdgeLoop(responder: ScriptedResponder())
            let seen = Seen()
            seen.turns = edge.turns
            let bound = NIOLoopBound(seen, eventLoop: loop)
            return edge.hangBell(on: loop).map { bound }
        }.get()
        #expect(try await loop.submit { seen.value.turns == nil }.get())
        try await group.shutdownGracefully()
    }
}
