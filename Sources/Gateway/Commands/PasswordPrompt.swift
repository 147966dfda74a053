#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// Reads a password: twice and without showing it at a terminal, one line of standard input otherwise.
enum PasswordPrompt {
    /// Why there is no password.
    enum Problem: Error {
        case interrupted
        case empty
        case different
        case invalid
    }

    /// In bytes.
    ///
    /// Longer than any password; bcrypt looks at 72.
    private static let maxBytes = 1024

    /// Asks, or reads the first line.
    static func read() throws(Problem) -> String {
        guard isatty(STDIN_FILENO) == 1 else { return try checked(line()) }
        let first = try checked(hidden("Password: "))
        let second = try hidden("Again: ")
        guard first == second else { throw .different }
        return first
    }

    /// Printable, and not empty: a control character cannot be sent with Basic authentication (RFC 7617, section 2).
    static func checked(_ text: String) throws(Problem) -> String {
        guard !text.isEmpty else { throw .empty }
        guard text.unicodeScalars.allSatisfy({ $0.value >= 0x20 && $0.value != 0x7F }) else { throw .invalid }
        return text
    }

    private static func line() throws(Problem) -> String {
        var bytes: [UInt8] = []
        while let byte = nextByte(), byte != 0x0A {
            guard bytes.count < maxBytes else { throw .invalid }
            bytes.append(byte)
        }
        if bytes.last == 0x0D { bytes.removeLast() }
        guard let text = String(validating: bytes, as: UTF8.self) else { throw .invalid }
        return text
    }

    /// One line from the terminal in raw mode.
    ///
    /// Signals are off meanwhile (ISIG, termios(3)): Ctrl-C arrives as a byte, so that the echo is always switched back.
    private static func hidden(_ question: String) throws(Problem) -> String {
        var saved = termios()
        guard unsafe tcgetattr(STDIN_FILENO, &saved) == 0 else { return try line() }
        var raw = saved
        raw.c_lflag &= ~tcflag_t(ECHO | ICANON | ISIG)
        unsafe tcsetattr(STDIN_FILENO, TCSAFLUSH, &raw)
        show(question)
        defer {
            unsafe tcsetattr(STDIN_FILENO, TCSAFLUSH, &saved)
            show("\n")
        }
        var bytes: [UInt8] = []
        while let byte = nextByte(), byte != 0x0A, byte != 0x0D {
            switch byte {
            case 0x03, 0x04: throw .interrupted
            case 0x15: bytes = []
            case 0x08, 0x7F:
                while let last = bytes.popLast(), last & 0xC0 == 0x80 {}
            default:
                guard bytes.count < maxBytes else { throw .invalid }
                bytes.append(byte)
            }
        }
        guard let text = String(validating: bytes, as: UTF8.self) else { throw .invalid }
        return text
    }

    private static func nextByte() -> UInt8? {
        var byte: UInt8 = 0
        while true {
            let count = unsafe Glibc.read(STDIN_FILENO, &byte, 1)
            if count < 0, errno == EINTR { continue }
            return count == 1 ? byte : nil
        }
    }

    /// To standard error: standard output is for the hash.
    private static func show(_ text: String) {
        _ = CommandResult(.done, errors: text).print()
    }
}
