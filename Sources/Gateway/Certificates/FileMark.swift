import Glibc

/// By what a changed file is known without reading it; follows symbolic links, as they are exchanged for a renewal.
struct FileMark: Sendable, Equatable {
    /// Whether it is a plain file: no folder, no device.
    let isRegular: Bool
    private let device: UInt64
    private let inode: UInt64
    private let size: Int64
    private let modified: [Int]
    private let changed: [Int]

    /// The mark of a file; nil while there is none.
    init?(_ path: String) {
        var status = stat()
        guard unsafe stat(path, &status) == 0 else { return nil }
        self.init(status)
    }

    /// The mark of a file that is open.
    init?(_ descriptor: Int32) {
        var status = stat()
        guard unsafe fstat(descriptor, &status) == 0 else { return nil }
        self.init(status)
    }

    private init(_ status: stat) {
        isRegular = status.st_mode & S_IFMT == S_IFREG
        device = UInt64(status.st_dev)
        inode = UInt64(status.st_ino)
        size = Int64(status.st_size)
        modified = [status.st_mtim.tv_sec, status.st_mtim.tv_nsec]
        changed = [status.st_ctim.tv_sec, status.st_ctim.tv_nsec]
    }

    /// Whether two marks are of one file, whatever was written in between.
    func isSameFile(as other: FileMark) -> Bool { device == other.device && inode == other.inode }
}
