import NIOCore

/// The story of a simulation for people, line by line, and whether anything in it was wrong.
struct SimulationReport: Sendable {
    private let print: @Sendable (String) -> Void
    private(set) var complaints = 0
    /// The complaints, for those who print them elsewhere.
    private(set) var texts: [String] = []

    /// - Parameter print: takes a text with its line feeds.
    init(print: @escaping @Sendable (String) -> Void) {
        self.print = print
    }

    /// A push begins.
    func begin(_ number: Int, _ push: String, to url: PushURL) {
        print("\(number)  \(push)  POST \(url)\n")
    }

    /// Something happened as it should.
    func note(_ text: String) {
        print("   \(SimulationReport.visible(text))\n")
    }

    /// Something is wrong.
    mutating func complain(_ text: String) {
        complaints += 1
        texts.append(text)
        print("   WRONG: \(SimulationReport.visible(text))\n")
    }

    /// The content of a reply, indented, without anything a terminal would obey.
    func show(_ bytes: [UInt8]) {
        for line in String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isNewline) {
            print("      \(SimulationReport.withoutPasswords(SimulationReport.visible(String(line))))\n")
        }
    }

    /// `3.2 ms`.
    static func time(_ amount: TimeAmount) -> String {
        let tenths = (amount.nanoseconds + 50_000) / 100_000
        return "\(tenths / 10).\(tenths % 10) ms"
    }

    /// What is wrong with a reply that takes so long; nil for one that may.
    static func silence(_ time: TimeAmount, longerThan patience: TimeAmount) -> String? {
        guard time >= patience else { return nil }
        let most = patience.nanoseconds / 1_000_000
        return
            "the reply took \(SimulationReport.time(time)), and the caller hears nothing meanwhile: stay below \(most) ms"
    }

    /// Control and format characters as `\u{…}`.
    static func visible(_ text: String) -> String {
        text.unicodeScalars.map { scalar in
            switch scalar.properties.generalCategory {
            case .control, .format, .lineSeparator, .paragraphSeparator, .privateUse, .unassigned, .surrogate:
                "\\u{\(String(scalar.value, radix: 16))}"
            default: String(scalar)
            }
        }.joined()
    }

    /// Replaces the user information of addresses.
    static func withoutPasswords(_ text: String) -> String {
        var result = ""
        var rest = text[...]
        while let range = rest.firstRange(of: "://") {
            result += rest[..<range.upperBound]
            rest = rest[range.upperBound...]
            let authority = rest.prefix { !"/?#\"'<> ".contains($0) }
            if let at = authority.lastIndex(of: "@") {
                result += "•••"
                rest = rest[at...]
            }
        }
        return result + rest
    }
}
