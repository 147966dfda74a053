import NIOCore

/// Watches the frames of an HTTP/2 connection before anything is made of them, and ends it when too many do no work.
///
/// What is behind it bounds resets, PING, SETTINGS, PRIORITY, CONTINUATION and empty DATA frames; it does not bound
/// WINDOW_UPDATE and unknown frames (RFC 9113, section 10.5), nor does it tell how long a frame has been coming.
final class FrameGuard: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private var frames = FrameBudget()
    private var context: ChannelHandlerContext?
    private var isOver = false

    /// When the header section that is coming began; nil when none is.
    private(set) var headBegan: NIODeadline?

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }

    func handlerRemoved(context: ChannelHandlerContext) { self.context = nil }

    /// Writes that no more streams should be begun: a goodbye that names the last possible one, so that those under way
    /// still count (RFC 9113, section 6.8).
    ///
    /// It passes NIO by, which takes no new stream after any goodbye of its own.
    func announceEnd() {
        var frame = ByteBuffer()
        // Length and type, flags, stream; the last stream, and that there is no error.
        frame.writeMultipleIntegers(UInt32(8 << 8 | 7), UInt8(0), UInt32(0), UInt32(0x7FFF_FFFF), UInt32(0))
        context?.write(wrapOutboundOut(frame), promise: nil)
    }

    /// Takes off what a malformed request costs.
    ///
    /// - Returns: false when the connection has had too many.
    func charge() -> Bool {
        frames.charge()
        isOver = frames.isSpent
        return !isOver
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !isOver else { return }
        let now = context.eventLoop.now
        guard frames.spend(unwrapInboundIn(data).readableBytesView, now: now) else {
            isOver = true
            return context.fireErrorCaught(HTTP2Flood())
        }
        if !frames.isMidHead { headBegan = nil } else if headBegan == nil { headBegan = now }
        context.fireChannelRead(data)
    }
}

@available(*, unavailable)
extension FrameGuard: Sendable {}

/// A connection sends too many frames that do no work.
struct HTTP2Flood: Error, CustomStringConvertible {
    var description: String { "too many HTTP/2 frames that carry no request" }
}

/// How many frames that carry nothing a connection may still send, and where in a frame its bytes are.
///
/// A client needs a few such frames for every request and some now and then; whoever sends them alone runs out.
struct FrameBudget {
    /// What a connection may have saved.
    static let maximum = 500
    /// What every request brings: acknowledgements, windows, priorities.
    static let perRequest = 8
    /// What a malformed request costs.
    static let malformed = 20
    /// What every second brings.
    static let perSecond = 10

    private static let preface = 24
    private static let headLength = 9

    private var left = FrameBudget.maximum
    private var refilled: NIODeadline?
    /// Bytes of the preface, or of a payload, that are passed over.
    private var skipping = FrameBudget.preface
    /// The head of a frame, as far as it has come: length (24 bits), type, flags, stream (RFC 9113, section 4.1).
    private var head: (length: Int, type: UInt8, flags: UInt8) = (0, 0, 0)
    private var headBytes = 0
    /// A header section has begun and its last frame has not.
    private var awaitsContinuation = false
    /// The frame that is being passed over belongs to a header section.
    private var isInHead = false

    /// Whether a header section has begun and is not whole.
    var isMidHead: Bool { awaitsContinuation || isInHead }

    /// Walks over bytes as they come, in any pieces.
    ///
    /// - Returns: false when the connection has sent more than it may.
    mutating func spend(_ bytes: ByteBufferView, now: NIODeadline) -> Bool {
        refill(now)
        var index = bytes.startIndex
        while index < bytes.endIndex {
            if skipping > 0 {
                let count = min(skipping, bytes.endIndex - index)
                skipping -= count
                index += count
                if skipping == 0 { isInHead = false }
                continue
            }
            take(bytes[index])
            index += 1
            if headBytes == FrameBudget.headLength, !frameBegan() { return false }
        }
        return true
    }

    /// Takes off what a malformed request costs.
    mutating func charge() { left -= FrameBudget.malformed }

    /// Whether more was sent than may be.
    var isSpent: Bool { left < 0 }

    /// Takes a byte of a frame's head.
    private mutating func take(_ byte: UInt8) {
        switch headBytes {
        case 0: head.length = Int(byte) << 16
        case 1: head.length |= Int(byte) << 8
        case 2: head.length |= Int(byte)
        case 3: head.type = byte
        case 4: head.flags = byte
        default: break
        }
        headBytes += 1
    }

    /// A frame's head is whole.
    private mutating func frameBegan() -> Bool {
        headBytes = 0
        skipping = head.length
        let endsStream = head.flags & 0x1 != 0
        let endsHead = head.flags & 0x4 != 0
        switch head.type {
        case 0x0 where head.length > 0 || endsStream:
            return true
        case 0x1:
            left = min(left + FrameBudget.perRequest, FrameBudget.maximum)
            awaitsContinuation = !endsHead
            isInHead = skipping > 0
            return true
        case 0x9:
            awaitsContinuation = awaitsContinuation && !endsHead
            isInHead = skipping > 0
        default:
            break
        }
        left -= 1
        return !isSpent
    }

    private mutating func refill(_ now: NIODeadline) {
        let since = refilled ?? now
        let seconds = (now - since).nanoseconds / 1_000_000_000
        if refilled == nil || seconds > 0 {
            left = min(left + Int(seconds) * FrameBudget.perSecond, FrameBudget.maximum)
            refilled = now
        }
    }
}
