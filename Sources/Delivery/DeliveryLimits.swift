internal import NIOCore

/// What one destination may cost on one event loop.
///
/// Each limit answers one fact about receivers.
struct DeliveryLimits: Sendable {
    /// Attempts that wait for a connection.
    ///
    /// With the usual ten events a second this is far more than a time-out's worth.
    var maxWaiting = 1024
    /// For a TCP connection with its name resolution: a receiver that needs longer has lost packets twice.
    var connectTimeout: TimeAmount = .seconds(2)
    /// How long an idle connection is kept.
    ///
    /// Shorter than the usual 75 s of servers, so that mostly we close first.
    var idleTimeout: TimeAmount = .seconds(60)
    /// The header section of a response in bytes, and the largest field.
    var maxHeaderBytes = 32 * 1024
    /// Fields of a response.
    var maxHeaderFields = 100
    /// All bytes of one response, whatever they are (interim responses, chunk extensions, trailers): the header
    /// section, and 64 KiB of content that nobody reads.
    var maxResponseBytes = 96 * 1024
}
