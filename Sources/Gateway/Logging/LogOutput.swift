package import NIOCore

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// Where finished lines go.
package protocol LogOutput: Sendable {
    /// Takes one line with its line feed. Called from every thread.
    func write(_ line: ByteBuffer)
}

/// Standard error, one write(2) a line and no lock.
///
/// Lines are at most `LogLine.maxBytes` long, which is PIPE_BUF, so that lines of several threads do not mix in a pipe
/// (pipe(7)). The call blocks while a pipe is full: whoever reads the log (journald, a container's runtime) has to keep
/// up, or event loops wait for it. That is meant: a log that drops lines in silence is worse, and there are few of them.
package struct StandardError: LogOutput {
    package init() {}

    package func write(_ line: ByteBuffer) {
        unsafe line.withUnsafeReadableBytes { bytes in
            var rest = unsafe UnsafeRawBufferPointer(rebasing: bytes[...])
            while unsafe !rest.isEmpty {
                let count = unsafe Glibc.write(STDERR_FILENO, rest.baseAddress, rest.count)
                if count < 0, errno == EINTR { continue }
                // A closed or full descriptor: there is nobody left to tell.
                if count <= 0 { return }
                unsafe rest = UnsafeRawBufferPointer(rebasing: rest[count...])
            }
        }
    }
}
