import NIOCore
import Testing
import Webhooks

@testable import Delivery

@Suite struct UpstreamConnectionStateMachineTests {
    private typealias Machine = UpstreamConnection.StateMachine

    private func attempt(isRetry: Bool = false, deadline: NIODeadline = .distantFuture) -> Attempt {
        let attempt = CalledAttempt(
            event: makeEvent(),
            time: Timestamp(milliseconds: 0),
            deadline: deadline
        ) { _ in }
        attempt.isRetry = isRetry
        return attempt
    }

    /// What an action says, in a word.
    private func word(_ action: Machine.LossAction) -> String {
        switch action {
        case .none: "none"
        case .retry: "retry"
        case .finish(_, let outcome): "\(outcome)"
        }
    }

    private func word(_ action: Machine.ReadAction) -> String {
        switch action {
        case .wait: "wait"
        case .finishAndRelease(_, let outcome): "release \(outcome)"
        case .finishAndClose(_, let outcome): "close \(outcome)"
        }
    }

    /// Sends and receives a whole response, which leaves the machine idle and used.
    private func serve(_ machine: inout Machine) {
        machine.send(attempt())
        #expect(machine.received(20) == .decode)
        machine.head(status: 200, keepsAlive: true)
        machine.end()
        #expect(word(machine.readComplete(maxResponseBytes: 100)) == "release delivered(status: 200)")
    }

    @Test func `carries one attempt after the other`() {
        var machine = Machine()
        for _ in 0..<3 {
            #expect(machine.isOpen == true)
            #expect(machine.deadline == nil)
            serve(&machine)
        }
    }

    @Test func `an attempt is over only with the read that completes it`() {
        var machine = Machine()
        machine.send(attempt())
        #expect(word(machine.readComplete(maxResponseBytes: 100)) == "wait")
        #expect(machine.received(10) == .decode)
        #expect(word(machine.readComplete(maxResponseBytes: 100)) == "wait")
        machine.head(status: 503, keepsAlive: true)
        #expect(word(machine.readComplete(maxResponseBytes: 100)) == "wait")
        machine.end()
        #expect(word(machine.readComplete(maxResponseBytes: 100)) == "release refused(status: 503, retryAfter: nil)")
    }

    @Test func `bytes that nobody asked for end an idle connection`() {
        var machine = Machine()
        #expect(machine.received(1) == .close)
        #expect(machine.isOpen == false)
        #expect(machine.received(1) == .ignore)
        #expect(word(machine.lost()) == "none")
    }

    @Test func `bytes after a response keep the outcome and end the connection`() {
        var machine = Machine()
        machine.send(attempt())
        #expect(machine.received(10) == .decode)
        machine.head(status: 204, keepsAlive: true)
        machine.end()
        #expect(machine.received(5) == .ignore)
        #expect(word(machine.readComplete(maxResponseBytes: 100)) == "close delivered(status: 204)")
        #expect(machine.isOpen == false)
    }

    @Test func `a stale connection gives its attempt back once`() {
        var machine = Machine()
        serve(&machine)
        machine.send(attempt())
        #expect(word(machine.lost()) == "retry")
        #expect(word(machine.lost()) == "none")

        var second = Machine()
        serve(&second)
        second.send(attempt(isRetry: true))
        #expect(word(second.lost()) == "unreachable(\"closed\")")
    }

    @Test func `a fresh connection that is lost gives nothing back`() {
        var machine = Machine()
        machine.send(attempt())
        #expect(word(machine.lost()) == "unreachable(\"closed\")")
    }

    @Test func `after the first byte of a response nothing is tried again`() {
        var machine = Machine()
        serve(&machine)
        machine.send(attempt())
        #expect(machine.received(1) == .decode)
        #expect(word(machine.lost()) == "protocolError")
    }

    @Test func `a late attempt is not tried again`() throws {
        let now = NIODeadline.uptimeNanoseconds(1000)
        var machine = Machine()
        serve(&machine)
        machine.send(attempt(deadline: now + .nanoseconds(1)))
        #expect(machine.expire(at: now).map { $0.deadline } == nil)
        #expect(machine.deadline == now + .nanoseconds(1))
        #expect(machine.expire(at: now + .nanoseconds(1)).map { $0.deadline } == now + .nanoseconds(1))
        #expect(word(machine.lost()) == "none")
        #expect(machine.isOpen == false)
    }

    @Test func `a response past the bound ends with the status it had, or none`() {
        var machine = Machine()
        machine.send(attempt())
        #expect(machine.received(60) == .decode)
        machine.head(status: 200, keepsAlive: true)
        #expect(word(machine.readComplete(maxResponseBytes: 100)) == "wait")
        #expect(machine.received(41) == .decode)
        #expect(word(machine.readComplete(maxResponseBytes: 100)) == "close delivered(status: 200)")

        var headless = Machine()
        headless.send(attempt())
        #expect(headless.received(101) == .decode)
        #expect(word(headless.readComplete(maxResponseBytes: 100)) == "close protocolError")
    }

    @Test func `garbage ends the attempt, but not one that was answered`() {
        var machine = Machine()
        machine.send(attempt())
        #expect(machine.received(10) == .decode)
        #expect(word(machine.garbled()) == "protocolError")
        #expect(machine.isOpen == false)

        var answered = Machine()
        answered.send(attempt())
        #expect(answered.received(10) == .decode)
        answered.head(status: 200, keepsAlive: true)
        answered.end()
        #expect(word(answered.garbled()) == "delivered(status: 200)")
        #expect(answered.isOpen == false)
    }
}
