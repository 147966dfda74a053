import Foundation
import HookgateTesting
import NIOCore
import NIOPosix
import OpenSSL
import TLS
import Testing

/// Answers every chunk of plaintext with itself.
final class EchoHandler: ChannelInboundHandler, Sendable {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        context.writeAndFlush(data, promise: nil)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {}
}

/// A TLS server on a loopback port.
struct LoopbackTLSServer {
    let channel: any Channel
    var port: Int { channel.localAddress?.port ?? 0 }

    static func start(
        _ context: TLSContext,
        configure: @escaping @Sendable (any Channel) throws -> Void = {
            try $0.pipeline.syncOperations.addHandler(EchoHandler())
        }
    ) async throws -> LoopbackTLSServer {
        let channel = try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(
                        TLSServerHandler(context: context, handshakeTimeout: .seconds(10)))
                    try configure(channel)
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        return LoopbackTLSServer(channel: channel)
    }
}

@Suite("TLS over sockets")
struct TLSSocketTests {
    static let identity = Result { try EphemeralAuthority(hasIntermediate: true).server() }

    @Test("openssl s_client verifies the chain and gets its echo", arguments: ["-tls1_2", "-tls1_3"])
    func openssl(version: String) async throws {
        let identity = try Self.identity.get()
        let directory = try TemporaryDirectory()
        let files = try identity.write(into: directory)
        let server = try await LoopbackTLSServer.start(identity.serverContext())
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/openssl")
        process.arguments = [
            "s_client", "-connect", "127.0.0.1:\(server.port)", version, "-CAfile", files.trusted,
            "-verify_return_error", "-verify_hostname", "localhost", "-servername", "localhost",
        ]
        let input = Pipe()
        let output = Pipe()
        process.standardInput = input
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        try process.run()
        try input.fileHandleForWriting.write(contentsOf: Data("over the wire\n".utf8))
        var text = ""
        while !text.contains("over the wire") {
            let data = output.fileHandleForReading.availableData
            if data.isEmpty { break }
            text += String(decoding: data, as: UTF8.self)
        }
        // The end of its input makes s_client say goodbye and leave.
        try input.fileHandleForWriting.close()
        process.waitUntilExit()
        #expect(process.terminationStatus == 0)
        #expect(text.contains("over the wire"))
        #expect(text.contains("Verify return code: 0 (ok)") || text.contains("Verification: OK"))
        try await server.channel.close().get()
    }
}
