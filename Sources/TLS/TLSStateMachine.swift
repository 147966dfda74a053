internal import NIOCore
internal import OpenSSL

/// The decisions of a `TLSHandler`: where a connection is in its life, and what follows from an event there.
///
/// Knows no channel. One method for each event, and each returns what the handler must do.
struct TLSStateMachine: ~Copyable {
    private enum State {
        /// The channel is not connected yet.
        case idle
        /// The deadline runs.
        case handshaking
        /// Plaintext flows.
        case open(Open)
        /// Our last bytes are on their way, or have left and the peer may still be sending.
        case closing(Closing)
        /// There is nothing left to do.
        case closed
    }

    private struct Open {
        /// We have said goodbye and write no more.
        var isOutputClosed = false
        /// The peer's bytes have ended, with its goodbye or without, and that was reported.
        var isInputEnded = false
        /// What the peer made us say since the handshake.
        var unaskedBytes = 0
    }

    private struct Closing {
        /// Completed when the channel is closed.
        var promise: EventLoopPromise<Void>?
        /// Our last bytes have left; the peer's are dropped until it ends, time is up or too many have come.
        var isLingering = false
        /// The peer sends nothing more.
        var isInputEnded: Bool
        /// Input that was dropped.
        var droppedBytes = 0
    }

    private var state = State.idle
    private let limits: TLSLimits

    init(limits: TLSLimits) {
        self.limits = limits
    }

    // MARK: Handshake

    /// The channel is connected.
    ///
    /// Returns whether that is news.
    mutating func connected() -> Bool {
        guard case .idle = state else { return false }
        state = .handshaking
        return true
    }

    /// Whether the handshake is under way.
    var isShakingHands: Bool {
        switch state {
        case .handshaking: true
        case .idle, .open, .closing, .closed: false
        }
    }

    /// What to do with ciphertext.
    enum Arrival {
        case handshake
        case decrypt
        case drop
        case close(EventLoopPromise<Void>?)
    }

    /// That many bytes of ciphertext have come.
    mutating func arrived(_ count: Int) -> Arrival {
        switch state {
        case .handshaking:
            return .handshake
        case .open(let open):
            // What comes behind a goodbye is ignored (RFC 8446, section 6.1).
            return open.isInputEnded ? .drop : .decrypt
        case .closing(var closing):
            closing.droppedBytes += count
            guard closing.droppedBytes <= limits.lingerBytes else {
                state = .closed
                return .close(closing.promise)
            }
            state = .closing(closing)
            return .drop
        case .idle, .closed:
            return .drop
        }
    }

    /// What follows from a step of the handshake.
    enum HandshakeAction: Equatable {
        case wait
        case complete
        case fail(TLSError)
    }

    /// A step of the handshake was made.
    mutating func shookHands(_ step: TLSSession.Step, isPlainHTTP: Bool) -> HandshakeAction {
        switch (state, step) {
        case (.idle, _), (.open, _), (.closing, _), (.closed, _), (.handshaking, .needsInput):
            return .wait
        case (.handshaking, .done):
            state = .open(Open())
            return .complete
        case (.handshaking, .failed(let reasons)):
            return fail(isPlainHTTP ? .plaintextHTTP : .handshakeFailed(reasons))
        case (.handshaking, .peerClosed), (.handshaking, .truncated):
            return fail(.closedDuringHandshake)
        }
    }

    // MARK: Plaintext

    /// What follows from reading.
    enum ReadAction: Equatable {
        case wait
        /// Answer the peer's goodbye with ours and close.
        case sayGoodbye
        /// The peer says nothing more and may still want to hear: tell so, and go on writing.
        case reportInputEnd
        case fail(TLSError)
    }

    /// All input was decrypted.
    ///
    /// - Parameters:
    ///   - step: what that ended in.
    ///   - unasked: bytes that it made us say.
    ///   - allowsHalfClosure: whether a peer that has said goodbye still gets what it is owed.
    /// - Returns: what follows.
    mutating func decrypted(_ step: TLSSession.Step, unasked: Int, allowsHalfClosure: Bool) -> ReadAction {
        switch state {
        case .open(var open):
            open.unaskedBytes += unasked
            state = .open(open)
            guard open.unaskedBytes <= limits.unaskedBytes else { return failed(.tooManyRequestsForKeys) }
            switch step {
            case .done, .needsInput:
                return .wait
            case .peerClosed where allowsHalfClosure && !open.isOutputClosed:
                guard !open.isInputEnded else { return .wait }
                open.isInputEnded = true
                state = .open(open)
                return .reportInputEnd
            case .peerClosed:
                state = .closing(Closing(isInputEnded: true))
                return .sayGoodbye
            case .truncated:
                return failed(.truncated)
            case .failed(let reasons):
                return failed(.connectionFailed(reasons))
            }
        case .closing(var closing):
            // Somebody closed while the plaintext was being handed on.
            closing.isInputEnded = closing.isInputEnded || step == .peerClosed
            state = .closing(closing)
            return .wait
        case .idle, .handshaking, .closed:
            return .wait
        }
    }

    /// Whether plaintext may be decrypted now.
    var isOpen: Bool {
        switch state {
        case .open: true
        case .idle, .handshaking, .closing, .closed: false
        }
    }

    /// What to do with a write.
    enum WriteAction: Equatable {
        case keep
        case refuse(ChannelError)
    }

