internal import NIOCore

/// Plaintext that was written and not yet encrypted, in order, with its promises.
///
/// Small neighbours are joined, so that the head and the body of a reply become one record.
struct PendingWrites: ~Copyable {
    /// Neighbours of one record, or a write of its own.
    struct Segment {
        var plaintext: ByteBuffer
        var promise: EventLoopPromise<Void>?
    }

    /// The most that one record holds, RFC 8446 section 5.1.
    private static let recordLength = 16 * 1024

    private var segments: [Segment] = []
    private var flushedCount = 0

    /// Whether something has been flushed.
    var hasFlushed: Bool { flushedCount > 0 }

    /// Adds a write, which is not flushed yet.
    mutating func append(_ plaintext: ByteBuffer, promise: EventLoopPromise<Void>?) {
        let last = segments.count - 1
        if last >= flushedCount,
            segments[last].plaintext.readableBytes + plaintext.readableBytes <= PendingWrites.recordLength
        {
            segments[last].plaintext.writeImmutableBuffer(plaintext)
            segments[last].promise.setOrCascade(to: promise)
        } else {
            segments.append(Segment(plaintext: plaintext, promise: promise))
        }
    }

    /// Everything up to here may be sent.
    mutating func flush() {
        flushedCount = segments.count
    }

    /// Takes what was flushed.
    mutating func takeFlushed() -> [Segment] {
        guard flushedCount < segments.count else {
            flushedCount = 0
            return exchange(&segments, with: [])
        }
        let flushed = Array(segments.prefix(flushedCount))
        segments.removeFirst(flushedCount)
        flushedCount = 0
        return flushed
    }

    /// Takes everything, flushed or not.
    mutating func takeAll() -> [Segment] {
        flushedCount = 0
        return exchange(&segments, with: [])
    }
}

/// The old value of `place`, which gets a new one: leaves no second reference behind.
private func exchange<Value>(_ place: inout Value, with new: Value) -> Value {
    let old = place
    place = new
    return old
}
