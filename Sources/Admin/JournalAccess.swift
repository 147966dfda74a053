package import Journal
import NIOPosix

/// Reads the journal for operators, away from the event loops.
///
/// The file is opened for each question: it may be replaced when it turns out to be damaged.
package struct JournalAccess: Sendable {
    /// The journal's file.
    package let path: String

    package init(path: String) {
        self.path = path
    }

    /// Asks the journal; blocks one of the process's threads for blocking work.
    ///
    /// - Parameter question: asks.
    /// - Returns: its answer.
    /// - Throws: `DatabaseError`, or what `question` throws.
    package func ask<Answer: Sendable>(
        _ question: @escaping @Sendable (JournalReader) throws -> Answer
    ) async throws -> Answer {
        let path = path
        return try await NIOThreadPool.singleton.runIfActive { try question(JournalReader(path: path)) }
    }
}
