import Glibc
import NIOCore
import NIOHTTP1
import NIOPosix
import OpenSSL
import TLS

/// Posts pushes over verified TLS, one connection a push, as the provider does.
struct PushClient: Sendable {
    /// From the name look-up to the connection, and for the handshake.
    private static let connectTimeout = TimeAmount.seconds(10)
    /// The provider gives up after about ten seconds (sipgate, 2015).
    private static let responseTimeout = TimeAmount.seconds(10)

    private let context: TLSContext
    /// Nil: any name will do.
    private let verifiesName: Bool
    private let detour: (host: String, port: Int)?

    /// - Parameters:
    ///   - trust: where trust begins; `.anybody` takes any name as well.
    ///   - detour: where to connect whatever the address says.
    /// - Throws: what is wrong with the file of trusted certificates.
    init(trust: TLSContext.Trust, detour: (host: String, port: Int)?) throws(CredentialError) {
        context = try TLSContext.client(trust: trust)
        if case .anybody = trust { verifiesName = false } else { verifiesName = true }
        self.detour = detour
    }

    /// Opens a connection to the host of an address; the handshake goes on while the first request is written.
    func connect(to url: PushURL) async throws -> PushConnection {
        let context = context
        let serverName = verifiesName ? url.host : nil
        return try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .connectTimeout(PushClient.connectTimeout)
            .connect(host: detour?.host ?? url.host, port: detour?.port ?? url.port) { channel in
                channel.eventLoop.makeCompletedFuture {
                    let exchange = PushExchangeHandler(timeout: PushClient.responseTimeout)
                    if url.isEncrypted {
                        try channel.pipeline.syncOperations.addHandler(
                            TLSClientHandler(
                                context: context,
                                serverName: serverName,
                                handshakeTimeout: PushClient.connectTimeout
                            )
                        )
                    }
                    let handlers: [any ChannelHandler] = [
                        HTTPRequestEncoder(),
                        ByteToMessageHandler(HTTPResponseDecoder(leftOverBytesStrategy: .dropBytes)),
                        exchange,
                    ]
                    try channel.pipeline.syncOperations.addHandlers(handlers)
                    return PushConnection(
                        channel: channel,
                        exchange: NIOLoopBound(exchange, eventLoop: channel.eventLoop)
                    )
                }
            }
    }

    /// Why there is no connection: the system's words for each address that was tried.
    static func words(_ error: any Error) -> String {
        guard let error = error as? NIOConnectionError else { return "\(error)" }
        if let reason = error.dnsAError ?? error.dnsAAAAError, error.connectionErrors.isEmpty {
            return "\(error.host) does not resolve: \(reason)"
        }
        let reasons = error.connectionErrors.map { failure in
            let number = (failure.error as? IOError)?.errnoCode
            let reason = number.map { unsafe String(cString: strerror($0)) } ?? "\(failure.error)"
            return "\(failure.target.ipAddress ?? error.host) port \(error.port): \(reason)"
        }
        return reasons.joined(separator: "; ")
    }
}

/// One connection of the provider.
struct PushConnection: Sendable {
    fileprivate let channel: any Channel
    fileprivate let exchange: NIOLoopBound<PushExchangeHandler>

    /// Whether another request may be sent.
    var isOpen: Bool { channel.isActive }

    /// Posts a form with the header fields of a captured push.
    ///
    /// - Parameters:
    ///   - form: the content.
    ///   - url: its host and target are used.
    ///   - authorization: the value of the field; nil leaves it out.
    ///   - signature: the value of `X-Sipgate-Signature`; nil leaves it out.
    ///   - type: the media type.
    ///   - host: the value of `Host`; nil takes that of the address.
    ///   - isSlow: whether the content comes in small pieces over two seconds.
    /// - Returns: the whole response, whatever its status.
    /// - Throws: `SimulationError`, `TLSError` or `HTTPParserError`.
    func post(
        _ form: [UInt8],
        to url: PushURL,
        authorization: String?,
        signature: String? = nil,
        type: String = "application/x-www-form-urlencoded; charset=UTF-8",
        host: String? = nil,
        isSlow: Bool = false
    ) async throws -> PushResponse {
        var head = head(form, url, authorization, signature, type)
        if let host { head.headers.replaceOrAdd(name: "Host", value: host) }
        let promise = channel.eventLoop.makePromise(of: PushResponse.self)
        let exchange = exchange
        channel.eventLoop.execute { [head] in
            exchange.value.send(head, ByteBuffer(bytes: form), promise, isSlow: isSlow)
        }
        return try await promise.futureResult.get()
    }

    /// Sends a push and closes the connection without waiting for the reply.
    func abandon(_ form: [UInt8], to url: PushURL, authorization: String?) async {
        let head = head(form, url, authorization, nil, "application/x-www-form-urlencoded; charset=UTF-8")
        let promise = channel.eventLoop.makePromise(of: PushResponse.self)
        let exchange = exchange
        let channel = channel
        try? await channel.eventLoop.flatSubmit {
            exchange.value.send(head, ByteBuffer(bytes: form), promise)
            return channel.close()
        }.get()
        _ = try? await promise.futureResult.get()
    }

    private func head(
        _ form: [UInt8],
        _ url: PushURL,
        _ authorization: String?,
        _ signature: String?,
        _ type: String
    ) -> HTTPRequestHead {
        var headers: HTTPHeaders = [
            "Content-Type": type,
            "Accept": "application/xml, text/plain, text/html", "Accept-Charset": "utf-8",
            "Accept-Encoding": "gzip,deflate", "User-Agent": "sipgate.io", "X-Sipgate-Jobs": "link",
            "Content-Length": "\(form.count)", "Host": url.hostField, "Connection": "Keep-Alive",
        ]
        if let authorization { headers.add(name: "Authorization", value: authorization) }
        if let signature { headers.add(name: "X-Sipgate-Signature", value: signature) }
        return HTTPRequestHead(version: .http1_1, method: .POST, uri: url.target, headers: headers)
    }

    /// Ends the connection and waits for it.
    func close() async {
        try? await channel.close()
    }
}
