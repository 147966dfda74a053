import NIOCore

/// `hookgate reload`: has a running gateway read its configuration again, and says what came of it.
package enum ReloadCommand {
    /// How often the gateway's answer is looked for.
    private static let beat = Duration.milliseconds(20)

    /// Checks the configuration first; one that is wrong is not put to the gateway.
    ///
    /// - Parameters:
    ///   - path: the configuration.
    ///   - process: the gateway's process; nil to find it by the configuration.
    ///   - seconds: how long its answer is waited for.
    ///   - environment: where `${env:…}` looks.
    /// - Returns: what came of it.
    package static func run(
        path: String,
        process: Int32?,
        seconds: Int,
        environment: [String: String] = ProcessEnvironment.current
    ) async -> CommandResult {
        let (checked, issues) = CheckCommand.load(path: path, environment: environment)
        let report = IssueReport.text(issues)
        guard let checked else {
            return CommandResult(.configuration, errors: report + "hookgate: nothing was sent to the gateway\n")
        }
        do {
            let gateway = try RunningGateway.find(checked, process: process)
            var result = try await reload(gateway, until: .now + .seconds(seconds), seconds: seconds)
            result.errors = report + result.errors
            return result
        } catch {
            return CommandResult(.failed, errors: report + "hookgate: \("\(error)".escaped)\n")
        }
    }

    private static func reload(
        _ gateway: RunningGateway,
        until end: ContinuousClock.Instant,
        seconds: Int
    ) async throws -> CommandResult {
        // Until it hears it, the signal would end it.
        try await wait(until: end) { gateway.hears || !gateway.isAlive }
        guard gateway.hears else {
            throw CommandProblem(
                .failed,
                "process \(gateway.process) does not hear SIGHUP yet; try again when it serves"
            )
        }
        guard gateway.notes != nil else {
            try gateway.hangUp()
            return CommandResult(
                .done,
                output: "process \(gateway.process) was told to reload; its log says what came of it\n"
            )
        }
        guard let before = gateway.record else { throw CommandProblem(.failed, "process \(gateway.process) has ended") }
        try gateway.hangUp()
        var record: ReloadRecord?
        try await wait(until: end) {
            record = gateway.record
            return record.map { $0.ended > before.begun } ?? !gateway.isAlive
        }
        guard let record else { throw CommandProblem(.failed, "process \(gateway.process) has ended meanwhile") }
        guard record.ended > before.begun else {
            throw CommandProblem(
                .failed,
                "process \(gateway.process) was told to reload, and has not answered within \(seconds) s; see its log"
            )
        }
        switch record.outcome {
        case .inForce(let lines):
            let text = lines.map { "  \($0)\n" }.joined()
            return CommandResult(.done, output: "process \(gateway.process) has reloaded\n" + text)
        case .refused(let reasons):
            let text = reasons.map { "  \($0)\n" }.joined()
            return CommandResult(
                .failed,
                errors: "hookgate: process \(gateway.process) has not reloaded, and goes on as it was:\n" + text
            )
        }
    }

    private static func wait(until end: ContinuousClock.Instant, _ condition: () -> Bool) async throws {
        while !condition(), .now < end { try await Task.sleep(for: beat) }
    }
}