    /// Somebody writes.
    func wrote() -> WriteAction {
        switch state {
        case .idle, .handshaking: .keep
        case .open(let open): open.isOutputClosed ? .refuse(.outputClosed) : .keep
        case .closing: .refuse(.outputClosed)
        case .closed: .refuse(.ioOnClosedChannel)
        }
    }

    /// Whether a flush encrypts at once.
    ///
    /// Before the handshake it only marks what its end will send.
    var encryptsOnFlush: Bool {
        switch state {
        case .open(let open): !open.isOutputClosed
        case .idle, .handshaking, .closing, .closed: false
        }
    }

    /// A record could not be written.
    mutating func writeFailed(_ reasons: [OpenSSLError]) -> ReadAction {
        switch state {
        case .open: failed(.connectionFailed(reasons))
        case .idle, .handshaking, .closing, .closed: .wait
        }
    }

    private mutating func failed(_ error: TLSError) -> ReadAction {
        state = .closing(Closing(isInputEnded: error == .truncated))
        return .fail(error)
    }

    private mutating func fail(_ error: TLSError) -> HandshakeAction {
        state = .closing(Closing(isInputEnded: error == .closedDuringHandshake))
        return .fail(error)
    }
}

extension TLSStateMachine {
    // MARK: Closing

    /// What to do when somebody closes.
    enum CloseAction {
        /// Say goodbye after what was flushed; `lastBytesSent` when that has left.
        case sayGoodbye
        /// Close the channel as it is.
        case close(EventLoopPromise<Void>?)
        /// It is being closed already and the promise waits with the others.
        case wait
    }

    /// Somebody closes both directions.
    mutating func closeRequested(_ promise: EventLoopPromise<Void>?) -> CloseAction {
        switch state {
        case .idle, .handshaking, .closed:
            state = .closed
            return .close(promise)
        case .open(let open):
            state = .closing(Closing(promise: promise, isInputEnded: open.isInputEnded))
            return .sayGoodbye
        case .closing(var closing):
            closing.promise.setOrCascade(to: promise)
            state = .closing(closing)
            return .wait
        }
    }

    /// Somebody closes our direction only.
    ///
    /// Returns whether to say goodbye; if not, it was not open.
    mutating func closeOutputRequested() -> Bool {
        guard case .open(var open) = state, !open.isOutputClosed else { return false }
        open.isOutputClosed = true
        state = .open(open)
        return true
    }

    /// What to do when our last bytes have left.
    enum LastBytesAction {
        /// Close our direction and drop what comes, for a bounded time.
        case linger
        case close(EventLoopPromise<Void>?)
        case wait
    }

    /// Our last bytes have left, or never will.
    mutating func lastBytesSent(successfully: Bool) -> LastBytesAction {
        guard case .closing(var closing) = state, !closing.isLingering else { return .wait }
        guard successfully, !closing.isInputEnded else {
            state = .closed
            return .close(closing.promise)
        }
        closing.isLingering = true
        state = .closing(closing)
        return .linger
    }

    /// Whether our last bytes are still on their way.
    var isSendingLastBytes: Bool {
        guard case .closing(let closing) = state else { return false }
        return !closing.isLingering
    }

    /// Whether input is wanted though nobody above asks for it: for the handshake, or to be dropped.
    var readsForItself: Bool {
        switch state {
        case .handshaking: true
        case .closing(let closing): closing.isLingering
        case .idle, .open, .closed: false
        }
    }

    /// Whether input is read only to be dropped.
    var isLingering: Bool {
        guard case .closing(let closing) = state else { return false }
        return closing.isLingering
    }

    /// What to do when the timer fires.
    enum TimerAction {
        case timeOut(TLSError)
        case close(EventLoopPromise<Void>?)
        case wait
    }

    /// The deadline that was set last has passed.
    mutating func timerFired() -> TimerAction {
        switch state {
        case .handshaking:
            state = .closed
            return .timeOut(.handshakeTimedOut)
        case .closing(let closing):
            state = .closed
            return .close(closing.promise)
        case .idle, .open, .closed:
            return .wait
        }
    }

    /// What to do when the peer's bytes have ended and ours may go on.
    enum InputEndAction {
        case report(TLSError)
        case fail(TLSError)
        case close(EventLoopPromise<Void>?)
        case wait
        /// It was told already, when the goodbye came.
        case ignore
    }

    /// The channel allows half-closure, and the peer has used it.
    mutating func inputEnded() -> InputEndAction {
        switch state {
        case .handshaking:
            state = .closing(Closing(isInputEnded: true))
            return .fail(.closedDuringHandshake)
        case .open(var open):
            guard !open.isInputEnded else { return .ignore }
            open.isInputEnded = true
            state = .open(open)
            return .report(.truncated)
        case .closing(var closing):
            guard closing.isLingering else {
                closing.isInputEnded = true
                state = .closing(closing)
                return .wait
            }
            state = .closed
            return .close(closing.promise)
        case .idle, .closed:
            return .wait
        }
    }

    /// The channel is gone.
    ///
    /// What is left to report, and the promise of whoever closed.
    mutating func disconnected() -> (error: TLSError?, promise: EventLoopPromise<Void>?) {
        let last = state
        state = .closed
        switch last {
        case .idle, .closed: return (nil, nil)
        case .handshaking: return (.closedDuringHandshake, nil)
        case .open(let open): return (open.isInputEnded ? nil : .truncated, nil)
        case .closing(let closing): return (nil, closing.promise)
        }
    }
}
