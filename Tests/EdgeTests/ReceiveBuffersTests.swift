import NIOCore
import Testing

@testable import Edge

@Suite("Receive buffers")
struct ReceiveBuffersTests {
    private let allocator = ByteBufferAllocator()

    /// The capacities that reads of so many bytes meet, in order.
    private func capacities(_ reads: [Int]) -> [Int] {
        var buffers = ReceiveBuffers()
        return reads.map { count in
            let capacity = buffers.buffer(allocator: allocator).capacity
            _ = buffers.record(actualReadBytes: min(count, capacity))
            return capacity
        }
    }

    @Test("the first buffer is small, the others take a push")
    func first() {
        #expect(capacities([300, 300, 700]) == [1024, 2048, 2048])
    }

    @Test("a client that sends much gets larger buffers, up to a bound, until it sends little")
    func growth() {
        let much = Array(repeating: Int.max, count: 8)
        #expect(capacities(much + [100, 100]) == [1024, 2048, 4096, 8192, 16384, 32768, 65536, 65536, 65536, 2048])
    }

    @Test("what NIO keeps of an idle connection is the first buffer")
    func kept() {
        var pool = NIOPooledRecvBufferAllocator(capacity: 1, recvAllocator: ReceiveBuffers())
        for bytes in [300, 700, 2048, 700] {
            let (buffer, _) = pool.buffer(allocator: allocator) {
                $0.writeRepeatingByte(0, count: min(bytes, $0.writableBytes))
            }
            pool.record(actualReadBytes: buffer.readableBytes)
        }
        #expect(pool.count == 1)
        var kept = 0
        // An allocator that lets NIO use again what it keeps.
        pool.recvAllocator = FixedSizeRecvByteBufferAllocator(capacity: 1)
        pool.record(actualReadBytes: 0)
        _ = pool.buffer(allocator: allocator) { kept = $0.capacity }
        #expect(kept == 1024)
    }
}
