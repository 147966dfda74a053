import NIOCore
import NIOEmbedded

/// Stands between TLS and the socket: keeps the promises of what passes until told, and counts reads and flushes.
final class Wire: ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    var holds = false
    var held: [EventLoopPromise<Void>?] = []
    var writes: [ByteBuffer] = []
    var flushes = 0
    var reads = 0
    var closedModes: [CloseMode] = []
    /// Half-closes like a socket, which an embedded channel does not.
    var passesOutputClose = false

    var writtenBytes: Int { writes.reduce(0) { $0 + $1.readableBytes } }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        writes.append(unwrapOutboundIn(data))
        if holds {
            held.append(promise)
        } else {
            context.write(data, promise: promise)
        }
    }

    func flush(context: ChannelHandlerContext) {
        flushes += 1
        context.flush()
    }

    func read(context: ChannelHandlerContext) {
        reads += 1
        context.read()
    }

    func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
        closedModes.append(mode)
        if mode == .output && !passesOutputClose {
            promise?.succeed(())
        } else {
            context.close(mode: mode, promise: promise)
        }
    }

    /// Completes what is held.
    func release(with error: (any Error)? = nil) {
        let promises = held
        held = []
        for promise in promises {
            if let error { promise?.fail(error) } else { promise?.succeed(()) }
        }
    }
}

extension EventLoopFuture {
    /// Nil while it is not completed; nothing waits.
    var result: Result<Value, any Error>? {
        nonisolated(unsafe) var result: Result<Value, any Error>?  // set on the embedded loop, which is this thread
        assumeIsolatedUnsafeUnchecked().whenComplete { result = $0 }
        return result
    }

    var isCompleted: Bool { result != nil }

    var error: (any Error)? {
        guard case .failure(let error) = result else { return nil }
        return error
    }
}
