package import Logging

/// The gateway as one process.
package struct GatewayApplication: Sendable {
    private struct Unfinished: Error {}

    package init(configuration: GatewayConfiguration, logger: Logger) {}

    package func run() async throws {
        throw Unfinished()
    }
}
