import Foundation
import NIOCore
import NIOPosix
import OpenSSL
import TLS

/// `hookgate health`: whether a running gateway can do its work, for container runtimes and monitoring.
package enum HealthCommand {
    private static let patience = TimeAmount.seconds(5)
    /// In bytes; a report has a few hundred.
    private static let mostBytes = 64 * 1024

    /// Asks the operators' listener for `/readyz`.
    ///
    /// - Parameters:
    ///   - url: Where it is: scheme, host and port.
    ///   - authorities: PEM with the authorities to trust instead of the system's.
    /// - Returns: 0 when requests should be sent there, else 1 with the reasons.
    package static func run(url: String, authorities: String?) async -> CommandResult {
        let address: HTTPAddress
        do {
            address = try HTTPAddress(url)
        } catch {
            return CommandResult(.usage, errors: "hookgate: the URL \(error.reason); \(error.remedy)\n")
        }
        guard address.target.isEmpty || address.target == "/" else {
            let remedy = "write scheme, host and port only: `http://127.0.0.1:9443`"
            return CommandResult(.usage, errors: "hookgate: the URL goes on behind the host; \(remedy)\n")
        }
        do {
            return judge(try await ask(address, authorities), url)
        } catch let error as OpenSSLError {
            return CommandResult(.failed, errors: "hookgate: \("\(error)".escaped)\n")
        } catch {
            return CommandResult(
                .failed,
                errors: "not ready: \(url.escaped): \(CertificateProbe.words(error).escaped)\n"
            )
        }
    }

    /// What `/readyz` says.
    private struct Report: Decodable {
        let ready: Bool
        let checks: [String: String]
    }

    private static func judge(_ response: ByteBuffer, _ url: String) -> CommandResult {
        let text = String(buffer: response)
        guard text.hasPrefix("HTTP/1.1 "), let end = text.firstRange(of: "\r\n\r\n"),
            let report = try? JSONDecoder().decode(Report.self, from: Data(text[end.upperBound...].utf8))
        else {
            let first = text.prefix { !$0.isNewline }
            return CommandResult(
                .failed,
                errors: "not ready: \(url.escaped) does not answer as a gateway's `admin.address` does: "
                    + "\(first.isEmpty ? "nothing" : String(first.prefix(100)).escaped)\n"
            )
        }
        if report.ready { return CommandResult(.done, output: "ready\n") }
        let reasons = report.checks.filter { $0.value != "ok" }.sorted { $0.key < $1.key }
        return CommandResult(
            .failed,
            errors: reasons.map { "not ready: \($0.key.escaped): \($0.value.escaped)\n" }.joined()
        )
    }

    private static func ask(_ address: HTTPAddress, _ authorities: String?) async throws -> ByteBuffer {
        let (host, isSecure) = (address.network.host, address.scheme == "https")
        // On this machine nobody is in between, and the certificate is for the name that others ask for.
        let isLocal = host == "localhost" || host == "::1" || host.hasPrefix("127.")
        let trust = authorities.map { TLSContext.Trust.file($0) } ?? (isLocal ? .anybody : .system)
        let context = isSecure ? try TLSContext.client(trust: trust) : nil
        let name = isLocal && authorities == nil ? nil : host
        let shownHost = NetworkAddress.shown(host)
        let group = MultiThreadedEventLoopGroup.singleton
        let promise = group.next().makePromise(of: ByteBuffer.self)
        ClientBootstrap(group: group)
            .connectTimeout(patience)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let pipeline = channel.pipeline.syncOperations
                    if let context {
                        let secure = TLSClientHandler(context: context, serverName: name, handshakeTimeout: patience)
                        try pipeline.addHandler(secure)
                    }
                    try pipeline.addHandler(Exchange(host: shownHost, mostBytes: mostBytes, promise: promise))
                }
            }
            .connect(host: host, port: address.network.port ?? (isSecure ? 443 : 80))
            .whenFailure { promise.fail($0) }
        return try await promise.futureResult.get()
    }

    /// It takes connections, and does not answer.
    private struct Silence: Error, CustomStringConvertible {
        let description = "no answer within 5 s"
    }

    /// One request and what comes back until the end of the connection.
    fileprivate final class Exchange: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        typealias OutboundOut = ByteBuffer

        private let host: String
        private let mostBytes: Int
        private let promise: EventLoopPromise<ByteBuffer>
        private var received = ByteBuffer()

        init(host: String, mostBytes: Int, promise: EventLoopPromise<ByteBuffer>) {
            self.host = host
            self.mostBytes = mostBytes
            self.promise = promise
        }

        func channelActive(context: ChannelHandlerContext) {
            let request = "GET /readyz HTTP/1.1\r\nHost: \(host)\r\nConnection: close\r\n\r\n"
            context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: request)), promise: nil)
            context.eventLoop.assumeIsolated().scheduleTask(in: HealthCommand.patience) {
                self.promise.fail(Silence())
            }
            context.fireChannelActive()
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            var piece = unwrapInboundIn(data)
            received.writeBuffer(&piece)
            if received.readableBytes > mostBytes { context.close(promise: nil) }
        }

        func channelInactive(context: ChannelHandlerContext) {
            promise.succeed(received)
            context.fireChannelInactive()
        }

        func errorCaught(context: ChannelHandlerContext, error: any Error) {
            promise.fail(error)
            context.close(promise: nil)
        }
    }
}

@available(*, unavailable)
extension HealthCommand.Exchange: Sendable {}
