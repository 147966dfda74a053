internal import COpenSSL
internal import NIOCore

/// Both ends of an `SSL`'s wire as `ByteBuffer`s: OpenSSL reads what came from the peer and writes what goes to it.
///
/// A memory BIO would copy every byte once more in each direction. Owned by its `TLSSession`, on whose event loop all
/// of it happens; the BIO that OpenSSL holds points back here without a reference.
final class ByteBufferBIO {
    /// Ciphertext that OpenSSL has not taken yet.
    var inbound = ByteBuffer()
    /// Ciphertext that OpenSSL has made since it was last taken.
    private(set) var outbound = ByteBuffer()
    /// Whether the peer will send nothing more: an empty `inbound` is then the end and not a pause.
    var isAtEnd = false
    /// Makes `outbound`.
    private let allocator: ByteBufferAllocator

    init(allocator: ByteBufferAllocator) {
        self.allocator = allocator
    }

    /// A new BIO (+1) whose data is this object, unretained: whoever owns the BIO must not outlive it.
    ///
    /// Nil when OpenSSL has no memory.
    func makeBIO() -> OpaquePointer? {
        guard let method = BIOMethod.shared.pointer, let bio = BIO_new(method) else { return nil }
        BIO_set_data(bio, Unmanaged.passUnretained(self).toOpaque())
        BIO_set_init(bio, 1)
        return bio
    }

    /// Makes room for `count` bytes of ciphertext at once, lest the buffer grow record by record.
    func reserveOutput(_ count: Int) {
        if outbound.capacity == 0 {
            outbound = allocator.buffer(capacity: count)
        } else {
            outbound.reserveCapacity(minimumWritableBytes: count)
        }
    }

    /// Takes what OpenSSL wrote; nil when it wrote nothing.
    func takeOutput() -> ByteBuffer? {
        let taken = outbound
        outbound = ByteBuffer()
        return taken.readableBytes > 0 ? taken : nil
    }

    /// Appends what OpenSSL wrote.
    ///
    /// It always fits: the handler above bounds what a peer can make us say.
    fileprivate func write(_ bytes: UnsafeRawBufferPointer) {
        if outbound.capacity == 0 { reserveOutput(bytes.count) }
        outbound.writeBytes(bytes)
    }

    /// Moves as much as there is into `bytes`; zero when there is nothing.
    fileprivate func read(into bytes: UnsafeMutableRawBufferPointer) -> Int {
        let count = inbound.readWithUnsafeReadableBytes { readable in
            let count = min(readable.count, bytes.count)
            bytes.copyMemory(from: UnsafeRawBufferPointer(rebasing: readable.prefix(count)))
            return count
        }
        // Dropped at once, lest an idle connection keep the channel's receive buffer.
        if inbound.readableBytes == 0 { inbound = ByteBuffer() }
        return count
    }
}

/// The one table of callbacks, BIO_meth_new(3), for every `ByteBufferBIO`.
///
/// `@unchecked Sendable`: written once before `shared` is readable and only read by OpenSSL after that. Never freed.
private struct BIOMethod: @unchecked Sendable {
    let pointer: OpaquePointer?

    static let shared = BIOMethod()

    private init() {
        pointer = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "ByteBuffer")
        guard let pointer else { return }
        BIO_meth_set_read_ex(pointer, readBytes)
        BIO_meth_set_write_ex(pointer, writeBytes)
        BIO_meth_set_ctrl(pointer, control)
    }
}

/// The object behind a BIO.
private func buffers(of bio: OpaquePointer?) -> ByteBufferBIO? {
    guard let data = BIO_get_data(bio) else { return nil }
    return Unmanaged<ByteBufferBIO>.fromOpaque(data).takeUnretainedValue()
}

/// BIO_read_ex(3): 1 with the count, or 0 with the retry flag where more may come.
private func readBytes(
    bio: OpaquePointer?,
    into bytes: UnsafeMutablePointer<CChar>?,
    capacity: Int,
    count: UnsafeMutablePointer<Int>?
) -> CInt {
    COpenSSL_BIO_clear_retry_flags(bio)
    guard let buffers = buffers(of: bio) else { return 0 }
    let read = buffers.read(into: UnsafeMutableRawBufferPointer(start: bytes, count: capacity))
    count?.pointee = read
    if read == 0 && !buffers.isAtEnd { COpenSSL_BIO_set_retry_read(bio) }
    return read > 0 ? 1 : 0
}

/// BIO_write_ex(3): takes everything, always.
private func writeBytes(
    bio: OpaquePointer?,
    from bytes: UnsafePointer<CChar>?,
    length: Int,
    count: UnsafeMutablePointer<Int>?
) -> CInt {
    COpenSSL_BIO_clear_retry_flags(bio)
    guard let buffers = buffers(of: bio) else { return 0 }
    buffers.write(UnsafeRawBufferPointer(start: bytes, count: length))
    count?.pointee = length
    return 1
}

/// BIO_ctrl(3).
///
/// Push and pop of the handshake's buffering BIO also arrive here, perhaps while the `SSL` is being freed: only a
/// question about the end looks at the object.
private func control(bio: OpaquePointer?, command: CInt, number: CLong, pointer: UnsafeMutableRawPointer?) -> CLong {
    switch command {
    case BIO_CTRL_FLUSH, BIO_CTRL_DUP:
        return 1
    case BIO_CTRL_EOF:
        guard let buffers = buffers(of: bio) else { return 1 }
        return buffers.isAtEnd && buffers.inbound.readableBytes == 0 ? 1 : 0
    default:
        return 0
    }
}
