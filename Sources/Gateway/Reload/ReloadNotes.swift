import Glibc

/// Writes the record of reloads into the files by which a gateway is found: its own, which it holds locks on.
struct ReloadNotes {
    private let files: [String]
    private var record = ReloadRecord(process: getpid())

    /// - Parameter files: The pid file and the lock file of the journal, as far as there are such.
    init(files: [String]) {
        self.files = files
    }

    /// A reload begins.
    mutating func begin() {
        record.begun += 1
        write()
    }

    /// The reload that has begun is over.
    mutating func end(_ outcome: ReloadOutcome) {
        record.ended = record.begun
        record.outcome = outcome
        write()
    }

    /// A file that cannot be written costs an answer, not the reload.
    private func write() {
        let text = Array(record.text.utf8)
        for file in files {
            let descriptor = unsafe open(file, O_WRONLY | O_CLOEXEC | O_NOFOLLOW)
            guard descriptor >= 0 else { continue }
            defer { close(descriptor) }
            // In place: the lock is on this very file. A reader finds the end by its mark.
            let count = unsafe text.withUnsafeBytes { unsafe pwrite(descriptor, $0.baseAddress, $0.count, 0) }
            if count == text.count { _ = ftruncate(descriptor, off_t(text.count)) }
        }
    }
}
