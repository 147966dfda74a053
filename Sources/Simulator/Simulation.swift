package import NIOCore
package import OpenSSL
import Synchronization

/// Plays calls against a gateway and says whether everything in its replies is as the provider needs it.
///
/// As the provider does it: every push on a connection of its own, without credentials until it is challenged, and the
/// repeat on the same connection.
package struct Simulation: Sendable {
    /// Something that a provider does not do, and a network or a stranger may.
    package enum Fault: String, Sendable, CaseIterable {
        case noCredentials = "no-credentials"
        case wrongCharset = "wrong-charset"
        case slow
        case abruptClose = "abrupt-close"
    }

    /// How it is played.
    package struct Options: Sendable {
        /// What is played.
        package var scenario: Scenario
        /// The address as it would be entered at the provider.
        package var url: PushURL
        /// Used on a challenge; those in the address come first.
        package var credentials: PushCredentials?
        /// PEM with the only authorities to trust; nil trusts the system's.
        package var authorityFile: String?
        /// False takes any certificate.
        package var verifies = true
        /// Where to connect whatever the addresses say.
        package var detour: (host: String, port: Int)?
        /// The caller.
        package var from = "4921155667788"
        /// The called number.
        package var to = "4921199887766"
        /// The called user.
        package var user = "Alice"
        /// Signs pushes as the provider does; nil leaves the signature out.
        package var signingKey: PrivateKey?
        /// Makes ids and callers; nil: other ones every time.
        package var seed: UInt64?
        /// How many calls.
        package var calls = 1
        /// How many of them begin in a second.
        package var rate = 10.0
        /// Presses keys when they are asked for, at most so many; nil: the scenario says which.
        package var press: (@Sendable (Int) -> String)?
        /// What is done wrong.
        package var fault: Fault?
        /// From when on a reply that the caller waits for is complained about.
        package var patience = TimeAmount.seconds(2)

        package init(url: PushURL, scenario: Scenario) {
            self.url = url
            self.scenario = scenario
        }
    }

    private let options: Options
    private let print: @Sendable (String) -> Void
    private let progress: @Sendable (String) -> Void

    /// - Parameters:
    ///   - options: what is played, and how.
    ///   - progress: takes a line now and then while many calls are played.
    ///   - print: takes the report piece by piece.
    package init(
        _ options: Options,
        progress: @escaping @Sendable (String) -> Void = { _ in },
        print: @escaping @Sendable (String) -> Void
    ) {
        self.options = options
        self.progress = progress
        self.print = print
    }

    /// Plays the scenario to its end, or as far as replies allow.
    ///
    /// Cancelling the task ends it early, with what was seen so far.
    ///
    /// - Returns: true when nothing was wrong.
    package func run() async -> Bool {
        var random = SeededGenerator(options.seed)
        var report = SimulationReport(print: print)
        do {
            let client = try PushClient(trust: options.trust, detour: options.detour)
            if !options.verifies { report.note("certificates are not verified: nothing here proves who answered") }
            guard options.calls == 1 else { return await load(client, &random) }
            var player = CallPlayer(options.scenario, options, client: client, report: report, using: &random)
            await player.play()
            report = player.report
        } catch {
            report.complain("\(error)")
        }
        if Task.isCancelled {
            print("ended early\n")
            return false
        }
        print(report.complaints == 0 ? "done: everything as it should be\n" : "failed: \(report.complaints) wrong\n")
        return report.complaints == 0
    }

    // MARK: Many calls

    private func load(_ client: PushClient, _ random: inout SeededGenerator) async -> Bool {
        let tally = LoadTally()
        let begin = ContinuousClock.now
        let gap = Duration.seconds(1 / options.rate)
        await withDiscardingTaskGroup { group in
            for number in 0..<options.calls {
                guard !Task.isCancelled else { break }
                // An open load: a call begins when it is due, however long the earlier ones take.
                try? await Task.sleep(until: begin + gap * number)
                var options = options
                options.from = "4921155" + String(Int.random(in: 100_000...999_999, using: &random))
                var player = CallPlayer(
                    options.scenario,
                    options,
                    client: client,
                    report: SimulationReport(print: { _ in }),
                    using: &random
                )
                tally.begun()
                group.addTask {
                    await player.play()
                    tally.ended(player)
                }
                if number % max(1, Int(options.rate)) == 0 { progress(tally.line) }
                await tally.room()
            }
        }
        print(tally.summary(of: options.calls))
        return tally.isGood
    }
}

