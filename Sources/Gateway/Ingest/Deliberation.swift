import Webhooks

/// A reply that waits for two things at once: the events to be placed, and a decision.
final class Deliberation {
    private var refusal: Reply?
    private var answer: InquiryAnswer?
    /// How many of the two are still to come.
    private var open = 2
    private let done: (_ refusal: Reply?, _ answer: InquiryAnswer?) -> Void

    /// `done` is called once, when both are there.
    init(_ done: @escaping (_ refusal: Reply?, _ answer: InquiryAnswer?) -> Void) {
        self.done = done
    }

    /// The events are where they belong, or were refused.
    func placed(_ refusal: Reply?) {
        self.refusal = refusal
        close()
    }

    /// The one who was asked has spoken, or its time is up.
    func answered(_ answer: InquiryAnswer) {
        self.answer = answer
        close()
    }

    private func close() {
        open -= 1
        if open == 0 { done(refusal, answer) }
    }
}

@available(*, unavailable)
extension Deliberation: Sendable {}
