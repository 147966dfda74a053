package import NIOCore
package import Webhooks

/// What one listener bears from strangers.
///
/// Each limit answers one attack or fact; see `docs/limits.md`.
package struct EdgeLimits: Sendable {
    /// From the accepted connection to the end of the TLS handshake.
    package var handshakeTimeout: TimeAmount = .seconds(10)
    /// From the first byte of a request to the end of its header section, in total: dripping does not extend it.
    package var headerTimeout: TimeAmount = .seconds(10)
    /// From the end of the header section to the end of the content, in total.
    package var bodyTimeout: TimeAmount = .seconds(10)
    /// Between two requests, once one was accepted.
    ///
    /// Until then `headerTimeout` is all there is: a stranger keeps no place by doing nothing.
    package var idleTimeout: TimeAmount = .seconds(75)
    /// For a reply to leave: a peer that does not read is cut off.
    package var writeTimeout: TimeAmount = .seconds(10)
    /// The whole header section, in bytes.
    package var maxHeaderBytes = 32 * 1024
    /// Fields in a header section.
    package var maxHeaderFields = 100
    /// The request target, in bytes.
    package var maxTargetBytes = 8 * 1024
    /// The content, in bytes, whatever its framing.
    package var maxBodyBytes = 64 * 1024
    /// Open connections of the listener; the next one waits in the kernel's backlog.
    package var maxConnections = 10_000
    /// Open connections of one address, an IPv6 /64 counting as one; a further one is closed.
    ///
    /// Nil: only the total counts.
    package var maxConnectionsPerAddress: Int?
    /// New connections of one address within a second, each of which costs a handshake; a further one is closed.
    package var maxHandshakesPerAddress: Int?
    /// Who may connect.
    package var addresses = AddressRules()
    /// Who says with a PROXY header whose connection it passes on, and is believed.
    package var proxies: [AddressBlock] = []
    /// Who says in a field of each request whose request it passes on, and is believed.
    package var forwarding = ForwardingRules()

    package init() {}
}
