import NIOCore
import NIOEmbedded
import NIOTLS
import OpenSSL
import TLS
import Testing

@Suite("TLSHandler")
struct TLSHandlerTests {
    @Test("shakes hands, tells both ends and carries plaintext")
    func plaintext() throws {
        let pair = try ConnectedPair()
        try pair.connect()
        let completed = "\(TLSUserEvent.handshakeCompleted(negotiatedProtocol: "http/1.1"))"
        #expect(pair.serverSide.events == [completed])
        #expect(pair.clientSide.events == [completed])
        pair.client.writeAndFlush(ByteBuffer(string: "question"), promise: nil)
        try pair.exchange()
        #expect(pair.serverSide.plaintext == "question")
        pair.server.writeAndFlush(ByteBuffer(string: "answer"), promise: nil)
        try pair.exchange()
        #expect(pair.clientSide.plaintext == "answer")
    }
}
