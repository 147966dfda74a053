import Glibc

/// A gateway that runs, as another process of the same machine sees it.
struct RunningGateway {
    /// Its process.
    let process: Int32
    /// The file in which it says what became of a reload; nil when none of those that are known names it.
    let notes: String?

    /// Finds the gateway of a configuration by the files that it holds locks on.
    ///
    /// - Parameters:
    ///   - configuration: Names them.
    ///   - process: The process that it has to be; nil: whichever holds them.
    /// - Returns: the gateway.
    /// - Throws: `CommandProblem` when none runs.
    static func find(_ configuration: GatewayConfiguration, process: Int32?) throws(CommandProblem) -> RunningGateway {
        let files = configuration.recordFiles
        for file in files {
            let record: ReloadRecord?
            do {
                record = try LockedFile.held(file)
            } catch {
                guard process == nil else { continue }
                throw CommandProblem(.failed, "cannot look at \(file.quoted): \(error.reason)")
            }
            guard let record, process == nil || process == record.process else { continue }
            return RunningGateway(process: record.process, notes: file)
        }
        if let process { return try named(process) }
        guard !files.isEmpty else {
            throw CommandProblem(
                .failed,
                "the configuration names neither `pid_file` nor `journal`, by which a gateway that runs is found;"
                    + " add `pid_file: hookgate.pid`, or name its process with --pid"
            )
        }
        let list = files.map(\.quoted).joined(separator: " and ")
        throw CommandProblem(
            .failed,
            "no gateway runs with this configuration: nobody holds \(list); start one with `hookgate run`,"
                + " or name its process with --pid"
        )
    }

    /// A process that an operator names: a slip would end something else, which few programs take SIGHUP for.
    private static func named(_ process: Int32) throws(CommandProblem) -> RunningGateway {
        guard let text = try? LocalFile.read("/proc/\(process)/comm", limit: 256).text else {
            throw CommandProblem(.failed, "there is no process \(process)")
        }
        let name = String(text.prefix { $0 != "\n" })
        guard name == "hookgate" else {
            throw CommandProblem(.failed, "process \(process) is \(name.quoted) and no hookgate; nothing was sent")
        }
        return RunningGateway(process: process, notes: nil)
    }

    /// What it says of its reloads; nil when it says nothing, or has ended.
    var record: ReloadRecord? {
        guard let notes, let record = try? LockedFile.held(notes), record.process == process else { return nil }
        return record
    }

    /// Whether it runs.
    var isAlive: Bool { kill(process, 0) == 0 || errno == EPERM }

    /// Whether it hears SIGHUP; one that still starts does not yet.
    var hears: Bool {
        guard let status = try? LocalFile.read("/proc/\(process)/status", limit: 64 * 1024).text else { return false }
        let caught = status.split(separator: "\n").first { $0.hasPrefix("SigCgt:") }
        // A mask in hexadecimal, the first signal in its lowest bit (proc(5)).
        guard let word = caught?.split(whereSeparator: \.isWhitespace).last, let mask = UInt64(word, radix: 16) else {
            return false
        }
        return mask >> UInt64(SIGHUP - 1) & 1 == 1
    }

    /// Tells it to reload.
    ///
    /// - Throws: `CommandProblem` when it may not be told, or is gone.
    func hangUp() throws(CommandProblem) {
        guard kill(process, SIGHUP) != 0 else { return }
        switch errno {
        case EPERM:
            throw CommandProblem(
                .failed,
                "process \(process) belongs to somebody else; run this as the same user, or as root"
            )
        default:
            throw CommandProblem(.failed, "process \(process) has ended")
        }
    }
}

extension GatewayConfiguration {
    /// The files by which a gateway with this configuration is found, and in which it tells of reloads.
    var recordFiles: [String] {
        [pidFile, journal.map { $0.path + ".lock" }].compactMap { $0 }
    }
}
