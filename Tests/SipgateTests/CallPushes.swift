import Webhooks

@testable import Sipgate

/// The numbers of those who take part.
enum CallNumbers {
    static let caller = "498999998071"
    static let doc = "493023125401"
    static let marty = "493023125402"
}

/// A suite that makes up pushes.
protocol CallPushes {}

extension CallPushes {
    func push(
        _ event: PushEvent,
        _ leg: String,
        _ change: (inout CallObservation) -> Void = { _ in }
    ) -> CallObservation {
        var push = CallObservation(event: event, leg: leg)
        change(&push)
        return push
    }

    /// The start of an incoming leg.
    func start(
        _ leg: String,
        from: String = CallNumbers.caller,
        to: String = CallNumbers.doc,
        diversion: String? = nil,
        xcid: String? = nil
    ) -> CallObservation {
        push(.newCall, leg) { push in
            push.direction = .incoming
            push.from = PhoneNumber(from)
            push.to = PhoneNumber(to)
            push.diversion = diversion
            push.correlation = xcid
            push.users = [CallUser(name: "Doc", id: "w3", fullId: "1w3")]
        }
    }

    /// The end of a leg.
    func end(_ leg: String, _ cause: String = "normalClearing") -> CallObservation {
        push(.hangup, leg) { $0.cause = cause }
    }

    /// A moment after the start of it all.
    func at(_ milliseconds: Int64) -> Timestamp {
        CallTracker.start.adding(milliseconds)
    }
}
