internal import COpenSSL
internal import Glibc
internal import Synchronization

/// The keys under which session tickets are sealed (RFC 5077, RFC 8446 section 4.6.1).
///
/// Whoever has a key reads every session that its tickets resume, so keys do not live long: they rotate by themselves,
/// or come from files that several machines share. The newest seals; the others still open what they sealed.
package final class TicketKeys: Sendable {
    /// One key.
    package struct Key: Sendable, Equatable {
        /// Its length in a file: name, key of the code, key of the cipher.
        package static let length = 80

        let name: [UInt8]
        let mac: [UInt8]
        let cipher: [UInt8]

        /// A key from the 80 bytes of a file, in nginx's order (ssl_session_ticket_key); nil for another length.
        package init?(bytes: [UInt8]) {
            guard bytes.count == Key.length else { return nil }
            name = Array(bytes[0..<16])
            mac = Array(bytes[16..<48])
            cipher = Array(bytes[48..<80])
        }
    }

    private struct Entry {
        let key: Key
        /// From here on it opens nothing; seconds of a clock that nobody sets.
        var end: Int64
    }

    private struct State {
        /// The sealing one first.
        var entries: [Entry]
        /// When the next takes its place.
        var due: Int64
        /// Tickets that were opened.
        var opened = 0
        /// Tickets that were sealed.
        var sealed = 0
    }

    private let state: Mutex<State>
    private let clock: @Sendable () -> Int64
    /// How long a key seals, in seconds.
    private let rotation: Int64

    /// Keys that rotate by themselves.
    ///
    /// - Parameters:
    ///   - rotation: How long a key seals, in seconds; it opens for the life of a ticket longer.
    ///   - clock: Seconds that only go up; for tests.
    /// - Throws: what OpenSSL says when it has no random bytes.
    package init(
        rotation: Int64 = Int64(TLSPolicy.ticketLifetime),
        clock: @escaping @Sendable () -> Int64 = TicketKeys.uptime
    ) throws(OpenSSLError) {
        self.rotation = rotation
        self.clock = clock
        let now = clock()
        state = Mutex(State(entries: [Entry(key: try TicketKeys.random(), end: .max)], due: now + rotation))
    }

    /// Keys that somebody else rotates.
    ///
    /// - Parameter keys: At least one; the first seals.
    package init?(shared keys: [Key]) {
        guard !keys.isEmpty else { return nil }
        rotation = .max
        clock = { 0 }
        state = Mutex(State(entries: keys.map { Entry(key: $0, end: .max) }, due: .max))
    }

    /// Puts others in the place of shared keys.
    ///
    /// - Parameter keys: The first seals; none changes nothing.
    package func replace(by keys: [Key]) {
        guard !keys.isEmpty else { return }
        state.withLock { $0.entries = keys.map { Entry(key: $0, end: .max) } }
    }

    /// How many tickets were opened with them.
    package var opened: Int { state.withLock { $0.opened } }

    /// How many tickets were sealed with them.
    package var sealed: Int { state.withLock { $0.sealed } }

    /// The key that seals now.
    func sealing() -> Key? {
        let now = clock()
        return state.withLock { state in
            if now >= state.due { rotate(&state, now) }
            state.sealed += 1
            return state.entries.first?.key
        }
    }

    /// The key of a ticket, and whether the ticket should be replaced; nil when it is not known or too old.
    func opening(_ name: UnsafeBufferPointer<UInt8>) -> (key: Key, isOld: Bool)? {
        let now = clock()
        return state.withLock { state in
            if now >= state.due { rotate(&state, now) }
            guard let place = state.entries.firstIndex(where: { $0.key.name.elementsEqual(name) }) else { return nil }
            state.opened += 1
            return (state.entries[place].key, place > 0)
        }
    }

    private func rotate(_ state: inout State, _ now: Int64) {
        // Without random bytes the old key goes on: no ticket is worth a lost connection.
        guard let key = try? TicketKeys.random() else { return }
        if !state.entries.isEmpty { state.entries[0].end = state.due + Int64(TLSPolicy.ticketLifetime) }
        state.entries.insert(Entry(key: key, end: .max), at: 0)
        state.entries.removeAll { $0.end <= now }
        state.due = now + rotation
    }

    private static func random() throws(OpenSSLError) -> Key {
        let bytes = try RandomBytes.make(count: Key.length)
        guard let key = Key(bytes: bytes) else { throw .unexplained("RAND_bytes") }
        return key
    }

    /// Seconds since the start of the machine.
    package static func uptime() -> Int64 {
        var time = timespec()
        clock_gettime(CLOCK_BOOTTIME, &time)
        return Int64(time.tv_sec)
    }

    // MARK: In a context

    /// Makes a context seal its tickets with these keys.
    ///
    /// The context must not outlive them.
    func install(in context: OpaquePointer) {
        guard TicketKeys.index >= 0 else { return }
        SSL_CTX_set_ex_data(context, TicketKeys.index, Unmanaged.passUnretained(self).toOpaque())
        SSL_CTX_set_tlsext_ticket_key_evp_cb(context, sealOrOpen)
    }

    /// Those of a connection, whose context may have been exchanged for the name that the client asked for.
    fileprivate static func of(_ ssl: OpaquePointer?) -> TicketKeys? {
        guard let held = SSL_CTX_get_ex_data(SSL_get_SSL_CTX(ssl), index) else { return nil }
        return Unmanaged<TicketKeys>.fromOpaque(held).takeUnretainedValue()
    }

    private static let index = CRYPTO_get_ex_new_index(CRYPTO_EX_INDEX_SSL_CTX, 0, nil, nil, nil, nil)
}

