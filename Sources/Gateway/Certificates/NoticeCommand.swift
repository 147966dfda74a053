import Foundation
import Logging
import OpenSSL

/// Something about a served certificate that somebody should hear of.
struct CertificateNotice: Sendable {
    /// The words that a command gets.
    enum Kind: String {
        /// It ends soon, or has ended.
        case expiring
        case expired
        /// Another is served from now on.
        case replaced
        /// The files hold something else that cannot be served.
        case refused
    }

    let kind: Kind
    let listener: String
    var certificate: Certificate?
    var daysLeft: Int?
    var reason: String?

    /// What the command finds in its environment; only what there is to say.
    fileprivate var environment: [String: String] {
        var variables = ["HOOKGATE_NOTICE": kind.rawValue, "HOOKGATE_LISTENER": listener]
        if let certificate {
            variables["HOOKGATE_SUBJECT"] = certificate.subject
            variables["HOOKGATE_NOT_AFTER"] = "\(certificate.notAfter)"
            variables["HOOKGATE_SHA256"] = "\(certificate.fingerprint)"
        }
        variables["HOOKGATE_DAYS_LEFT"] = daysLeft.map(String.init)
        variables["HOOKGATE_REASON"] = reason
        return variables
    }
}

/// A program of the operator's that is run for every notice.
struct NoticeCommand: Sendable {
    /// How long it may run.
    private static let bound = Duration.seconds(30)

    /// The program, an absolute path, and its arguments.
    let arguments: [String]
    let logger: Logger

    /// Runs it and waits for its end; how that went is logged.
    ///
    /// It gets no secret: of the gateway's environment only `PATH`, `HOME` and `LANG`.
    func run(_ notice: CertificateNotice) async {
        guard let program = arguments.first else { return }
        let process = Process()
        process.executableURL = URL(filePath: program)
        process.arguments = Array(arguments.dropFirst())
        let inherited = ProcessInfo.processInfo.environment.filter { ["PATH", "HOME", "LANG"].contains($0.key) }
        process.environment = inherited.merging(notice.environment) { _, new in new }
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        let ended = AsyncStream<Void>.makeStream()
        process.terminationHandler = { _ in ended.continuation.finish() }
        do {
            try process.run()
        } catch {
            return log(.error, "the command for certificate notices cannot be run", notice, "\(error)".escaped)
        }
        let isInTime = await withTaskGroup(of: Bool.self) { group in
            group.addTask {
                for await _ in ended.stream {}
                return !Task.isCancelled
            }
            group.addTask {
                try? await Task.sleep(for: NoticeCommand.bound)
                return false
            }
            defer { group.cancelAll() }
            return await group.next() ?? false
        }
        guard isInTime else {
            process.terminate()
            return log(.error, "the command for certificate notices took too long and was ended", notice, "-")
        }
        let status = process.terminationStatus
        log(
            status == 0 ? .debug : .error,
            status == 0 ? "certificate notice passed on" : "the command for certificate notices failed",
            notice,
            "\(process.terminationReason == .exit ? "status" : "signal") \(status)"
        )
    }

    private func log(_ level: Logger.Level, _ message: Logger.Message, _ notice: CertificateNotice, _ outcome: String) {
        logger.log(
            level: level,
            message,
            metadata: [
                "command": "\(arguments.first ?? "-")", "notice": "\(notice.kind.rawValue)",
                "listener": "\(notice.listener)", "outcome": "\(outcome)",
            ]
        )
    }
}