extension Simulation.Options {
    /// Where trust begins.
    var trust: TLSContext.Trust {
        !verifies ? .anybody : authorityFile.map { .file($0) } ?? .system
    }
}

/// What came of many calls.
private final class LoadTally: Sendable {
    /// Calls at once; a receiver that hangs would else be sent calls without end.
    static let maxOpen = 4000

    private struct State {
        var begun = 0
        var ended = 0
        var good = 0
        var started: [Int64] = []
        var all: [Int64] = []
        var complaints: [String: Int] = [:]
        /// Who waits for a call to end.
        var waiter: CheckedContinuation<Void, Never>?
    }

    private let state = Mutex(State())

    var open: Int { state.withLock { $0.begun - $0.ended } }
    var isGood: Bool { state.withLock { $0.good == $0.begun && $0.complaints.isEmpty } }

    func begun() { state.withLock { $0.begun += 1 } }

    /// Waits until another call may begin.
    func room() async {
        await withCheckedContinuation { continuation in
            let isThere = state.withLock { state in
                guard state.begun - state.ended >= LoadTally.maxOpen else { return true }
                state.waiter = continuation
                return false
            }
            if isThere { continuation.resume() }
        }
    }

    func ended(_ player: CallPlayer) {
        let waiter = state.withLock { state in
            defer { state.waiter = nil }
            state.ended += 1
            state.good += player.report.complaints == 0 ? 1 : 0
            for text in player.report.texts { state.complaints[text, default: 0] += 1 }
            for (push, time) in player.times {
                let microseconds = time.nanoseconds / 1000
                state.all.append(microseconds)
                if push == .newCall { state.started.append(microseconds) }
            }
            return state.waiter
        }
        waiter?.resume()
    }

    /// One line for now.
    var line: String {
        state.withLock {
            "\($0.begun) calls begun, \($0.begun - $0.ended) open, \($0.ended - $0.good) with something wrong"
        }
    }

    func summary(of wanted: Int) -> String {
        state.withLock { state in
            var text =
                "\(state.begun) of \(wanted) calls, \(state.all.count) pushes, \(state.good) calls as they should be\n"
            text += "replies to newCall  \(LoadTally.ranks(&state.started))\n"
            text += "all replies         \(LoadTally.ranks(&state.all))\n"
            for (complaint, count) in state.complaints.sorted(by: { $0.value > $1.value }).prefix(20) {
                text += "WRONG \(count) times: \(SimulationReport.visible(complaint))\n"
            }
            return text
        }
    }

    private static func ranks(_ times: inout [Int64]) -> String {
        guard !times.isEmpty else { return "none" }
        times.sort()
        func at(_ share: Double) -> String {
            let tenths = (times[min(times.count - 1, Int(Double(times.count) * share))] + 50) / 100
            return "\(tenths / 10).\(tenths % 10) ms"
        }
        return "p50 \(at(0.5)), p99 \(at(0.99)), p99.9 \(at(0.999)), longest \(at(1))"
    }
}

/// Random numbers that come again with the same seed (SplitMix64, Steele, Lea and Flood 2014).
struct SeededGenerator: RandomNumberGenerator, Sendable {
    private var state: UInt64

    init(_ seed: UInt64?) {
        state = seed ?? .random(in: 0 ... .max)
    }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
