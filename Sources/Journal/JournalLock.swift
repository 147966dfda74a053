#if canImport(Glibc)
import Glibc
#endif

/// The claim of one process to a journal, until it is released or the process ends, in whatever way.
struct JournalLock: ~Copyable {
    private let descriptor: Int32

    /// Takes the lock, a flock(2) on a file beside the journal that holds our process id for the one who finds it taken.
    init(journal path: String) throws(JournalOpenError) {
        let file = path + ".lock"
        let descriptor = open(file, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            throw .unusable(path: path, reason: "\(file): \(String(cString: strerror(errno)))")
        }
        // Whoever asks whether it is held does so with a lock of its own, for a moment.
        var patience = 6
        while flock(descriptor, LOCK_EX | LOCK_NB) != 0 {
            patience -= 1
            if patience > 0 {
                usleep(5_000)
                continue
            }
            var bytes = [UInt8](repeating: 0, count: 16)
            let count = pread(descriptor, &bytes, bytes.count, 0)
            close(descriptor)
            let text = String(decoding: bytes.prefix(max(0, count)).prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self)
            throw .locked(path: path, process: Int32(text))
        }
        let text = Array("\(getpid())\n".utf8)
        // A note for people; the lock holds without it.
        _ = ftruncate(descriptor, 0)
        _ = pwrite(descriptor, text, text.count, 0)
        self.descriptor = descriptor
    }

    deinit {
        close(descriptor)
    }
}
