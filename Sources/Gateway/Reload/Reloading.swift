import Edge
import Logging
import NIOPosix
import ServiceLifecycle
import UnixSignals

/// On SIGHUP reads the configuration and the certificates again, and puts all of it in force, or none.
///
/// Everything new is built and tried first, and what cannot change while the gateway runs refuses the whole. Connections
/// and requests that have begun go on with what they began with.
struct Reloading: Service, CustomStringConvertible {
    let description = "reloading"
    /// Every SIGHUP since the start.
    let hangUps: UnixSignalsSequence
    /// Reads and checks the configuration; blocks on the disk.
    let load: @Sendable () throws(ConfigurationErrors) -> GatewayConfiguration
    let live: LiveConfiguration
    let parts: Parts
    let manager: ServiceManager
    let readiness: Readiness
    /// Where it says what came of it.
    let files: [String]
    /// Where files are read.
    let pool: NIOThreadPool
    let logger: Logger

    /// What is exchanged.
    struct Parts: Sendable {
        let calls: CallKeeping
        let loops: GatewayLoops
        /// In the order of the configuration.
        let listeners: [Listener]
        let certificates: CertificateWatch
        let credentials: AdminCredentials?
        let log: LiveLog
    }

    func run() async throws {
        readiness.reached(.reloading)
        var notes = ReloadNotes(files: files)
        for await _ in hangUps.cancelOnGracefulShutdown() {
            manager.reloading()
            notes.begin()
            do {
                notes.end(.inForce(try await reload()))
            } catch {
                tell(error)
                // Others may read the file.
                let personal = PersonalData(live.configuration.logging)
                notes.end(.refused(error.reasons.map { personal.text($0.words) }))
            }
            manager.ready()
        }
    }

    /// - Returns: what is in force now, in words.
    private func reload() async throws(ReloadRefusal) -> [String] {
        let next = try await read()
        let numbers = live.routes.replaced(by: next.routes)
        let obstacles = ReloadObstacles.between(live.configuration, next, routes: live.routes)
        guard obstacles.isEmpty else {
            throw ReloadRefusal(reasons: obstacles.map { .init(key: $0.key, problem: $0.problem) })
        }
        // First all that can fail.
        let tls = next.listeners.map(\.tls) + (next.admin?.tls.map { [$0] } ?? [])
        let certificates = try await parts.certificates.prepare(tls)
        let calls = parts.calls.routes(for: numbers)
        let loops: GatewayLoops.Prepared
        let credentials: AdminCredentials.Prepared?
        do {
            loops = try await parts.loops.prepare(next, routes: numbers, calls: calls)
            credentials = try await parts.credentials?.prepare(next)
        } catch {
            throw ReloadRefusal(reasons: [.init(key: "", problem: "\(error)")])
        }
        // Now nothing fails any more. Whoever counts by routes has to know them before the loops do.
        live.replace(by: next, numbers)
        parts.log.replace(by: next.logging)
        parts.certificates.adopt(certificates)
        for (listener, configuration) in zip(parts.listeners, next.listeners) {
            listener.replaceLimits(by: configuration.limits)
        }
        // The clock of the calls hands on to routes that the loops have to know.
        await parts.loops.replace(by: loops)
        parts.calls.replace(by: calls)
        if let credentials { await parts.credentials?.replace(by: credentials) }
        let rules = next.routes.reduce(0) { $0 + $1.calls.ruleNames.count }
        logger.notice(
            "configuration reloaded",
            metadata: ["routes": "\(next.routes.count)", "users": "\(next.users.count)", "rules": "\(rules)"]
        )
        return ["\(next.routes.count) routes, \(next.users.count) users, \(rules) rules"]
    }

    private func read() async throws(ReloadRefusal) -> GatewayConfiguration {
        do {
            return try await pool.runIfActive { [load] in try load() }
        } catch let errors as ConfigurationErrors {
            throw ReloadRefusal(
                reasons: errors.issues.filter { $0.severity == .error }.map { issue in
                    .init(key: issue.key, problem: issue.message, help: issue.remedy)
                }
            )
        } catch {
            throw ReloadRefusal(reasons: [.init(key: "", problem: "the gateway is stopping")])
        }
    }

    private func tell(_ refusal: ReloadRefusal) {
        logger.error("not reloaded, everything stays as it was")
        for reason in refusal.reasons {
            logger.error(
                "wrong in the configuration",
                metadata: ["key": "\(reason.key)", "problem": "\(reason.problem)", "help": "\(reason.help ?? "-")"]
            )
        }
    }
}

/// Why a reload changed nothing.
struct ReloadRefusal: Error {
    struct Reason {
        /// Of the configuration; empty where none is to blame.
        let key: String
        let problem: String
        var help: String?

        /// In one line.
        var words: String {
            (key.isEmpty ? "" : "\(key): ") + problem + (help.map { "; \($0)" } ?? "")
        }
    }

    let reasons: [Reason]
}
