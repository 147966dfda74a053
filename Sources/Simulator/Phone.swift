import OpenSSL

/// A telephone in a terminal: one call at a time, told to a gateway as sipgate would tell it.
package struct Phone: Sendable {
    /// What can be typed.
    package static let help = """
        call [NUMBER]      somebody calls, from NUMBER
        answer [NAME]      the call is picked up
        transfer [NUMBER]  whoever picked it up transfers it to NUMBER, and it is picked up there
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
        /// The leg that is talked on; nil when there is none.
        var leg: String?
        var complaints = 0
        print(Phone.help)
        while let line = readLine() {
            let words = line.split(separator: " ").map(String.init)
            let argument = words.count > 1 ? words[1] : nil
            if let present = leg, player?.isOver(present) ?? true { leg = nil }
            switch (words.first, leg) {
            case (nil, _):
                continue
            case ("quit", _), ("exit", _):
                return complaints + (player?.report.complaints ?? 0) == 0
            case ("call", _):
                complaints += player?.report.complaints ?? 0
                player = call(from: argument, client, &random)
                await player?.start("first")
                leg = "first"
            case ("answer", let present?):
                await player?.followUp(.answer, present, user: argument ?? "$user")
            case ("transfer", "first"):
                if let argument { player?.redirect("second", to: argument) }
                await player?.start("second")
                await player?.followUp(.answer, "second", user: "Marty")
                await player?.followUp(.hangup, "first")
                leg = "second"
            case ("transfer", _?):
                print("it was transferred already\n")
            case ("hangup", let present?):
                await player?.followUp(.hangup, present, cause: argument ?? "normalClearing")
                leg = nil
            case ("answer", nil), ("transfer", nil), ("hangup", nil):
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
            while true {
                print("   keys, up to \(count): ")
                let keys = readLine() ?? ""
                if Scenario.areKeys(keys) { return keys }
                print("   no keys: 0 to 9, A to D, *, #, or -1 for a caller who hangs up\n")
            }
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
