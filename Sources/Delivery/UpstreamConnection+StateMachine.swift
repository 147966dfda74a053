internal import NIOCore

extension UpstreamConnection {
    /// The life of one connection to a destination: one attempt at a time, and what each event means for it.
    ///
    /// The attempt, with its promise, lives in the state, so that taking it out is the transition.
    struct StateMachine: ~Copyable {
        /// The head of a final response.
        private struct Head {
            let outcome: AttemptOutcome
            let keepsAlive: Bool
        }

        private enum State: ~Copyable {
            /// Open, and nobody's turn. `served` once it has carried a response.
            case idle(served: Bool)
            /// The request is written, and not a byte of response has come.
            case sent(Attempt, reused: Bool)
            /// Some bytes have come; a head once it is complete.
            case receiving(Attempt, bytes: Int, head: Head?)
            /// The response is complete, and the rest of what was read with it is still to be looked at.
            case answered(Attempt, AttemptOutcome, keepsAlive: Bool)
            /// Closed, or about to be.
            case closed
        }

        private var state: State

        init() {
            state = .idle(served: false)
        }

        private init(_ state: consuming State) {
            self.state = state
        }

        /// False once the connection must not be used any more.
        var isOpen: Bool {
            switch state {
            case .closed: false
            case .idle: true
            case .sent: true
            case .receiving: true
            case .answered: true
            }
        }

        /// When the attempt under way has to end; nil when there is none.
        var deadline: NIODeadline? {
            switch state {
            case .sent(let attempt, _): attempt.deadline
            case .receiving(let attempt, _, _): attempt.deadline
            case .answered(let attempt, _, _): attempt.deadline
            case .idle: nil
            case .closed: nil
            }
        }

        /// A request is about to be written.
        ///
        /// Only an idle connection may be given one.
        mutating func send(_ attempt: Attempt) {
            switch consume state {
            case .idle(let served):
                self = StateMachine(.sent(attempt, reused: served))
            case .sent: StateMachine.mustBeIdle()
            case .receiving: StateMachine.mustBeIdle()
            case .answered: StateMachine.mustBeIdle()
            case .closed: StateMachine.mustBeIdle()
            }
        }

        private static func mustBeIdle() -> Never {
            preconditionFailure("the pool gave an attempt to a connection that is not idle")
        }

        /// What to do with bytes that came.
        enum BytesAction: Equatable {
            /// They are for the decoder.
            case decode
            /// Nobody asked for them: what they belong to cannot be known, so the connection ends.
            case close
            /// The connection has ended already.
            case ignore
        }

        /// Bytes came, and are about to be decoded.
        mutating func received(_ count: Int) -> BytesAction {
            switch consume state {
            case .idle:
                self = StateMachine(.closed)
                return .close
            case .sent(let attempt, _):
                self = StateMachine(.receiving(attempt, bytes: count, head: nil))
                return .decode
            case .receiving(let attempt, let bytes, let head):
                self = StateMachine(.receiving(attempt, bytes: bytes + count, head: head))
                return .decode
            case .answered(let attempt, let outcome, _):
                self = StateMachine(.answered(attempt, outcome, keepsAlive: false))
                return .ignore
            case .closed:
                self = StateMachine(.closed)
                return .ignore
            }
        }

        /// The head of a final response was decoded.
        ///
        /// Interim ones (1xx) do not get here, except 101, which is final.
        mutating func head(status: Int, keepsAlive: Bool, retryAfter: RetryAfter? = nil) {
            switch consume state {
            case .receiving(let attempt, let bytes, _):
                let outcome = AttemptOutcome(status: status, retryAfter: retryAfter)
                if status == 101 {
                    // We never ask for an upgrade; what follows is no HTTP.
                    self = StateMachine(.answered(attempt, outcome, keepsAlive: false))
                } else {
                    let head = Head(outcome: outcome, keepsAlive: keepsAlive)
                    self = StateMachine(.receiving(attempt, bytes: bytes, head: head))
                }
            case .answered(let attempt, let outcome, _):
                self = StateMachine(.answered(attempt, outcome, keepsAlive: false))
            case .idle(let served):
                self = StateMachine(.idle(served: served))
            case .sent(let attempt, let reused):
                self = StateMachine(.sent(attempt, reused: reused))
            case .closed:
                self = StateMachine(.closed)
            }
        }

        /// The response was decoded to its end.
        mutating func end() {
            switch consume state {
            case .receiving(let attempt, _, .some(let head)):
                self = StateMachine(.answered(attempt, head.outcome, keepsAlive: head.keepsAlive))
            case .receiving(let attempt, let bytes, .none):
                self = StateMachine(.receiving(attempt, bytes: bytes, head: nil))
            case .answered(let attempt, let outcome, let keepsAlive):
                self = StateMachine(.answered(attempt, outcome, keepsAlive: keepsAlive))
            case .idle(let served):
                self = StateMachine(.idle(served: served))
            case .sent(let attempt, let reused):
                self = StateMachine(.sent(attempt, reused: reused))
            case .closed:
                self = StateMachine(.closed)
            }
        }

