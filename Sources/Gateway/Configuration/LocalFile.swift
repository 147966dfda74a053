#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// A small file of the operator, read whole: the configuration, a secret, a users file.
struct LocalFile {
    /// Why a file could not be read, in words that follow its name: `no such file`.
    struct Problem: Error {
        let reason: String
    }

    /// The content.
    let bytes: [UInt8]
    /// The permission bits and the file type, as stat(2) gives them.
    let mode: UInt32

    /// Whether anybody but the owner and the group may read it.
    var isReadableByOthers: Bool { mode & 0o004 != 0 }

    /// The content as text; nil when it is not UTF-8.
    var text: String? { String(validating: bytes, as: UTF8.self) }

    /// The content of a secret file, without the one line end that editors and `echo` leave; nil when it is not UTF-8.
    var secret: String? {
        guard var text else { return nil }
        // CR and LF are one character.
        if text.hasSuffix("\n") || text.hasSuffix("\r\n") { text.removeLast() }
        return text
    }

    /// How large a secret file may be, in bytes: a password, not a mistaken disk image.
    static let maxSecretBytes = 64 * 1024

    /// Reads a file of at most `limit` bytes.
    ///
    /// - Throws: what the system said, or that it is a folder or too large.
    static func read(_ path: String, limit: Int) throws(Problem) -> LocalFile {
        guard !path.utf8.contains(0) else { throw Problem(reason: "the name holds a NUL byte") }
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw Problem(reason: reason(errno)) }
        defer { close(descriptor) }
        var status = stat()
        guard unsafe fstat(descriptor, &status) == 0 else { throw Problem(reason: reason(errno)) }
        guard status.st_mode & S_IFMT != S_IFDIR else { throw Problem(reason: "it is a folder") }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 16 * 1024)
        while true {
            let count = unsafe chunk.withUnsafeMutableBytes { unsafe Glibc.read(descriptor, $0.baseAddress, $0.count) }
            if count < 0 {
                if errno == EINTR { continue }
                throw Problem(reason: reason(errno))
            }
            if count == 0 { break }
            bytes.append(contentsOf: chunk[..<count])
            guard bytes.count <= limit else { throw Problem(reason: "it is larger than \(limit) bytes") }
        }
        return LocalFile(bytes: bytes, mode: UInt32(status.st_mode))
    }

    /// Device and number of what standard error is, `9:1234`; nil when it is closed.
    static var standardErrorIdentity: String? {
        var status = stat()
        guard unsafe fstat(STDERR_FILENO, &status) == 0 else { return nil }
        return "\(status.st_dev):\(status.st_ino)"
    }

    /// The content of a secret file.
    ///
    /// - Throws: what the system said, or that it is no text.
    static func readSecret(_ path: String) throws(Problem) -> String {
        guard let secret = try read(path, limit: maxSecretBytes).secret else {
            throw Problem(reason: "it is not UTF-8 text")
        }
        return secret
    }

    /// Why a file cannot be opened for reading; nil when it can.
    static func obstacle(to path: String) -> String? {
        guard !path.utf8.contains(0) else { return "the name holds a NUL byte" }
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { return reason(errno) }
        defer { close(descriptor) }
        var status = stat()
        guard unsafe fstat(descriptor, &status) == 0 else { return reason(errno) }
        return status.st_mode & S_IFMT == S_IFDIR ? "it is a folder" : nil
    }

    /// What to do about an obstacle: something else where it is one of rights.
    static func remedy(_ reason: String, _ usual: String) -> String {
        guard reason == LocalFile.reason(EACCES) else { return usual }
        return
            "let the user that the gateway runs as read it and pass the folders above it, or hand it over with systemd's "
            + "`LoadCredential=` and write `${credential:NAME}`"
    }

    /// Why a program cannot be run, or nil.
    static func obstacle(toRunning path: String) -> String? {
        if let reason = obstacle(to: path) { return reason }
        return unsafe access(path, X_OK) == 0 ? nil : reason(errno)
    }

    /// Whether something has this name, whatever it is.
    static func exists(_ path: String) -> Bool {
        var status = stat()
        return unsafe stat(path, &status) == 0
    }

    /// The current folder; `/` when it is gone.
    static var currentFolder: String {
        guard let path = unsafe getcwd(nil, 0) else { return "/" }
        defer { unsafe free(path) }
        return unsafe String(cString: path)
    }

    /// The text of an error number, without a capital: `no such file or directory`.
    static func reason(_ number: Int32) -> String {
        guard let text = unsafe strerror(number) else { return "error \(number)" }
        let words = unsafe String(cString: text)
        return words.prefix(1).lowercased() + words.dropFirst()
    }
}

/// Paths are relative to the file that names them, never to where the process was started.
struct BaseFolder {
    /// Absolute, without a trailing slash unless it is the root.
    let path: String

    /// The folder of a file, itself named relative to the current folder.
    init(ofFile file: String) {
        let absolute = file.hasPrefix("/") ? file : LocalFile.currentFolder + "/" + file
        let folder = absolute[..<(absolute.lastIndex(of: "/") ?? absolute.startIndex)]
        path = folder.isEmpty ? "/" : String(folder)
    }

    /// An absolute path for a name in the file.
    ///
    /// `..` stays: the system resolves it, links included.
    func resolve(_ name: String) -> String {
        if name.hasPrefix("/") { return name }
        return path == "/" ? "/" + name : path + "/" + name
    }
}
