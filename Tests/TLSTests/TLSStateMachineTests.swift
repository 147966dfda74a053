import NIOCore
import NIOEmbedded
import OpenSSL
import Testing

@testable import TLS

@Suite("TLSStateMachine")
struct TLSStateMachineTests {
    /// Every state, by the way there.
    enum Place: String, CaseIterable, Sendable {
        case idle, handshaking, open, outputClosed, sendingLastBytes, lingering, closed

        func machine(limits: TLSLimits = TLSLimits()) -> TLSStateMachine {
            var machine = TLSStateMachine(limits: limits)
            if self == .idle { return machine }
            _ = machine.connected()
            if self == .handshaking { return machine }
            _ = machine.shookHands(.done, isPlainHTTP: false)
            if self == .open { return machine }
            if self == .outputClosed {
                _ = machine.closeOutputRequested()
                return machine
            }
            _ = machine.closeRequested(nil)
            if self == .sendingLastBytes { return machine }
            if self == .lingering {
                _ = machine.lastBytesSent(successfully: true)
                return machine
            }
            _ = machine.timerFired()
            return machine
        }
    }

    private let failure = TLSSession.Step.failed([])

    @Test("connects once", arguments: Place.allCases)
    func connected(place: Place) {
        var machine = place.machine()
        let isNews = machine.connected()
        #expect(isNews == (place == .idle))
    }

    @Test("writes are kept until the goodbye and refused after it", arguments: Place.allCases)
    func writes(place: Place) {
        let machine = place.machine()
        let action = machine.wrote()
        switch place {
        case .idle, .handshaking, .open: #expect(action == .keep)
        case .outputClosed, .sendingLastBytes, .lingering: #expect(action == .refuse(.outputClosed))
        case .closed: #expect(action == .refuse(.ioOnClosedChannel))
        }
        let encrypts = machine.encryptsOnFlush
        #expect(encrypts == (place == .open))
    }

    @Test("only an open connection reads, and reads on where nobody asks", arguments: Place.allCases)
    func reads(place: Place) {
        let machine = place.machine()
        let isOpen = machine.isOpen
        let readsForItself = machine.readsForItself
        #expect(isOpen == (place == .open || place == .outputClosed))
        #expect(readsForItself == (place == .handshaking || place == .lingering))
    }

    @Test("a step of the handshake counts only during the handshake", arguments: Place.allCases)
    func handshakeSteps(place: Place) {
        var failing = place.machine()
        let failed = failing.shookHands(failure, isPlainHTTP: false)
        #expect(failed == (place == .handshaking ? .fail(.handshakeFailed([])) : .wait))
        var plain = place.machine()
        let recognised = plain.shookHands(failure, isPlainHTTP: true)
        #expect(recognised == (place == .handshaking ? .fail(.plaintextHTTP) : .wait))
        var done = place.machine()
        let completed = done.shookHands(.done, isPlainHTTP: false)
        #expect(completed == (place == .handshaking ? .complete : .wait))
    }

    @Test("what reading came to counts only while open", arguments: Place.allCases)
    func readSteps(place: Place) {
        let isOpen = place == .open || place == .outputClosed
        let table: [(TLSSession.Step, TLSStateMachine.ReadAction)] = [
            (.needsInput, .wait), (.done, .wait), (.peerClosed, .sayGoodbye), (.truncated, .fail(.truncated)),
            (failure, .fail(.connectionFailed([]))),
        ]
        for (step, expected) in table {
            var machine = place.machine()
            let action = machine.decrypted(step, unasked: 0, allowsHalfClosure: false)
            #expect(action == (isOpen ? expected : .wait))
        }
    }

    @Test("a goodbye where half-closure is allowed is told once, and what comes behind it is dropped")
    func goodbyeOfAHalf() {
        var machine = Place.open.machine()
        let first = machine.decrypted(.peerClosed, unasked: 0, allowsHalfClosure: true)
        let again = machine.decrypted(.peerClosed, unasked: 0, allowsHalfClosure: true)
        #expect([first, again] == [.reportInputEnd, .wait])
        let (writes, encrypts) = (machine.wrote(), machine.encryptsOnFlush)
        #expect(writes == .keep && encrypts)
        guard case .drop = machine.arrived(1) else {
            Issue.record("bytes behind a goodbye were looked at")
            return
        }
        let (error, _) = machine.disconnected()
        #expect(error == nil)
    }

    @Test("a goodbye after ours ends the connection, half-closure or not")
    func goodbyeOfBoth() {
        var machine = Place.outputClosed.machine()
        let action = machine.decrypted(.peerClosed, unasked: 0, allowsHalfClosure: true)
        #expect(action == .sayGoodbye)
    }

    @Test("what a peer makes us say adds up over the life of a connection")
    func unaskedBytes() {
        var limits = TLSLimits()
        limits.unaskedBytes = 100
        var machine = Place.open.machine(limits: limits)
        var actions: [TLSStateMachine.ReadAction] = []
        for unasked in [60, 40, 1] {
            actions.append(machine.decrypted(.needsInput, unasked: unasked, allowsHalfClosure: true))
        }
        #expect(actions == [.wait, .wait, .fail(.tooManyRequestsForKeys)])
    }

    @Test("closing twice closes once, and both promises hear of it", arguments: Place.allCases)
    func closePromises(place: Place) throws {
        let loop = EmbeddedEventLoop()
        let promises = (loop.makePromise(of: Void.self), loop.makePromise(of: Void.self))
        var machine = place.machine()
        let first = machine.closeRequested(promises.0)
        switch (place, first) {
        case (.idle, .close(let promise)), (.handshaking, .close(let promise)), (.closed, .close(let promise)):
            promise?.succeed(())
            promises.1.succeed(())
        case (.open, .sayGoodbye), (.outputClosed, .sayGoodbye), (.sendingLastBytes, .wait), (.lingering, .wait):
            guard case .wait = machine.closeRequested(promises.1) else {
                Issue.record("a second close did not wait for the first")
                return
            }
            let (error, promise) = machine.disconnected()
            #expect(error == nil)
            promise?.succeed(())
        default:
            Issue.record("\(first)")
        }
        #expect(promises.0.futureResult.isCompleted && promises.1.futureResult.isCompleted)
    }

    @Test("the end of the connection is reported as what it interrupts", arguments: Place.allCases)
    func disconnection(place: Place) {
        var machine = place.machine()
        let (error, _) = machine.disconnected()
        switch place {
        case .handshaking: #expect(error == .closedDuringHandshake)
        case .open, .outputClosed: #expect(error == .truncated)
        case .idle, .sendingLastBytes, .lingering, .closed: #expect(error == nil)
        }
        let (again, _) = machine.disconnected()
        #expect(again == nil)
    }

    @Test("the timer ends a handshake or a close, and nothing else", arguments: Place.allCases)
    func timer(place: Place) {
        var machine = place.machine()
        switch (machine.timerFired(), place) {
        case (.timeOut(let error), .handshaking): #expect(error == .handshakeTimedOut)
        case (.close, .sendingLastBytes), (.close, .lingering): break
        case (.wait, .idle), (.wait, .open), (.wait, .outputClosed), (.wait, .closed): break
        case (let action, _): Issue.record("\(action)")
        }
    }
}