        /// What follows from all that was read at once.
        enum ReadAction {
            /// There is more to come.
            case wait
            /// The attempt is over, and the connection is idle again.
            case finishAndRelease(Attempt, AttemptOutcome)
            /// The attempt is over, and so is the connection.
            case finishAndClose(Attempt, AttemptOutcome)
        }

        /// Everything that was read has been decoded.
        ///
        /// A response ends the attempt only now: what came after it in the same read is known too, and bytes that
        /// nobody asked for can never be taken for the response to a later request.
        mutating func readComplete(maxResponseBytes: Int) -> ReadAction {
            switch consume state {
            case .answered(let attempt, let outcome, true):
                self = StateMachine(.idle(served: true))
                return .finishAndRelease(attempt, outcome)
            case .answered(let attempt, let outcome, false):
                self = StateMachine(.closed)
                return .finishAndClose(attempt, outcome)
            case .receiving(let attempt, let bytes, let head) where bytes > maxResponseBytes:
                // The status is the verdict; what follows it past the bound nobody wants to know.
                self = StateMachine(.closed)
                return .finishAndClose(attempt, head?.outcome ?? .protocolError)
            case .receiving(let attempt, let bytes, let head):
                self = StateMachine(.receiving(attempt, bytes: bytes, head: head))
                return .wait
            case .idle(let served):
                self = StateMachine(.idle(served: served))
                return .wait
            case .sent(let attempt, let reused):
                self = StateMachine(.sent(attempt, reused: reused))
                return .wait
            case .closed:
                self = StateMachine(.closed)
                return .wait
            }
        }

        /// What follows from the end of a connection.
        enum LossAction {
            /// Nobody is concerned.
            case none
            /// The attempt is made once more, on a new connection.
            case retry(Attempt)
            /// The attempt is over.
            case finish(Attempt, AttemptOutcome)
        }

        /// The connection is gone.
        ///
        /// RFC 9112, section 9.3.1, and RFC 9110, section 9.2.2: a server may close an idle connection at any time, and
        /// then a request that was just written to it is lost without having been read. A POST may be repeated
        /// automatically if the client knows that its semantics are idempotent: ours are, since the receiver drops a
        /// second event with the same `webhook-id`. So it is repeated once, but only where that race is the likely
        /// cause: the connection had served before, and not a byte of response has come.
        mutating func lost() -> LossAction {
            switch consume state {
            case .sent(let attempt, reused: true) where !attempt.isRetry:
                self = StateMachine(.closed)
                return .retry(attempt)
            case .sent(let attempt, _):
                self = StateMachine(.closed)
                return .finish(attempt, .unreachable(.closed))
            case .receiving(let attempt, _, _):
                self = StateMachine(.closed)
                return .finish(attempt, .protocolError)
            case .answered(let attempt, let outcome, _):
                self = StateMachine(.closed)
                return .finish(attempt, outcome)
            case .idle:
                self = StateMachine(.closed)
                return .none
            case .closed:
                self = StateMachine(.closed)
                return .none
            }
        }

        /// What came is not HTTP/1, or too large: the attempt ends, and the connection with it.
        mutating func garbled() -> LossAction {
            switch consume state {
            case .sent(let attempt, _):
                self = StateMachine(.closed)
                return .finish(attempt, .protocolError)
            case .receiving(let attempt, _, _):
                self = StateMachine(.closed)
                return .finish(attempt, .protocolError)
            case .answered(let attempt, let outcome, _):
                // The garbage came after a whole response, which stands.
                self = StateMachine(.closed)
                return .finish(attempt, outcome)
            case .idle:
                self = StateMachine(.closed)
                return .none
            case .closed:
                self = StateMachine(.closed)
                return .none
            }
        }

        /// Ends the connection if its attempt is past its deadline, which is returned then.
        mutating func expire(at now: NIODeadline) -> Attempt? {
            switch consume state {
            case .sent(let attempt, _) where attempt.deadline <= now:
                self = StateMachine(.closed)
                return attempt
            case .receiving(let attempt, _, _) where attempt.deadline <= now:
                self = StateMachine(.closed)
                return attempt
            case .sent(let attempt, let reused):
                self = StateMachine(.sent(attempt, reused: reused))
                return nil
            case .receiving(let attempt, let bytes, let head):
                self = StateMachine(.receiving(attempt, bytes: bytes, head: head))
                return nil
            case .answered(let attempt, let outcome, let keepsAlive):
                // Ends with this very read.
                self = StateMachine(.answered(attempt, outcome, keepsAlive: keepsAlive))
                return nil
            case .idle(let served):
                self = StateMachine(.idle(served: served))
                return nil
            case .closed:
                self = StateMachine(.closed)
                return nil
            }
        }

        /// The pool has no more use for this idle connection.
        mutating func close() {
            self = StateMachine(.closed)
        }
    }
}
