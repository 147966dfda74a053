import Foundation
import Testing

/// What docs/development.md says of the code is so.
@Suite struct DevelopmentPageTests {
    private let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()
    private let page: String

    init() throws {
        page = try String(contentsOf: root.appending(path: "docs/development.md"), encoding: .utf8)
    }

    private func text(_ path: String) throws -> String {
        try String(contentsOf: root.appending(path: path), encoding: .utf8)
    }

    @Test func `It shows the provider that the tests walk through`() throws {
        let source = try text("Tests/GatewayTests/DoorbellProvider.swift")
        #expect(page.contains("```swift\n\(source)```"))
    }

    @Test func `Its diagram has the arrows of Package.swift`() throws {
        let package = try text("Package.swift")
        var arrows: Set<String> = []
        // Targets of the product, which have no path of their own, with the dependencies that are targets too.
        let target = /\.(?:target|executableTarget)\(\s*name: "(\w+)",\s*dependencies: \[([^\]]*)\](?=([^\n]*\n[^\n]*))/
        for match in package.matches(of: target) where !match.3.contains("path:") {
            for dependency in match.2.matches(of: /"(\w+)"/) { arrows.insert("\(match.1) --> \(dependency.1)") }
        }
        try #require(arrows.count > 30)
        var drawn: Set<String> = []
        let diagram = try #require(page.firstMatch(of: /(?s)flowchart LR\n(.*?)```/)).1
        for match in diagram.matches(of: /(?m)^    (\w+) --> ([\w& ]+)$/) {
            for module in match.2.split(separator: " & ") { drawn.insert("\(match.1) --> \(module)") }
        }
        #expect(drawn == arrows, "\(drawn.symmetricDifference(arrows).sorted())")
    }

    @Test func `Every source that it names is there`() throws {
        let names = page.matches(of: /[A-Z]\w+(?:\/\w+)*\/[\w+]+\.swift/).map { String($0.output) }
        try #require(names.count > 30)
        for name in Set(names) {
            let isThere = ["Sources/", "", "Tests/"].contains {
                FileManager.default.fileExists(atPath: root.appending(path: $0 + name).path)
            }
            #expect(isThere, "\(name) is not there")
        }
    }

    @Test func `Every target of make and every trial stands in it`() throws {
        let makefile = try text("Makefile")
        let targets = makefile.matches(of: #/(?m)^([a-z0-9-]+):.*## /#).map { String($0.1) }
        try #require(targets.count > 30)
        for target in targets where target != "help" {
            #expect(page.contains(try Regex("`make [^`]*\\b\(target)(?![\\w-])")), "make \(target)")
        }
    }
}
