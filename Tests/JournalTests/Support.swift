import Foundation
import GRDB
import HookgateTesting
import JournalTesting
import NIOCore
import Synchronization
import Webhooks

@testable import Journal

/// A journal in a directory of its own, which is removed with everything in it.
struct TemporaryJournal: Sendable {
    let directory: TemporaryDirectory
    var path: String { directory.path + "/journal.sqlite" }

    init() throws {
        directory = try TemporaryDirectory()
    }

    func open(
        _ destinations: [String] = ["a", "b"],
        limits: JournalLimits = JournalLimits(),
        report: @escaping @Sendable (JournalNotice) -> Void = { _ in }
    ) async throws -> JournalHarness {
        JournalHarness(
            try await SQLiteJournal.open(path: path, destinations: destinations, limits: limits, report: report)
        )
    }

    /// Copies the file and its log, as a crash at this moment would leave them.
    func copyAside() throws {
        for suffix in ["", "-wal"] where FileManager.default.fileExists(atPath: path + suffix) {
            try? FileManager.default.removeItem(atPath: path + ".copy" + suffix)
            try FileManager.default.copyItem(atPath: path + suffix, toPath: path + ".copy" + suffix)
        }
    }

    /// Puts the copy in the place of the file.
    func restoreCopy() throws {
        for suffix in ["", "-wal", "-shm"] {
            try? FileManager.default.removeItem(atPath: path + suffix)
            if FileManager.default.fileExists(atPath: path + ".copy" + suffix) {
                try FileManager.default.moveItem(atPath: path + ".copy" + suffix, toPath: path + suffix)
            }
        }
    }

    /// A connection as another process has it, which may begin a transaction and keep it open.
    func otherProcess() throws -> DatabaseQueue {
        var configuration = Configuration()
        configuration.allowsUnsafeTransactions = true
        configuration.busyMode = .timeout(60)
        return try DatabaseQueue(path: path, configuration: configuration)
    }

    /// The counts that do not fit, in words.
    func problems() throws -> [String] {
        try JournalReader(path: path).audit().filter { !$0.isSound }.map { "\($0)" }
    }
}

/// What the journal told the operator, for a test that waits for it.
final class NoticeBox: Sendable {
    private struct State {
        var notices: [JournalNotice] = []
        var waiting: (notice: JournalNotice, continuation: CheckedContinuation<Void, Never>)?
    }

    private let state = Mutex(State())

    var all: [JournalNotice] { state.withLock { $0.notices } }

    func put(_ notice: JournalNotice) {
        let continuation = state.withLock { state -> CheckedContinuation<Void, Never>? in
            state.notices.append(notice)
            guard let waiting = state.waiting, waiting.notice == notice else { return nil }
            state.waiting = nil
            return waiting.continuation
        }
        continuation?.resume()
    }

    /// Waits until this was told, now or before.
    func wait(for notice: JournalNotice) async {
        await withCheckedContinuation { continuation in
            let isThere = state.withLock { state in
                if state.notices.contains(notice) { return true }
                state.waiting = (notice, continuation)
                return false
            }
            if isThere { continuation.resume() }
        }
    }
}
