package import Foundation
import Synchronization

/// Another program, started and waited for with nothing between the test and the system.
///
/// Foundation's `Process` learns of an end through a run loop and, with many started at once, now and then never does.
package final class ChildProcess: Sendable {
    /// What stands for one of its three streams.
    package enum Stream {
        case null
        case file(FileHandle)
    }

    package struct NotStarted: Error, CustomStringConvertible {
        package let description: String
    }

    private let id: pid_t
    /// Its exit status once it was waited for, or the number of the signal that ended it.
    private let status = Mutex<Int32?>(nil)

    /// - Parameters:
    ///   - executable: A path, or a name that is looked up in PATH.
    ///   - arguments: Without the program's own name.
    ///   - environment: All of it; nil passes on the test's.
    ///   - input: Its standard input.
    ///   - output: Its standard output.
    ///   - error: Its standard error.
    /// - Throws: `NotStarted` with what the system says.
    package init(
        _ executable: String,
        _ arguments: [String],
        environment: [String: String]? = nil,
        input: Stream = .null,
        output: Stream = .null,
        error: Stream = .null
    ) throws {
        var actions = posix_spawn_file_actions_t()
        var attributes = posix_spawnattr_t()
        posix_spawn_file_actions_init(&actions)
        posix_spawnattr_init(&attributes)
        defer {
            posix_spawn_file_actions_destroy(&actions)
            posix_spawnattr_destroy(&attributes)
        }
        for (number, stream) in [(STDIN_FILENO, input), (STDOUT_FILENO, output), (STDERR_FILENO, error)] {
            switch stream {
            case .null: posix_spawn_file_actions_addopen(&actions, number, "/dev/null", O_RDWR, 0)
            case .file(let file): posix_spawn_file_actions_adddup2(&actions, file.fileDescriptor, number)
            }
        }
        // Nothing else of the test's is handed down: a pipe's end in the wrong hands never ends.
        for number in STDERR_FILENO + 1..<ChildProcess.endOfDescriptors() {
            posix_spawn_file_actions_addclose(&actions, number)
        }
        var none = sigset_t()
        sigemptyset(&none)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK))

        let variables = (environment ?? ProcessInfo.processInfo.environment).map { "\($0)=\($1)" }
        var words = ([executable] + arguments).map { strdup($0) } + [nil]
        var settings = variables.map { strdup($0) } + [nil]
        defer { for text in words + settings { free(text) } }
        var id: pid_t = 0
        let code = posix_spawnp(&id, executable, &actions, &attributes, &words, &settings)
        guard code == 0 else { throw NotStarted(description: "\(executable): \(String(cString: strerror(code)))") }
        self.id = id
    }

    /// A number above every open descriptor, with room for those that other threads open meanwhile.
    private static func endOfDescriptors() -> Int32 {
        let open = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd")) ?? []
        return (open.compactMap { Int32($0) }.max() ?? 1024) + 64
    }

    /// Waits for its end, on the calling thread.
    @discardableResult
    package func wait() -> Int32 {
        // Without reaping first, so that a signal never meets a number that is somebody else's by now.
        var information = siginfo_t()
        while waitid(P_PID, id_t(id), &information, WEXITED | WNOWAIT) == -1, errno == EINTR {}
        return status.withLock { status in
            if let status { return status }
            var word: Int32 = 0
            while waitpid(id, &word, 0) == -1, errno == EINTR {}
            let result = word & 0x7F == 0 ? word >> 8 & 0xFF : word & 0x7F
            status = result
            return result
        }
    }

    /// Sends a signal, unless it has been waited for.
    package func send(_ signal: Int32) {
        status.withLock { status in if status == nil { kill(id, signal) } }
    }
}
