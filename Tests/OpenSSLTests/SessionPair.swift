import HookgateTesting
import NIOCore
import OpenSSL

/// A client and a server with nothing between them.
struct SessionPair: ~Copyable {
    var client: TLSSession
    var server: TLSSession
    var clientStep = TLSSession.Step.needsInput
    var serverStep = TLSSession.Step.needsInput

    init(
        client: TLSContext,
        server: TLSContext,
        serverName: String? = "localhost",
        resuming: ResumableSession? = nil
    )
        throws
    {
        let clientSession = try TLSSession(context: client, serverName: serverName, resuming: resuming)
        let serverSession = try TLSSession(context: server)
        self.client = clientSession
        self.server = serverSession
    }

    /// Goes on until neither side has anything to say.
    mutating func shakeHands(chunk: Int = .max) {
        clientStep = client.handshake()
        while true {
            let toServer = client.takeCiphertext()
            for piece in pieces(of: toServer, chunk) {
                server.receive(piece)
                if serverStep == .needsInput { serverStep = server.handshake() }
            }
            let toClient = server.takeCiphertext()
            for piece in pieces(of: toClient, chunk) {
                client.receive(piece)
                if clientStep == .needsInput { clientStep = client.handshake() }
            }
            if toServer == nil && toClient == nil { return }
        }
    }

    /// What the server reads of what the client wrote.
    mutating func clientSays(_ text: String) -> (String, TLSSession.Step) {
        _ = client.write(ByteBuffer(string: text))
        if let ciphertext = client.takeCiphertext() { server.receive(ciphertext) }
        return server.readText()
    }

    /// What the client reads of what the server wrote.
    mutating func serverSays(_ text: String) -> (String, TLSSession.Step) {
        _ = server.write(ByteBuffer(string: text))
        if let ciphertext = server.takeCiphertext() { client.receive(ciphertext) }
        return client.readText()
    }
}

/// There should have been ciphertext.
struct NothingSent: Error {}

extension TLSSession {
    /// The ciphertext that must be waiting.
    mutating func sent() throws -> ByteBuffer {
        guard let ciphertext = takeCiphertext() else { throw NothingSent() }
        return ciphertext
    }

    /// All plaintext there is.
    mutating func readText() -> (String, Step) {
        var buffer = ByteBuffer()
        let step = read(into: &buffer)
        return (String(buffer: buffer), step)
    }
}

/// The buffer in pieces of at most `size` bytes.
func pieces(of buffer: ByteBuffer?, _ size: Int) -> [ByteBuffer] {
    guard var rest = buffer else { return [] }
    var pieces: [ByteBuffer] = []
    while let piece = rest.readSlice(length: min(size, rest.readableBytes)), piece.readableBytes > 0 {
        pieces.append(piece)
    }
    return pieces
}
