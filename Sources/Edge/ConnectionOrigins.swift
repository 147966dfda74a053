import Webhooks

/// The origins of the connections of one loop: they differ in few ways, and their texts are made once for each.
///
/// Used on that loop only.
final class ConnectionOrigins {
    /// Listeners, versions, suites and certificates come in far fewer combinations, unless somebody plays.
    static let most = 32
    private var known: [ConnectionOrigin] = []
    /// The place of the oldest, once there are as many.
    private var oldest = 0

    /// The origin of a connection.
    ///
    /// - Parameters:
    ///   - listener: as the configuration writes its address.
    ///   - http: `1.1` or `2`.
    ///   - handshake: what it came to; nil: there was none.
    /// - Returns: the same for all that have these in common.
    func find(_ listener: String, http: String, _ handshake: ConnectionOrigin.Handshake?) -> ConnectionOrigin {
        let same = known.first { $0.handshake == handshake && $0.http == http && $0.listener == listener }
        if let same { return same }
        let made = ConnectionOrigin(listener: listener, http: http, handshake: handshake)
        if known.count < ConnectionOrigins.most {
            known.append(made)
        } else {
            known[oldest] = made
            oldest = (oldest + 1) % ConnectionOrigins.most
        }
        return made
    }
}
