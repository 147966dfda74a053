package import NIOCore

/// The deadlines of an event loop's connections, on one timer of the loop.
///
/// NIO looks for a timer that is cancelled among all timers of its loop, and most deadlines of connections are cancelled:
/// with thousands of open connections that costs more than a handshake's own work. Here a timer knows its place, so to
/// set and to cancel one takes at most the logarithm of their number. Not Sendable: used on its event loop only.
package final class LoopDeadlines {
    /// One deadline at a time.
    package final class Timer {
        /// When it fires; `.distantFuture` while it is not set.
        package fileprivate(set) var deadline = NIODeadline.distantFuture
        fileprivate var place: Int?
        fileprivate var fire: () -> Void = {}

        package init() {}
    }

    private struct Slot {
        let deadline: NIODeadline
        let timer: Timer
    }

    /// A binary heap, soonest first.
    private var slots: [Slot] = []
    /// The timer of the loop, set for the first of them or for one that was cancelled since.
    private var alarm: (deadline: NIODeadline, callback: NIOScheduledCallback)?

    package init() {}

    /// Sets a timer, which is kept until it has fired or is cancelled; the deadline that it had is forgotten.
    ///
    /// - Parameters:
    ///   - timer: of this event loop.
    ///   - deadline: when it fires; one that has passed comes behind those that are due already.
    ///   - loop: the event loop.
    ///   - fire: what is called then, once.
    package func set(_ timer: Timer, to deadline: NIODeadline, on loop: any EventLoop, fire: @escaping () -> Void) {
        takeOut(timer)
        timer.deadline = deadline
        timer.fire = fire
        slots.append(Slot(deadline: deadline, timer: timer))
        rise(from: slots.count - 1)
        setAlarm(on: loop)
    }

    /// Cancels a timer, if it is set, and lets go of what it would have called.
    package func cancel(_ timer: Timer) {
        timer.fire = {}
        takeOut(timer)
        guard slots.isEmpty else { return }
        alarm?.callback.cancel()
        alarm = nil
    }

    private func takeOut(_ timer: Timer) {
        guard let place = timer.place else { return }
        timer.place = nil
        timer.deadline = .distantFuture
        let last = slots.removeLast()
        guard place < slots.count else { return }
        slots[place] = last
        if place > 0, last.deadline < slots[(place - 1) / 2].deadline { rise(from: place) } else { sink(from: place) }
    }

    /// Puts a slot nearer to the front, as far as it has to go.
    private func rise(from start: Int) {
        let slot = slots[start]
        var place = start
        while place > 0 {
            let above = (place - 1) / 2
            guard slot.deadline < slots[above].deadline else { break }
            put(slots[above], at: place)
            place = above
        }
        put(slot, at: place)
    }

    /// Puts a slot farther from the front, as far as it has to go.
    private func sink(from start: Int) {
        let slot = slots[start]
        var place = start
        while true {
            var below = 2 * place + 1
            guard below < slots.count else { break }
            if below + 1 < slots.count, slots[below + 1].deadline < slots[below].deadline { below += 1 }
            guard slots[below].deadline < slot.deadline else { break }
            put(slots[below], at: place)
            place = below
        }
        put(slot, at: place)
    }

    private func put(_ slot: Slot, at place: Int) {
        slots[place] = slot
        slot.timer.place = place
    }

    private func setAlarm(on loop: any EventLoop) {
        guard let first = slots.first?.deadline, alarm.map({ first < $0.deadline }) ?? true else { return }
        alarm?.callback.cancel()
        let target = Alarm(deadlines: NIOLoopBound(self, eventLoop: loop))
        // Fails only while the event loop is being shut down, and all channels with it.
        alarm = (try? loop.scheduleCallback(at: first, handler: target)).map { (first, $0) }
    }

    private func wentOff(on loop: any EventLoop) {
        alarm = nil
        let now = loop.now
        var due: [Timer] = []
        while let first = slots.first, first.deadline <= now {
            takeOut(first.timer)
            due.append(first.timer)
        }
        // One that another has cancelled does nothing now; one that another has set again waits for the next alarm.
        for timer in due where timer.place == nil {
            let fire = timer.fire
            timer.fire = {}
            fire()
        }
        setAlarm(on: loop)
    }

    private struct Alarm: NIOScheduledCallbackHandler, Sendable {
        let deadlines: NIOLoopBound<LoopDeadlines>

        func handleScheduledCallback(eventLoop: some EventLoop) {
            deadlines.value.wentOff(on: eventLoop)
        }
    }
}

@available(*, unavailable)
extension LoopDeadlines: Sendable {}
