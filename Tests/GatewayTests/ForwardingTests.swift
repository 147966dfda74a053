import Delivery
import Testing
import Webhooks

@testable import Gateway

/// When a request whose events are not stored is answered, and with what.
@Suite struct ForwardingTests {
    /// The reasons of the answers, nil for a good one.
    private final class Answers {
        var reasons: [ReasonCode?] = []
    }

    private func forwarding(_ answers: Answers) -> Forwarding {
        Forwarding { refusal in answers.reasons.append(refusal?.reason) }
    }

    @Test func `without a destination the answer is there at once`() {
        let answers = Answers()
        forwarding(answers).allBegun()
        #expect(answers.reasons == [nil])
    }

    @Test func `the answer waits for every destination`() {
        let answers = Answers()
        let forwarding = forwarding(answers)
        forwarding.begin()
        forwarding.begin()
        forwarding.allBegun()
        forwarding.end(.delivered(status: 200))
        #expect(answers.reasons.isEmpty)
        forwarding.end(.delivered(status: 204))
        #expect(answers.reasons == [nil])
    }

    @Test func `attempts that end before all have begun answer nothing yet`() {
        let answers = Answers()
        let forwarding = forwarding(answers)
        forwarding.begin()
        forwarding.end(.overloaded)
        forwarding.begin()
        #expect(answers.reasons.isEmpty)
        forwarding.allBegun()
        forwarding.end(.delivered(status: 200))
        #expect(answers.reasons == [.overloaded])
    }

    @Test func `of several failures the first is told, once`() {
        let answers = Answers()
        let forwarding = forwarding(answers)
        for _ in 0..<3 { forwarding.begin() }
        forwarding.allBegun()
        forwarding.end(.delivered(status: 200))
        forwarding.end(.timedOut(phase: .answering))
        forwarding.end(.refused(status: 500))
        #expect(answers.reasons == [.destinationTimeout])
    }
}
