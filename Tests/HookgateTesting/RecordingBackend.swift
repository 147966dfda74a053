package import NIOCore
internal import NIOHTTP1
internal import NIOPosix
package import OpenSSL
internal import Synchronization
internal import TLS

/// An HTTP/1.1 server on loopback that records what it receives and answers as a script says, byte by byte.
///
/// Nothing about its answers is HTTP unless the script makes it so: that is what tests of a client need.
package final class RecordingBackend: Sendable {
    /// A request, as it was decoded.
    package struct Request: Sendable {
        /// Which connection brought it, counted from 1 in order of acceptance.
        package let connection: Int
        /// Which request of its connection it is, counted from 1.
        package let number: Int
        package let method: String
        package let target: String
        package let headers: [(name: String, value: String)]
        package let body: ByteBuffer

        /// The value of the only field with this name, whatever its case.
        package func header(_ name: String) -> String? {
            let found = headers.filter { $0.name.lowercased() == name.lowercased() }
            return found.count == 1 ? found[0].value : nil
        }
    }

    /// One step of an answer.
    package enum Action: Sendable {
        /// Sends this text as it is.
        case send(String)
        /// Sends these bytes as they are.
        case sendBytes(ByteBuffer)
        /// Goes on when the future completes.
        case wait(EventLoopFuture<Void>)
        /// Closes the connection; an answer without it keeps the connection.
        case close
    }

    /// `HTTP/1.1 200 OK` without content.
    package static let ok: [Action] = [.send("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")]

    private struct State {
        var requests: [Request] = []
        var accepted = 0
        var open = 0
        var mostOpen = 0
        var watchers: [(isMet: @Sendable (Counts) -> Bool, promise: EventLoopPromise<Void>)] = []

        var counts: Counts {
            Counts(requests: requests.count, accepted: accepted, open: open, mostOpen: mostOpen)
        }
    }

    /// How much has happened.
    package struct Counts: Sendable {
        /// Requests that were received whole.
        package let requests: Int
        /// Connections so far.
        package let accepted: Int
        /// Connections at the moment.
        package let open: Int
        /// The most connections at one time.
        package let mostOpen: Int
    }

    /// The script: what to do for a request.
    package typealias Script = @Sendable (Request) -> [Action]

    private let state = Mutex(State())
    private let listener: any Channel
    private let children: Children

    /// The connections, so that they can be closed.
    private final class Children: Sendable {
        let channels = Mutex<[ObjectIdentifier: any Channel]>([:])
        let handler = Mutex<(@Sendable (any Channel) -> Void)?>(nil)
    }

    private init(listener: any Channel, children: Children) {
        self.listener = listener
        self.children = children
    }

    /// Starts a backend on a free port of 127.0.0.1.
    ///
    /// - Parameters:
    ///   - group: where it runs.
    ///   - tls: what it serves TLS with; nil: it speaks in the clear.
    ///   - greeting: what it does with a connection, before any request.
    ///   - script: what it does with each request.
    /// - Returns: the backend, which listens.
    /// - Throws: what bind(2) says.
    package static func start(
        on group: any EventLoopGroup,
        tls: TLSContext? = nil,
        greeting: [Action] = [],
        script: @escaping Script = { _ in RecordingBackend.ok }
    ) async throws -> RecordingBackend {
        let children = Children()
        let listener = try await ServerBootstrap(group: group)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                children.handler.withLock { $0 }?(channel)
                return channel.eventLoop.makeSucceededVoidFuture()
            }
            .bind(host: "127.0.0.1", port: 0).get()
        let backend = RecordingBackend(listener: listener, children: children)
        // Nobody knows the port before this returns, so no connection can come earlier.
        children.handler.withLock { handler in
            handler = { [weak backend] channel in
                guard let backend else { return channel.close(promise: nil) }
                backend.adopt(channel, tls: tls, greeting: greeting, script: script)
            }
        }
        return backend
    }

    /// Where it listens.
    package var port: Int { listener.localAddress?.port ?? 0 }

    /// Every request so far, in order of its end.
    package var requests: [Request] { state.withLock { $0.requests } }

    /// How much has happened so far.
    package var counts: Counts { state.withLock { $0.counts } }

    /// Returns once so much has happened.
    package func wait(until isMet: @escaping @Sendable (Counts) -> Bool) async throws {
        let promise = listener.eventLoop.makePromise(of: Void.self)
        let isMetNow = state.withLock { state in
            if isMet(state.counts) { return true }
            state.watchers.append((isMet, promise))
            return false
        }
        if isMetNow { promise.succeed() }
        try await promise.futureResult.get()
    }

    /// Closes all connections, and goes on listening.
    package func closeConnections() {
        for channel in children.channels.withLock({ Array($0.values) }) { channel.close(promise: nil) }
    }

    /// Stops listening and closes all connections.
    package func stop() async throws {
        try await listener.close()
        closeConnections()
    }

    private func adopt(_ channel: any Channel, tls: TLSContext?, greeting: [Action], script: @escaping Script) {
        let id = ObjectIdentifier(channel)
        children.channels.withLock { $0[id] = channel }
        let connection = change { state in
            state.accepted += 1
            state.open += 1
            state.mostOpen = max(state.mostOpen, state.open)
            return state.accepted
        }
        channel.closeFuture.whenComplete { [weak self] _ in
            guard let self else { return }
            _ = children.channels.withLock { $0.removeValue(forKey: id) }
            change { $0.open -= 1 }
        }
        if let tls {
            let secure = TLSServerHandler(context: tls, handshakeTimeout: .minutes(3))
            try? channel.pipeline.syncOperations.addHandler(secure)
        }
        let handler = Handler(connection: connection, backend: self, greeting: greeting, script: script)
        try? channel.pipeline.syncOperations.addHandlers(ByteToMessageHandler(HTTPRequestDecoder()), handler)
    }

    /// Changes the state and wakes those who waited for it.
    private func change<Result>(_ body: (inout State) -> Result) -> Result {
        let (result, met) = state.withLock { state in
            let result = body(&state)
            let counts = state.counts
            let met = state.watchers.filter { $0.isMet(counts) }.map(\.promise)
            state.watchers.removeAll { $0.isMet(counts) }
            return (result, met)
        }
        for promise in met { promise.succeed() }
        return result
    }

    /// One connection: requests in, scripted bytes out.
    private final class Handler: ChannelInboundHandler {
        typealias InboundIn = HTTPServerRequestPart
        typealias OutboundOut = ByteBuffer

        private let connection: Int
        private let backend: RecordingBackend
        private let greeting: [Action]
        private let script: Script
        private var number = 0
        private var head: HTTPRequestHead?
        private var body = ByteBuffer()

        init(connection: Int, backend: RecordingBackend, greeting: [Action], script: @escaping Script) {
            self.connection = connection
            self.backend = backend
            self.greeting = greeting
            self.script = script
        }

        func channelActive(context: ChannelHandlerContext) {
            context.fireChannelActive()
            perform(greeting[...], on: context.channel)
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            switch unwrapInboundIn(data) {
            case .head(let head):
                self.head = head
                body.clear()
            case .body(var part):
                body.writeBuffer(&part)
            case .end:
                guard let head else { return }
                number += 1
                let request = Request(
                    connection: connection,
                    number: number,
                    method: head.method.rawValue,
                    target: head.uri,
                    headers: head.headers.map { (name: $0.name, value: $0.value) },
                    body: body
                )
                // The answer first: whoever waits for the request may look at what follows from it.
                let actions = script(request)
                backend.change { $0.requests.append(request) }
                perform(actions[...], on: context.channel)
            }
        }

        func errorCaught(context: ChannelHandlerContext, error: any Error) {
            context.close(promise: nil)
        }

        private func perform(_ actions: ArraySlice<Action>, on channel: any Channel) {
            var rest = actions
            while let action = rest.popFirst() {
                switch action {
                case .send(let text): channel.writeAndFlush(ByteBuffer(string: text), promise: nil)
                case .sendBytes(let bytes): channel.writeAndFlush(bytes, promise: nil)
                case .close: channel.close(promise: nil)
                case .wait(let future):
                    let later = rest
                    let loop = channel.eventLoop
                    let bound = NIOLoopBound(self, eventLoop: loop)
                    future.hop(to: loop).whenComplete { _ in bound.value.perform(later, on: channel) }
                    return
                }
            }
        }
    }
}
