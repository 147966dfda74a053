import Foundation
import HookgateTesting
import Testing

@testable import Gateway

/// The files by which a gateway that runs is found, and in which it answers.
@Suite struct ReloadRecordTests {
    @Test(arguments: [
        ReloadOutcome.inForce([]), .inForce(["users: 2"]),
        .refused(["listeners[0].address: 1", "end 3 2", "two\nlines"]),
    ])
    func `A record comes back as it was written`(_ outcome: ReloadOutcome) throws {
        var record = ReloadRecord(process: 4711)
        record.begun = 3
        record.ended = 2
        record.outcome = outcome
        let read = try #require(ReloadRecord(record.text))
        #expect(read.process == 4711 && read.begun == 3 && read.ended == 2)
        #expect(record.text.split(separator: "\n").first == "4711")
        switch (outcome, read.outcome) {
        case (.inForce(let written), .inForce(let lines)): #expect(written == lines)
        case (.refused, .refused(let lines)): #expect(lines.first == "listeners[0].address: 1")
        default: Issue.record("\(read.outcome)")
        }
    }

    @Test func `A process id alone is a gateway that was never reloaded`() {
        #expect(ReloadRecord("4711\n") == ReloadRecord(process: 4711))
        #expect(ReloadRecord("4711") == ReloadRecord(process: 4711))
    }

    @Test func `Half a record is none, and neither is one with the end of another`() {
        var record = ReloadRecord(process: 4711)
        record.begun = 12
        record.ended = 12
        record.outcome = .refused(["a: b", "c: d"])
        let text = record.text
        // From the second line on: the first alone is a gateway without reloads.
        for length in 0..<text.utf8.count where length > "4711\n".utf8.count {
            #expect(length == text.utf8.count - 1 || ReloadRecord(String(text.prefix(length))) == nil, "\(length)")
        }
        #expect(ReloadRecord(text.replacing("end 12 12", with: "end 11 11")) == nil)
        for text in [
            "", "\n", "x\n", "-1\n", "0\n", "4711\nnonsense\n", "4711\nreload begun=1 ended=x done\nend 1 1\n",
        ] {
            #expect(ReloadRecord(text) == nil, "\(text)")
        }
    }

    @Test func `Reasons without end are cut, and the record stays one`() throws {
        var record = ReloadRecord(process: 1)
        record.outcome = .refused(Array(repeating: String(repeating: "x", count: 100), count: 1000))
        #expect(record.text.utf8.count <= ReloadRecord.maxBytes)
        #expect(ReloadRecord(record.text) != nil)
    }

    @Test func `A pid file is held by one, and taken over when its holder is gone`() throws {
        let folder = try TemporaryDirectory()
        let path = "\(folder.path)/run/hookgate.pid"
        do {
            let file = try PIDFile(path)
            #expect(try LockedFile.held(path)?.process == getpid())
            let error = #expect(throws: PIDFileError.self) { try PIDFile(path) }
            #expect(error?.description.contains("is held by process \(getpid())") == true)
            withExtendedLifetime(file) {}
        }
        // As after kill -9: the file is there, and means nothing.
        #expect(FileManager.default.fileExists(atPath: path))
        #expect(try LockedFile.held(path) == nil)
        let next = try PIDFile(path)
        next.remove()
        #expect(!FileManager.default.fileExists(atPath: path))
        #expect(try LockedFile.held(path) == nil)
    }

    @Test func `A pid file takes the place of nothing else`() throws {
        let folder = try TemporaryDirectory()
        let path = "\(folder.path)/precious"
        try "listeners:\n".write(toFile: path, atomically: true, encoding: .utf8)
        let error = #expect(throws: PIDFileError.self) { try PIDFile(path) }
        #expect(error?.description.contains("something else than a process id") == true)
        try FileManager.default.createSymbolicLink(atPath: "\(folder.path)/link", withDestinationPath: path)
        #expect(throws: PIDFileError.self) { try PIDFile("\(folder.path)/link") }
        #expect(throws: PIDFileError.self) { try PIDFile(folder.path) }
        #expect(try String(contentsOfFile: path, encoding: .utf8) == "listeners:\n")
        // Half a record, of a gateway that was killed while it wrote.
        try "4711\nreload beg".write(toFile: path, atomically: true, encoding: .utf8)
        try PIDFile(path).remove()
    }

    @Test func `Notes are read while they are written`() throws {
        let folder = try TemporaryDirectory()
        let path = "\(folder.path)/hookgate.pid"
        let file = try PIDFile(path)
        var notes = ReloadNotes(files: [path, "\(folder.path)/absent"])
        notes.begin()
        #expect(try LockedFile.held(path)?.begun == 1)
        notes.end(.refused(["a long reason, of which nothing is left behind"]))
        #expect(try LockedFile.held(path)?.outcome == .refused(["a long reason, of which nothing is left behind"]))
        notes.begin()
        notes.end(.inForce([]))
        let record = try #require(try LockedFile.held(path))
        #expect(record.ended == 2 && record.outcome == .inForce([]))
        withExtendedLifetime(file) {}
    }
}
