import Foundation
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

    /// The counts that do not fit, in words.
    func problems() throws -> [String] {
        try JournalReader(path: path).audit().filter { !$0.isSound }.map { "\($0)" }
    }
}

/// What the journal told the operator.
final class NoticeBox: Sendable {
    private let notices = Mutex<[JournalNotice]>([])

    var all: [JournalNotice] { notices.withLock { $0 } }

    func put(_ notice: JournalNotice) {
        notices.withLock { $0.append(notice) }
    }
}

/// A reproducible source of random values (SplitMix64); a failing case shows its seed, which is the test's argument.
struct Seed: RandomNumberGenerator, Sendable {
    private var state: UInt64

    init(_ seed: UInt64) {
        state = seed
    }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
