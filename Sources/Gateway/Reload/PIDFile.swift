import Glibc

/// The file that names the running gateway, held by a lock and gone with the process that made it.
///
/// The lock says whether somebody runs, not the number: files of processes that were killed are left behind, and numbers
/// are given out again.
final class PIDFile {
    /// Its path.
    let path: String
    private let descriptor: Int32

    /// Makes the file, or takes over one that nobody holds.
    ///
    /// - Parameter path: Where it is to stand; its folder is made if need be.
    /// - Throws: `PIDFileError` when a gateway runs that has it, or when it cannot be written.
    init(_ path: String) throws(PIDFileError) {
        self.path = path
        if let slash = path.lastIndex(of: "/"), slash != path.startIndex {
            _ = unsafe mkdir(String(path[..<slash]), 0o755)
        }
        // Whoever asks whether it is held does so with a lock of its own, for a moment.
        var patience = 20
        while true {
            let descriptor = unsafe open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0o644)
            guard descriptor >= 0 else { throw PIDFileError(path, "cannot be written: \(LocalFile.reason(errno))") }
            do throws(PIDFileError) {
                if try PIDFile.take(descriptor, path) {
                    self.descriptor = descriptor
                    return
                }
            } catch {
                close(descriptor)
                patience -= 1
                guard error.isHeld, patience > 0 else { throw error }
                usleep(10_000)
                continue
            }
            // Its holder has removed it in between.
            close(descriptor)
        }
    }

    /// - Returns: false when the locked file is not the one of this name any more.
    private static func take(_ descriptor: Int32, _ path: String) throws(PIDFileError) -> Bool {
        guard let held = FileMark(descriptor), held.isRegular else {
            throw PIDFileError(path, "is no regular file; name one that only hookgate writes")
        }
        let content = LockedFile.text(of: descriptor)
        // A process that was killed may have left half a record.
        let isOurs = content.isEmpty || Int32(content.prefix { $0 != "\n" }) != nil
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            let holder = ReloadRecord(content).map { "process \($0.process)" } ?? "another process"
            throw PIDFileError(
                path,
                "is held by \(holder), which runs: stop that one first, or configure another `pid_file`",
                isHeld: true
            )
        }
        guard isOurs else {
            throw PIDFileError(path, "holds something else than a process id; name one that only hookgate writes")
        }
        guard FileMark(path)?.isSameFile(as: held) == true else { return false }
        let text = Array(ReloadRecord(process: getpid()).text.utf8)
        _ = ftruncate(descriptor, 0)
        guard unsafe pwrite(descriptor, text, text.count, 0) == text.count else {
            throw PIDFileError(path, "cannot be written: \(LocalFile.reason(errno))")
        }
        return true
    }

    /// Removes it, unless another one has taken its place.
    func remove() {
        if let held = FileMark(descriptor), FileMark(path)?.isSameFile(as: held) == true { _ = unsafe unlink(path) }
    }

    deinit {
        close(descriptor)
    }
}

/// Why there is no pid file; nothing is served then.
struct PIDFileError: Error, CustomStringConvertible {
    let description: String
    /// A process runs that has it.
    let isHeld: Bool

    init(_ path: String, _ reason: String, isHeld: Bool = false) {
        description = "the pid file \(path) \(reason)"
        self.isHeld = isHeld
    }
}
