internal import NIOCore

/// What the TLS layer bears from a peer, and how long it waits for one.
struct TLSLimits: Sendable {
    /// For what was written before a close to leave.
    ///
    /// A peer that does not read is cut off.
    var flushTimeout: TimeAmount = .seconds(10)
    /// After our last byte, for the peer to end its side.
    ///
    /// Closing a socket with unread input resets the connection, which can destroy our last reply before the peer has
    /// read it.
    var lingerTimeout: TimeAmount = .seconds(1)
    /// Input dropped during that time.
    ///
    /// Whoever goes on sending more does not read anyway.
    var lingerBytes = 64 * 1024
    /// Ciphertext that a peer can make us send after the handshake, in the life of a connection, without having sent a
    /// request: answers to KeyUpdate (27 bytes each) and to attempts to renegotiate.
    ///
    /// An honest peer wants one after gigabytes.
    var unaskedBytes = 16 * 1024
}
