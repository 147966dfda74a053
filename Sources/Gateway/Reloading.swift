import Logging
import ServiceLifecycle
import UnixSignals

/// On SIGHUP reads the certificates again, and the configuration, whose rules it puts in force: all of them, or none.
///
/// What is wrong with a file is logged, and stays as it was. What else changed in the configuration waits for a restart.
struct Reloading: Service, CustomStringConvertible {
    let description = "reloading"
    /// Reads and checks the configuration.
    let load: @Sendable () throws(ConfigurationErrors) -> GatewayConfiguration
    let calls: CallKeeping
    let certificates: CertificateWatch
    let manager: ServiceManager
    let readiness: Readiness
    let logger: Logger

    func run() async throws {
        let signals = await UnixSignalsSequence(trapping: .sighup)
        readiness.reached(.reloading)
        for await _ in signals.cancelOnGracefulShutdown() {
            manager.reloading()
            await certificates.reload()
            reload()
            manager.ready()
        }
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
