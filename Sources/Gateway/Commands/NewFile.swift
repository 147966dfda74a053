#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// Writes files that are there whole or not at all.
enum NewFile {
    /// Whether anything has that name.
    static func exists(_ path: String) -> Bool {
        var status = stat()
        return unsafe lstat(path, &status) == 0
    }

    /// Makes a folder and those above it, where they are missing.
    static func makeFolder(_ path: String) throws(LocalFile.Problem) {
        var partial = path.hasPrefix("/") ? "/" : ""
        for part in path.split(separator: "/") {
            partial += part
            if unsafe mkdir(partial, 0o755) != 0, errno != EEXIST {
                throw LocalFile.Problem(reason: "\(partial): \(LocalFile.reason(errno))")
            }
            partial += "/"
        }
    }

    /// Writes a temporary file beside the target and moves it there, so that nobody sees half of it.
    ///
    /// - Throws: what the system said, with the name of the file; also when the target exists and may not be replaced.
    static func write(_ text: String, to path: String, mode: mode_t, replaces: Bool) throws(LocalFile.Problem) {
        let temporary = "\(path).\(getpid()).new"
        let descriptor = unsafe open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode)
        guard descriptor >= 0 else { throw problem(temporary) }
        var failure = fchmod(descriptor, mode) == 0 ? nil : problem(temporary)
        let bytes = Array(text.utf8)
        let count = unsafe bytes.withUnsafeBytes { unsafe Glibc.write(descriptor, $0.baseAddress, $0.count) }
        if count != bytes.count { failure = failure ?? problem(temporary) }
        if fsync(descriptor) != 0 { failure = failure ?? problem(temporary) }
        close(descriptor)
        if failure == nil {
            // link(2) fails where something is; rename(2) would replace it.
            let moved = replaces ? unsafe rename(temporary, path) : unsafe link(temporary, path)
            if moved != 0 { failure = problem(path) }
        }
        if failure != nil || !replaces { unsafe unlink(temporary) }
        if let failure { throw failure }
    }

    private static func problem(_ path: String) -> LocalFile.Problem {
        LocalFile.Problem(reason: "\(path): \(LocalFile.reason(errno))")
    }
}
