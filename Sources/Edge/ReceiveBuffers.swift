import NIOCore

/// Makes the buffers that a connection's bytes are read into.
///
/// NIO keeps the first buffer of a connection for as long as the connection lives. So the first is small, just right for
/// a ClientHello, and all others are new ones that nobody keeps: an idle connection costs a KiB less. Needs
/// `maxMessagesPerRead` to be 1, or NIO keeps others as well.
struct ReceiveBuffers: RecvByteBufferAllocator {
    /// Takes the ClientHello of most clients, also with a ticket.
    private static let first = 1024
    /// Takes a push with its record, and most heads.
    private static let least = 2048
    private static let most = 65_536

    private var capacity = ReceiveBuffers.first

    func buffer(allocator: ByteBufferAllocator) -> ByteBuffer {
        allocator.buffer(capacity: capacity)
    }

    /// None: with a size at hand NIO would make the one that it keeps as large.
    func nextBufferSize() -> Int? { nil }

    /// A full buffer is followed by a larger one, until less comes than fits into the least.
    ///
    /// - Parameter actualReadBytes: what the last read brought.
    /// - Returns: true: NIO then asks for a new buffer.
    mutating func record(actualReadBytes: Int) -> Bool {
        if actualReadBytes >= capacity {
            capacity = min(max(2 * capacity, ReceiveBuffers.least), ReceiveBuffers.most)
        } else if actualReadBytes < ReceiveBuffers.least {
            capacity = ReceiveBuffers.least
        }
        return true
    }
}
