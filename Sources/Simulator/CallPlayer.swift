import NIOCore
import OpenSSL

/// Plays one call: tells of its legs as sipgate would, and obeys the replies.
struct CallPlayer {
    /// A menu that leads to itself would go on for ever.
    private static let maxGathers = 20

    private let scenario: Scenario
    let options: Simulation.Options
    let client: PushClient
    var report: SimulationReport
    /// From the last byte of each request to the last of its reply, those to `newCall` apart.
    var times: [(push: SimulatedLeg.Push, time: TimeAmount)] = []

    private var legs: [String: SimulatedLeg] = [:]
    private var pressed = 0
    private var gathers = 0
    /// Pushes so far.
    var count = 0
    /// The last push, to be sent again.
    private var last: (push: SimulatedLeg.Push, leg: String, fields: [(name: String, value: String)], url: PushURL)?

    init(
        _ scenario: Scenario,
        _ options: Simulation.Options,
        client: PushClient,
        report: SimulationReport,
        using random: inout some RandomNumberGenerator
    ) {
        self.scenario = scenario
        self.options = options
        self.client = client
        self.report = report
        let shared = SimulatedLeg.hex(16, uppercase: false, using: &random)
        let click = SimulatedLeg.click(using: &random)
        for leg in scenario.legs {
            let xcid: String? =
                switch leg.correlation {
                case .shared: shared
                case .own: SimulatedLeg.hex(16, uppercase: false, using: &random)
                case .click: click
                case .none: nil
                }
            legs[leg.name] = SimulatedLeg(
                direction: leg.direction,
                from: filled(leg.from),
                to: filled(leg.to),
                diversion: leg.diversion.map(filled),
                users: leg.users.map { (filled($0), scenario.number(of: $0)) },
                callID: SimulatedLeg.hex(76, uppercase: true, using: &random),
                originalID: leg.of.flatMap { legs[$0]?.callID },
                xcid: xcid
            )
        }
    }

    /// The text with the names of the command line in their places.
    private func filled(_ text: String) -> String {
        switch text {
        case "$from": options.from
        case "$to": options.to
        case "$user": options.user
        default: text
        }
    }

    /// Plays the scenario to its end, or as far as replies allow.
    mutating func play() async {
        for step in scenario.steps {
            guard !Task.isCancelled else { return }
            // A fault is played once: nothing follows from it.
            if options.fault != nil, count > 0 { return }
            switch step {
            case .wait(let milliseconds):
                try? await Task.sleep(for: .milliseconds(milliseconds))
            case .again:
                guard let last else { continue }
                report.note("once more:")
                _ = await send(last.push, last.fields, to: last.url)
            case .start(let leg):
                await start(leg)
            case .answer(let leg, let user):
                await followUp(.answer, leg, user: user)
            case .hangup(let leg, let cause):
                await followUp(.hangup, leg, cause: cause)
            }
        }
    }

    // MARK: Steps

    /// Whether a reply of the receiver has ended a leg.
    func isOver(_ name: String) -> Bool { legs[name]?.isOver ?? true }

    /// Has a leg that did not begin yet go to another number.
    mutating func redirect(_ name: String, to number: String) { legs[name]?.to = number }

    mutating func start(_ name: String) async {
        guard let leg = legs[name] else { return }
        let fields = leg.fields(of: .newCall)
        last = (.newCall, name, fields, options.url)
        guard let reply = await send(.newCall, fields, to: options.url) else { return }
        await obey(reply, name)
    }

    /// Tells of what happened after the start, where the reply wants it told.
    mutating func followUp(
        _ push: SimulatedLeg.Push,
        _ name: String,
        user: String? = nil,
        cause: String = "normalClearing"
    ) async {
        guard let leg = legs[name], !leg.isOver else { return }
        let attribute = push == .answer ? "onAnswer" : "onHangup"
        guard let address = push == .answer ? leg.onAnswer : leg.onHangup else {
            report.complain("the reply has no \(attribute): the provider would not tell of the \(push.rawValue)")
            return
        }
        guard let url = followUp(address, attribute) else { return }
        if push == .answer { legs[name]?.isAnswered = true }
        let person = user.map { (name: filled($0), number: scenario.number(of: $0)) }
        let fields = leg.fields(of: push, by: person, cause: cause)
        last = (push, name, fields, url)
        _ = await send(push, fields, to: url)
    }

    /// Does what a reply asks for.
    private mutating func obey(_ reply: ReplyDocument, _ name: String) async {
        if let address = reply.onAnswer { legs[name]?.onAnswer = address }
        if let address = reply.onHangup { legs[name]?.onHangup = address }
        for action in reply.actions {
            switch action {
            case .play(let url):
                report.note("plays \(url)")
            case .dial(let numbers):
                report.note("dials \(numbers.joined(separator: ", "))")
                legs[name]?.dialled = numbers.first.map { String($0.drop { $0 == "+" }) }
                if numbers.count > 1, legs[name]?.direction == "out" {
                    report.complain("an outgoing call has one number, not \(numbers.count)")
                }
            case .voicemail:
                report.note("sends the call to the mailbox")
                legs[name]?.goesToMailbox = true
            case .gather(let onData, let maxDigits):
                await gather(onData, maxDigits, name)
            case .reject(let reason):
                report.note("turns the caller away: \(reason)")
                await followUp(.hangup, name, cause: reason == "busy" ? "busy" : "cancel")
                legs[name]?.isOver = true
                return
            case .hangup:
                report.note("hangs up")
                await followUp(.hangup, name)
                legs[name]?.isOver = true
                return
            }
        }
    }

    private mutating func gather(_ onData: String?, _ maxDigits: Int, _ name: String) async {
        guard let onData, let leg = legs[name], let url = followUp(onData, "onData") else { return }
        gathers += 1
        guard gathers <= CallPlayer.maxGathers else {
            report.complain("the menu leads to itself: \(gathers) gathers in one call")
            return
        }
        let wanted = options.press?(maxDigits) ?? (pressed < scenario.keys.count ? scenario.keys[pressed] : "")
        // What sipgate sends for a caller who hangs up in front of the menu.
        let leaves = wanted == Scenario.hangupKeys
        let keys = leaves ? wanted : String(wanted.prefix(maxDigits))
        pressed += 1
        report.note(leaves ? "the caller hangs up" : keys.isEmpty ? "nobody presses a key" : "presses \(keys)")
        let fields = leg.fields(of: .dtmf, keys: keys)
        last = (.dtmf, name, fields, url)
        guard let reply = await send(.dtmf, fields, to: url), !leaves else { return }
        await obey(reply, name)
    }

    /// The address of a follow-up, if the provider would get back to the same gateway with it.
    private mutating func followUp(_ address: String, _ name: String) -> PushURL? {
        let url: PushURL
        do {
            url = try PushURL(address)
        } catch {
            report.complain("the address of \(name) \(error)")
            return nil
        }
        guard url.host == options.url.host, url.port == options.url.port else {
            report.complain("\(name) leads to \(url.hostField), not to \(options.url.hostField): is public_url right?")
            return nil
        }
        return url
    }
}
