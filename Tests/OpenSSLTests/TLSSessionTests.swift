import HookgateTesting
import NIOCore
import OpenSSL
import Testing

@Suite("TLSSession")
struct TLSSessionTests {
    static let identity = Result { try EphemeralAuthority(hasIntermediate: true).server() }
    let server: TLSContext
    let client: TLSContext

    init() throws {
        server = try Self.identity.get().serverContext()
        client = try Self.identity.get().clientContext()
    }

    @Test("shakes hands and speaks both ways, whatever the pieces", arguments: [1, 2, 3, 7, 100, 1400, Int.max])
    func handshake(chunk: Int) throws {
        var pair = try SessionPair(client: client, server: server)
        pair.shakeHands(chunk: chunk)
        #expect(pair.clientStep == .done)
        #expect(pair.serverStep == .done)
        let version = pair.server.version
        let chosen = pair.server.negotiatedProtocol
        #expect(version == "TLSv1.3")
        #expect(chosen == "http/1.1")
        #expect(pair.clientSays("question") == ("question", .needsInput))
        #expect(pair.serverSays("answer") == ("answer", .needsInput))
    }
}
