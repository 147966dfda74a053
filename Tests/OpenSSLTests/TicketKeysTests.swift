import HookgateTesting
import NIOCore
import OpenSSL
import Synchronization
import Testing

@Suite("Ticket keys")
struct TicketKeysTests {
    /// Seconds that a test moves.
    final class Clock: Sendable {
        private let seconds = Atomic<Int64>(1000)
        var now: Int64 { seconds.load(ordering: .relaxed) }
        func advance(by interval: Int64) { seconds.add(interval, ordering: .relaxed) }
    }

    static let identity = Result { try EphemeralAuthority().server() }
    static let versions = TLSPolicy.Version.allCases

    private func server(_ keys: TicketKeys) throws -> TLSContext {
        let identity = try Self.identity.get()
        let chain = try CertificateChain(pem: identity.chainPEM, name: "test")
        return try .server(.init([TLSIdentity(chain: chain, key: identity.key)]), tickets: keys)
    }

    private func client(_ version: TLSPolicy.Version) throws -> TLSContext {
        try Self.identity.get().clientContext(policy: TLSPolicy(minimumVersion: version, maximumVersion: version))
    }

    private func ticket(from server: TLSContext, _ client: TLSContext) throws -> ResumableSession {
        var pair = try SessionPair(client: client, server: server)
        pair.shakeHands()
        #expect(pair.serverSays("hello") == ("hello", .needsInput))
        let resumable = pair.client.resumable
        return try #require(resumable)
    }

    private func resumes(_ ticket: ResumableSession, at server: TLSContext, _ client: TLSContext) throws -> Bool {
        var pair = try SessionPair(client: client, server: server, resuming: ticket)
        pair.shakeHands()
        // With a full handshake where it does not resume.
        #expect(pair.serverStep == .done && pair.clientStep == .done)
        let isResumed = pair.server.isResumed
        return isResumed
    }

    @Test("a session is resumed in another context with the same keys, and in none with others", arguments: versions)
    func contexts(version: TLSPolicy.Version) throws {
        let (keys, client) = (try TicketKeys(), try client(version))
        let ticket = try ticket(from: server(keys), client)
        #expect(try resumes(ticket, at: server(keys), client))
        #expect(try !resumes(ticket, at: server(TicketKeys()), client))
    }

    @Test("a resumed session comes with the ticket for the next, where tickets are used once")
    func succession() throws {
        let client = try client(.tls13)
        let server = try server(TicketKeys())
        let first = try ticket(from: server, client)
        var pair = try SessionPair(client: client, server: server, resuming: first)
        _ = pair.client.handshake()
        pair.server.receive(try pair.client.sent())
        _ = pair.server.handshake()
        pair.client.receive(try pair.server.sent())
        _ = pair.client.handshake()
        pair.server.receive(try pair.client.sent())
        let step = pair.server.handshake()
        #expect(step == .done)
        let (isResumed, ticketLength) = (pair.server.isResumed, pair.server.waitingCiphertext)
        #expect(isResumed)
        #expect(ticketLength > 0)
    }

    @Test("a key that no longer seals still opens, for the life of a ticket and no longer", arguments: versions)
    func rotation(version: TLSPolicy.Version) throws {
        let clock = Clock()
        let keys = try TicketKeys(rotation: 3600) { clock.now }
        let (server, client) = (try server(keys), try client(version))
        let ticket = try ticket(from: server, client)
        clock.advance(by: 3601)
        #expect(try resumes(ticket, at: server, client))
        clock.advance(by: 3600)
        #expect(try !resumes(ticket, at: server, client))
    }

    @Test("machines that share keys resume each other's sessions, the old key for as long as it is listed")
    func shared() throws {
        let first = try #require(TicketKeys.Key(bytes: Array(repeating: 1, count: 80)))
        let second = try #require(TicketKeys.Key(bytes: Array(repeating: 2, count: 80)))
        let client = try client(.tls13)
        let one = try #require(TicketKeys(shared: [first]))
        let ticket = try ticket(from: server(one), client)
        let other = try #require(TicketKeys(shared: [second, first]))
        #expect(try resumes(ticket, at: server(other), client))
        other.replace(by: [second])
        #expect(try !resumes(ticket, at: server(other), client))
    }

    @Test("sessions that were begun with a client's certificate are not prolonged")
    func clientCertificates() throws {
        let identity = try Self.identity.get()
        let chain = try CertificateChain(pem: identity.chainPEM, name: "test")
        let keys = try TicketKeys()
        let directory = try TemporaryDirectory()
        let file = try directory.write(identity.trustedPEM, to: "ca.pem")
        let clients = try ClientVerification(need: .optional, authorities: file, revocations: nil, pins: [])
        let server = try TLSContext.server(
            .init([TLSIdentity(chain: chain, key: identity.key)]),
            tickets: keys,
            clients: clients
        )
        let client = try client(.tls13)
        let ticket = try ticket(from: server, client)
        #expect(try resumes(ticket, at: server, client))
        #expect(keys.sealed == 1)
    }

    @Test("a key of another length is none", arguments: [0, 48, 79, 81])
    func length(count: Int) {
        #expect(TicketKeys.Key(bytes: Array(repeating: 1, count: count)) == nil)
        #expect(TicketKeys(shared: []) == nil)
    }
}
