package import NIOCore

/// What calls an event loop back when it has looked at all of its sockets.
package protocol TurnBell: AnyObject {
    /// Asks for a call; false when there will be none.
    func ring() -> Bool
}

/// Whose turn it is to begin a handshake, on one event loop.
///
/// What a server does for a ClientHello costs as much as a dozen requests, with an RSA key as two dozen. So that a flood
/// of them hardly moves the replies of open connections, handshakes get a millisecond in every turn of the loop; those
/// that come behind wait in line, with no more read from them than a hello, and their deadline runs. The line goes round
/// the places that clients come from: one who sends many waits for himself. Not Sendable: used on its event loop only.
package final class HandshakeTurns {
    /// How long handshakes are begun in one turn of the loop: enough for several with an ECDSA key, for two with an RSA key.
    private static let share = TimeAmount.milliseconds(1)
    /// From one turn to the next where there is no bell: enough for the loop to look at its sockets in between.
    private static let pause = TimeAmount.microseconds(20)

    /// Whoever rings it has to call `rang` in the next turn; nil: a timer does.
    package var bell: (any TurnBell)?
    private let clock: () -> NIODeadline
    /// When the share of this turn is used up; nil: nothing was begun since the loop last looked at its sockets.
    private var end: NIODeadline?
    /// Who waits, by where they come from.
    private var waiting: [UInt64: CircularBuffer<TLSHandler>] = [:]
    /// Where somebody waits, next first.
    private var origins = CircularBuffer<UInt64>()

    /// - Parameter clock: The time; for tests.
    package init(clock: @escaping () -> NIODeadline = NIODeadline.now) {
        self.clock = clock
    }

    /// Asks for a turn.
    ///
    /// - Parameters:
    ///   - handler: Hears of its turn through `takeTurn`, once.
    ///   - origin: Where its client comes from.
    ///   - eventLoop: The one this belongs to.
    /// - Returns: whether it has the turn at once, and will not hear of another.
    func ask(_ handler: TLSHandler, from origin: UInt64, on eventLoop: any EventLoop) -> Bool {
        let now = clock()
        guard let end else {
            self.end = now + HandshakeTurns.share
            let turns = NIOLoopBound(self, eventLoop: eventLoop)
            // Tasks run when all sockets of this turn have been looked at.
            eventLoop.execute { turns.value.endTurn(on: turns.eventLoop) }
            return true
        }
        guard now >= end || !origins.isEmpty else { return true }
        if waiting[origin] == nil { origins.append(origin) }
        waiting[origin, default: CircularBuffer(initialCapacity: 1)].append(handler)
        return false
    }

    private func endTurn(on eventLoop: any EventLoop) {
        guard !origins.isEmpty else {
            end = nil
            return
        }
        if bell?.ring() == true { return }
        // Fails only while the loop is being shut down, and all channels with it.
        let timer = Timer(turns: NIOLoopBound(self, eventLoop: eventLoop))
        _ = try? eventLoop.scheduleCallback(in: HandshakeTurns.pause, handler: timer)
    }

    /// The next turn has come: begins what there is time for.
    package func rang(on eventLoop: any EventLoop) {
        let end = clock() + HandshakeTurns.share
        self.end = end
        repeat {
            guard let handler = take() else { break }
            handler.takeTurn()
        } while clock() < end
        endTurn(on: eventLoop)
    }

    private func take() -> TLSHandler? {
        guard let origin = origins.popFirst(), var line = waiting.removeValue(forKey: origin) else { return nil }
        let first = line.popFirst()
        if !line.isEmpty {
            waiting[origin] = line
            origins.append(origin)
        }
        return first
    }

    private struct Timer: NIOScheduledCallbackHandler, Sendable {
        let turns: NIOLoopBound<HandshakeTurns>

        func handleScheduledCallback(eventLoop: some EventLoop) {
            turns.value.rang(on: eventLoop)
        }
    }
}

@available(*, unavailable)
extension HandshakeTurns: Sendable {}
