import OpenSSL

/// A telephone in a terminal: one call at a time, told to a gateway as sipgate would tell it.
package struct Phone: Sendable {
    /// What can be typed.
    package static let help = """
        call [NUMBER]      somebody calls, from NUMBER
        answer [NAME]      the call is picked up
        transfer [NUMBER]  whoever picked it up transfers it, and it is picked up there
        hangup [CAUSE]     the call ends: normalClearing, busy, cancel, noAnswer, …
        help, quit

        """

    private let options: Simulation.Options
    private let readLine: @Sendable () -> String?
    private let print: @Sendable (String) -> Void

    /// - Parameters:
    ///   - options: where, and with which credentials.
    ///   - readLine: the next line that was typed; nil at the end.
    ///   - print: takes what is to be seen.
    package init(
        _ options: Simulation.Options,
        readLine: @escaping @Sendable () -> String?,
        print: @escaping @Sendable (String) -> Void
    ) {
        self.options = options
        self.readLine = readLine
        self.print = print
    }

    /// Does what is typed, until `quit` or the end of the input.
    ///
    /// - Returns: true when nothing was wrong with any reply.
    /// - Throws: what is wrong with the authorities to trust.
    package func run() async throws -> Bool {
        let client = try PushClient(trust: options.trust, detour: options.detour)
        var random = SeededGenerator(options.seed)
        var player: CallPlayer?
        var isTransferred = false
        var complaints = 0
        print(Phone.help)
        while let line = readLine() {
            let words = line.split(separator: " ").map(String.init)
            let argument = words.count > 1 ? words[1] : nil
            switch words.first {
            case nil:
                continue
            case "quit", "exit":
                return complaints + (player?.report.complaints ?? 0) == 0
            case "call":
                complaints += player?.report.complaints ?? 0
                isTransferred = false
                player = call(from: argument, client, &random)
                await player?.start("first")
            case "answer" where player != nil:
                await player?.followUp(.answer, isTransferred ? "second" : "first", user: argument ?? "$user")
            case "transfer" where player != nil:
                isTransferred = true
                await player?.start("second")
                await player?.followUp(.answer, "second", user: "Marty")
                await player?.followUp(.hangup, "first")
            case "hangup" where player != nil:
                await player?.followUp(.hangup, isTransferred ? "second" : "first", cause: argument ?? "normalClearing")
            case "answer", "transfer", "hangup":
                print("there is no call; begin one with: call\n")
            default:
                print(Phone.help)
            }
        }
        return complaints + (player?.report.complaints ?? 0) == 0
    }

    private func call(from number: String?, _ client: PushClient, _ random: inout SeededGenerator) -> CallPlayer {
        var options = options
        if let number { options.from = number }
        options.press = { [readLine, print] count in
            print("   keys, up to \(count): ")
            return (readLine() ?? "").filter { "0123456789*#ABCD".contains($0) }
        }
        let scenario = Scenario(
            name: "phone",
            about: "What is typed.",
            legs: [
                Scenario.Leg(name: "first", from: "$from", to: "$to", users: ["$user"]),
                Scenario.Leg(
                    name: "second",
                    from: "$from",
                    to: "4921199887767",
                    diversion: "$to",
                    users: ["Marty"],
                    of: "first"
                ),
            ],
            steps: []
        )
        return CallPlayer(scenario, options, client: client, report: SimulationReport(print: print), using: &random)
    }
}
