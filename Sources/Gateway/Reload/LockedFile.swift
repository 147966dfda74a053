import Glibc

/// A file that names the process which holds a lock on it: a pid file, or the lock file of a journal.
enum LockedFile {
    /// The record in it, if somebody holds it.
    ///
    /// - Parameter path: The file.
    /// - Returns: the record; nil when nobody holds the file, or there is none.
    /// - Throws: why it cannot be looked at.
    static func held(_ path: String) throws(LocalFile.Problem) -> ReloadRecord? {
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else {
            if errno == ENOENT || errno == ENOTDIR { return nil }
            throw LocalFile.Problem(reason: LocalFile.reason(errno))
        }
        defer { close(descriptor) }
        // Only for a moment, and given back with the descriptor: whoever starts meanwhile tries again.
        if flock(descriptor, LOCK_SH | LOCK_NB) == 0 { return nil }
        guard errno == EWOULDBLOCK else { throw LocalFile.Problem(reason: LocalFile.reason(errno)) }
        // Whoever has just taken it, or writes, is done soon.
        for _ in 0..<50 {
            if let record = ReloadRecord(text(of: descriptor)) { return record }
            usleep(2_000)
        }
        throw LocalFile.Problem(reason: "it names no process")
    }

    /// The beginning of a file, as far as a record may be long.
    static func text(of descriptor: Int32) -> String {
        var bytes = [UInt8](repeating: 0, count: ReloadRecord.maxBytes)
        let count = unsafe bytes.withUnsafeMutableBytes { unsafe pread(descriptor, $0.baseAddress, $0.count, 0) }
        return String(decoding: bytes.prefix(max(0, count)), as: UTF8.self)
    }
}
