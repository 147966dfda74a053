import Foundation
import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization

/// A real HTTP backend on a port of its own, which keeps what it gets and answers as it is told.
final class TestBackend: Sendable {
    /// How it answers.
    enum Behaviour: Sendable {
        case status(Int)
        /// Takes the request and never answers.
        case hangs
        /// Answers when the test says so.
        case waits
    }

    struct Received: Sendable {
        let target: String
        let headers: [(String, String)]
        let body: String

        func header(_ name: String) -> String? {
            headers.first { $0.0.lowercased() == name }?.1
        }

        /// The body as JSON.
        func json() throws -> [String: Any] {
            try JSONSerialization.jsonObject(with: Data(body.utf8)) as? [String: Any] ?? [:]
        }
    }

    private struct State {
        var behaviour: Behaviour
        var received: [Received] = []
        var waiters: [(count: Int, continuation: CheckedContinuation<[Received], Never>)] = []
        var held: [@Sendable () -> Void] = []
        var decision: Decision?
        var questions: [Received] = []
    }

    /// What becomes of questions, which come to `/decide`.
    enum Decision: Sendable {
        case content(String)
        /// Takes the question and never answers.
        case silence
    }

    /// The questions so far; they are not among what was received.
    var questions: [Received] { state.withLock { $0.questions } }

    func decide(_ decision: Decision?) { state.withLock { $0.decision = decision } }

    private let state: Mutex<State>
    private let channel: Mutex<(any Channel)?> = Mutex(nil)

    /// - Parameters:
    ///   - behaviour: how it answers.
    ///   - socket: the path of a Unix socket to serve on; nil: a port that the kernel chooses.
    /// - Throws: when the address cannot be bound.
    init(_ behaviour: Behaviour = .status(200), socket: String? = nil) async throws {
        state = Mutex(State(behaviour: behaviour))
        let bootstrap = ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { [self] channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.configureHTTPServerPipeline()
                    try channel.pipeline.syncOperations.addHandler(Handler(backend: self))
                }
            }
        let channel =
            if let socket {
                try await bootstrap.bind(unixDomainSocketPath: socket).get()
            } else {
                try await bootstrap.bind(host: "127.0.0.1", port: 0).get()
            }
        self.channel.withLock { $0 = channel }
    }

    deinit {
        channel.withLock { $0?.close(promise: nil) }
    }

    var port: Int { channel.withLock { $0?.localAddress?.port } ?? 0 }

    var received: [Received] { state.withLock { $0.received } }

    func behave(_ behaviour: Behaviour) { state.withLock { $0.behaviour = behaviour } }

    /// Waits until so many requests have come in all.
    func received(count: Int) async -> [Received] {
        await withCheckedContinuation { continuation in
            state.withLock { state in
                if state.received.count >= count {
                    continuation.resume(returning: state.received)
                } else {
                    state.waiters.append((count, continuation))
                }
            }
        }
    }

    /// Answers every request that waits.
    func answerHeld() {
        let held = state.withLock { state in
            defer { state.held = [] }
            return state.held
        }
        for answer in held { answer() }
    }

    /// Stops listening, so that its port refuses connections.
    func stop() async throws {
        try await channel.withLock { $0 }?.close().get()
    }

    private func took(_ request: Received, answer: @escaping @Sendable (Int, String) -> Void) {
        state.withLock { state in
            if request.target.hasPrefix("/decide") {
                state.questions.append(request)
                if case .content(let text) = state.decision { answer(200, text) }
                return
            }
            state.received.append(request)
            state.waiters.removeAll { waiter in
                guard state.received.count >= waiter.count else { return false }
                waiter.continuation.resume(returning: state.received)
                return true
            }
            switch state.behaviour {
            case .status(let status): answer(status, "")
            case .hangs: break
            case .waits: state.held.append { answer(200, "") }
            }
        }
    }

    private final class Handler: ChannelInboundHandler {
        typealias InboundIn = HTTPServerRequestPart
        typealias OutboundOut = HTTPServerResponsePart

        private let backend: TestBackend
        private var head: HTTPRequestHead?
        private var body = ByteBuffer()

        init(backend: TestBackend) {
            self.backend = backend
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            switch unwrapInboundIn(data) {
            case .head(let head):
                self.head = head
                body.clear()
            case .body(var piece):
                body.writeBuffer(&piece)
            case .end:
                guard let head else { return }
                let channel = context.channel
                backend.took(
                    Received(
                        target: head.uri,
                        headers: head.headers.map { ($0.name, $0.value) },
                        body: String(buffer: body)
                    )
                ) { status, content in
                    let response = HTTPResponseHead(
                        version: .http1_1,
                        status: HTTPResponseStatus(statusCode: status),
                        headers: ["Content-Length": "\(content.utf8.count)"]
                    )
                    channel.write(HTTPServerResponsePart.head(response), promise: nil)
                    channel.write(HTTPServerResponsePart.body(.byteBuffer(ByteBuffer(string: content))), promise: nil)
                    channel.writeAndFlush(HTTPServerResponsePart.end(nil), promise: nil)
                }
            }
        }
    }
}
