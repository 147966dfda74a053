import NIOCore
import Testing
import Webhooks

@testable import Delivery

@Suite struct DestinationTests {
    private func destination(types: Set<String>? = nil, directions: Set<String>? = nil) -> Destination {
        var destination = Destination(name: "crm", host: "192.0.2.7", port: 80, target: "/")
        destination.wanted.types = types
        destination.wanted.directions = directions
        return destination
    }

    @Test(
        arguments: [
            (nil, nil, "call.started", "in", true), (["call.ended"], nil, "call.started", "in", false),
            (["call.ended", "call.started"], nil, "call.started", nil, true), (nil, ["in"], "call.started", "in", true),
            (nil, ["in"], "call.started", "out", false), (nil, ["out", "in"], "call.started", "out", true),
            (["call.ended"], ["in"], "call.ended", "out", false), (["call.ended"], ["in"], "call.started", "in", false),
            // Said nothing: what is not known to be unwanted is wanted.
            (nil, ["in"], "call.digits", nil, true),
        ] as [(Set<String>?, Set<String>?, String, String?, Bool)]
    )
    func `types and directions decide who wants an event`(
        _ types: Set<String>?,
        _ directions: Set<String>?,
        _ type: String,
        _ direction: String?,
        _ isWanted: Bool
    ) {
        let event = makeEvent(type: type, direction: direction)
        #expect(destination(types: types, directions: directions).wanted.includes(event) == isWanted)
    }

    @Test func `by default everything is wanted, ordered, retried for a day, and not limited`() {
        let destination = destination()
        #expect(destination.order == .subject && destination.rate == nil && destination.expiry.isEmpty)
        #expect(destination.retry.firstDelay == .seconds(1) && destination.retry.maxDelay == .minutes(5))
        #expect(destination.retry.giveUpAfter == .hours(24))
        #expect(destination.breaker.failures == 5 && destination.breaker.openFor == .seconds(30))
    }
}
