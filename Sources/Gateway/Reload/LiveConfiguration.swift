import Synchronization

/// The configuration that is in force, for all who ask for it later.
final class LiveConfiguration: Sendable {
    private let state: Mutex<(configuration: GatewayConfiguration, routes: RouteNumbers)>

    init(_ configuration: GatewayConfiguration) {
        state = Mutex((configuration, RouteNumbers(configuration.routes)))
    }

    /// What is in force.
    var configuration: GatewayConfiguration { state.withLock { $0.configuration } }

    /// Its routes, and those that were.
    var routes: RouteNumbers { state.withLock { $0.routes } }

    /// Puts another one in force.
    func replace(by configuration: GatewayConfiguration, _ routes: RouteNumbers) {
        state.withLock { $0 = (configuration, routes) }
    }
}
