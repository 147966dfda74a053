import Logging
import ServiceLifecycle
import UnixSignals

/// Reads the configuration again on SIGHUP, and puts the rules of the routes in force: all of them, or none.
///
/// What is wrong with the file is logged, and everything stays as it was. What else changed in it waits for a restart.
struct Reloading: Service, CustomStringConvertible {
    let description = "reloading"
    /// Reads and checks the configuration.
    let load: @Sendable () throws(ConfigurationErrors) -> GatewayConfiguration
    let calls: CallKeeping
    let logger: Logger

    func run() async throws {
        for await _ in await UnixSignalsSequence(trapping: .sighup).cancelOnGracefulShutdown() { reload() }
    }

    private func reload() {
        do {
            let (rules, routes) = calls.replaceRules(by: try load())
            logger.notice("rules reloaded", metadata: ["rules": "\(rules)", "routes": "\(routes)"])
        } catch {
            logger.error("not reloaded, everything stays as it was: the configuration is wrong")
            for issue in error.issues {
                logger.error(
                    "wrong in the configuration",
                    metadata: ["key": "\(issue.key)", "problem": "\(issue.message)", "help": "\(issue.remedy ?? "-")"]
                )
            }
        }
    }
}
