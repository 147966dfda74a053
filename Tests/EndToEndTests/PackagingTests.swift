import Foundation
import HookgateTesting
import Testing

/// What is installed beside the program belongs to it.
@Suite(.timeLimit(.minutes(5))) struct PackagingTests {
    private static let root = URL(filePath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent()

    private func text(_ path: String) throws -> String {
        try String(contentsOf: PackagingTests.root.appending(path: path), encoding: .utf8)
    }

    @Test func `The manual pages say what the program and docs/configuration.md say now`() async throws {
        let script = PackagingTests.root.appending(path: "scripts/man.py").path
        let result = try await Command.run("python3", [script, "--check", Command.hookgate.path])
        #expect(result.status == 0, "\(result.error)")
    }

    @Test func `The configuration of the package works as it comes`() async throws {
        let folder = try TemporaryDirectory()
        try FileManager.default.createDirectory(atPath: folder.path + "/tls", withIntermediateDirectories: true)
        let made = try await Command.run(Command.hookgate, ["cert", "generate", "--out", folder.path + "/tls"])
        try #require(made.status == 0, "\(made.error)")
        for name in ["password", "follow-up.key"] {
            _ = try folder.write("0123456789abcdef0123456789abcdef", to: name, mode: 0o600)
        }
        let configuration = try text("packaging/config/hookgate.yaml")
        let path = try folder.write(configuration, to: "hookgate.yaml", mode: 0o600)
        let result = try await Command.run(Command.hookgate, ["check", "--config", path])
        #expect(result.status == 0 && result.error.isEmpty, "\(result.output)\(result.error)")
        // The socket is for its listener.
        let socket = try text("packaging/systemd/hookgate.socket")
        let address = try #require(socket.firstMatch(of: /\nListenStream=(.*)\n/)).1
        #expect(configuration.contains("- address: \(address)\n"))
    }

    @Test func `The notices that are passed on are those of the packages that are linked`() async throws {
        let list = Command.hookgate.deletingLastPathComponent().appending(path: "hookgate.product/Objects.LinkFileList")
        let modules = Set(
            try String(contentsOf: list, encoding: .utf8).matches(of: /\/([^\/]+)\.build\//).map { String($0.1) }
        )
        let checkouts = PackagingTests.root.appending(path: ".build/checkouts").path
        let folders = FileManager.default
        let linked = try folders.contentsOfDirectory(atPath: checkouts).filter { package in
            let folder = "\(checkouts)/\(package)"
            guard folders.fileExists(atPath: "\(folder)/NOTICE.txt") else { return false }
            return try folders.contentsOfDirectory(atPath: "\(folder)/Sources").contains { modules.contains($0) }
        }
        try #require(linked.contains("swift-nio"))
        let script = PackagingTests.root.appending(path: "scripts/notice.sh").path
        let printed = try await Command.run("sh", [script, checkouts])
        let named = printed.output.matches(of: /(?m)^== (.*)$/).map { String($0.1) }
        #expect(named.sorted() == linked.sorted())
        // Without them nothing is installed, and it is said what to do.
        let folder = try TemporaryDirectory()
        let refused = try await Command.run("sh", [script, folder.path])
        #expect(refused.status == 1 && refused.output.isEmpty, "\(refused.output)")
        #expect(refused.error.contains("\(folder.path)/swift-nio/NOTICE.txt is missing"), "\(refused.error)")
        #expect(refused.error.contains("swift package resolve") && refused.error.contains("CHECKOUTS"))
    }

    @Test func `The changes begin with this version`() async throws {
        let version = try await Command.run(Command.hookgate, ["--version"])
        let title = try text("CHANGELOG.md").split(separator: "\n").first { $0.hasPrefix("## ") }
        #expect(version.output.split(separator: " ")[1] == title?.split(separator: " ")[1])
    }
}