/// SSL_CTX_set_tlsext_ticket_key_evp_cb(3): 1 sealed or opened, 2 opened and to be renewed, 0 not ours, -1 an error.
private func sealOrOpen(
    ssl: OpaquePointer?,
    name: UnsafeMutablePointer<UInt8>?,
    vector: UnsafeMutablePointer<UInt8>?,
    cipher: OpaquePointer?,
    code: OpaquePointer?,
    isSealing: CInt
) -> CInt {
    guard let keys = TicketKeys.of(ssl), let name, let vector else { return -1 }
    if isSealing == 1 {
        guard let key = keys.sealing() else { return 0 }
        UnsafeMutableRawBufferPointer(start: name, count: 16).copyBytes(from: key.name)
        let isReady =
            RAND_bytes(vector, 16) == 1
            && EVP_EncryptInit_ex2(cipher, Algorithms.shared.aes256cbc, key.cipher, vector, nil) == 1
            && setCode(code, key)
        return isReady ? 1 : -1
    }
    guard let (key, isOld) = keys.opening(UnsafeBufferPointer(start: name, count: 16)) else { return 0 }
    let isReady =
        EVP_DecryptInit_ex2(cipher, Algorithms.shared.aes256cbc, key.cipher, vector, nil) == 1 && setCode(code, key)
    return isReady ? (renews(ssl, isOld: isOld) ? 2 : 1) : -1
}

/// A client uses a ticket of TLS 1.3 once (RFC 8446, appendix C.4), so each comes with its successor.
///
/// Not where clients show certificates: what was verified when the session began would never be verified again.
private func renews(_ ssl: OpaquePointer?, isOld: Bool) -> Bool {
    (isOld || SSL_version(ssl) >= TLS1_3_VERSION) && SSL_get_verify_mode(ssl) == SSL_VERIFY_NONE
}

private func setCode(_ code: OpaquePointer?, _ key: TicketKeys.Key) -> Bool {
    key.mac.withUnsafeBytes { bytes in COpenSSL_EVP_MAC_CTX_set_hmac_sha256(code, bytes.baseAddress, bytes.count) == 1 }
}
