import NIOCore
import OpenSSL
import Sipgate
import Webhooks

/// Reads what a route does with calls: `decide`, `rules`, `signature` and the rest.
struct CallsSection {
    /// Every destination that was named, good or bad.
    let destinations: Set<String>
    let base: BaseFolder

    static let keys = [
        "decide", "rules", "gather_limit", "follow_ups", "signature", "account", "replay_window", "track", "derive",
    ]
    private static let decideKeys = ConfigurationSection.Keys(
        known: ["destination", "path", "deadline", "events", "fallback"]
    )
    private static let fallbackKeys = ConfigurationSection.Keys(known: ["actions"])
    private static let signatureKeys = ConfigurationSection.Keys(known: ["mode", "keys"])
    private static let accountKeys = ConfigurationSection.Keys(known: ["id", "numbers"])
    private static let derived = DerivedEvent.Kind.allCases.map(\.rawValue)

    /// What the section says; the rest keeps its default.
    func read(_ section: ConfigurationSection, isDurable: Bool) -> CallsConfiguration {
        var calls = CallsConfiguration()
        calls.decide = decide(section)
        let rules = RuleSection(base: base).read(section)
        calls.rules = CallRules(rules)
        calls.ruleNames = rules.map(\.name)
        if let limit = section.scalar("gather_limit")?.integer(in: 1...1000) { calls.gatherLimit = limit }
        if let policy = section.scalar("follow_ups")?.choice(FollowUpPolicy.allCases.map(\.rawValue)) {
            calls.followUps = FollowUpPolicy(rawValue: policy) ?? .either
        }
        readSignature(section, into: &calls)
        calls.account = account(section)
        if let window = section.scalar("replay_window")?.duration(in: .seconds(1) ... .hours(24)) {
            calls.replayWindow = window
        } else if calls.signatureMode == .require, section.lacks("replay_window") {
            // A signature is good for ever and anywhere: only a memory tells the push from its recording.
            calls.replayWindow = .minutes(10)
        }
        calls.derives = derives(section, isDurable: isDurable)
        calls.tracks = tracks(section, isDurable: isDurable)
        return calls
    }

    private func decide(_ route: ConfigurationSection) -> CallsConfiguration.Decide? {
        guard let section = route.section("decide", keys: CallsSection.decideKeys) else { return nil }
        let named = section.required("destination", remedy: "name the entry of `destinations` that decides")
        let name = named?.publicText()
        if let name, !destinations.contains(name) {
            let remedy = NearestName.remedy(destinations.sorted(), to: name) ?? "none is configured"
            named?.error("there is no destination \(name.quoted)", remedy: remedy)
        }
        let path = section.required("path", remedy: "add `path: /decide`").flatMap(path)
        guard let name, let path else { return nil }
        var decide = CallsConfiguration.Decide(destination: name, path: path)
        if let deadline = section.scalar("deadline")?.duration(in: .milliseconds(50) ... .seconds(30)) {
            decide.deadline = deadline
        }
        if let events = section.scalars("events", acceptsOne: true)?.compactMap({ $0.choice(["newCall", "dtmf"]) }) {
            decide.asksOnCalls = events.contains("newCall")
            decide.asksOnDigits = events.contains("dtmf")
        }
        if let fallback = section.section("fallback", keys: CallsSection.fallbackKeys) {
            decide.fallback = DecisionSection.read(fallback) ?? .proceed
        }
        return decide
    }

    private func path(_ scalar: ConfigurationScalar) -> String? {
        guard let path = scalar.publicText() else { return nil }
        guard path.hasPrefix("/"), path.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }), !path.contains("#") else {
            scalar.error("\(path.quoted) is no path", remedy: "write path and query: `/decide`")
            return nil
        }
        return path
    }

    private func readSignature(_ route: ConfigurationSection, into calls: inout CallsConfiguration) {
        guard let section = route.section("signature", keys: CallsSection.signatureKeys) else { return }
        let modes = SignatureCheck.Mode.allCases.map(\.rawValue)
        let mode = section.required("mode", remedy: "write `require`, `record` or `ignore`")?.choice(modes)
        calls.signatureMode = mode.flatMap(SignatureCheck.Mode.init(rawValue:)) ?? .require
        for scalar in section.scalars("keys", acceptsOne: true) ?? [] {
            guard let name = scalar.publicText() else { continue }
            do {
                calls.signatureKeys += try SignatureKey.read(file: base.resolve(name))
            } catch {
                scalar.error("\(error)", remedy: "name the public key that sipgate publishes, as PEM")
            }
        }
        if calls.signatureMode != .ignore, section.lacks("keys") {
            section.error("keys", "is missing", remedy: "name files with public keys: `keys: [sipgate.pem]`")
        }
    }

    private func account(_ route: ConfigurationSection) -> AccountCheck? {
        guard let section = route.section("account", keys: CallsSection.accountKeys) else { return nil }
        var id: String?
        if let scalar = section.scalar("id"), let text = scalar.publicText() {
            if text.utf8.allSatisfy({ (48...57).contains($0) }) {
                id = text
            } else {
                scalar.error("\(text.quoted) is no account", remedy: "write its number: `id: \"1234567\"`")
            }
        }
        var numbers: NumberList?
        for scalar in section.scalars("numbers", acceptsOne: true) ?? [] {
            guard let text = scalar.publicText() else { continue }
            do {
                let one = try NumberList([text])
                numbers = numbers.map { $0.union(one) } ?? one
            } catch {
                scalar.error("\(text.quoted) is no number: \(error.rule)")
            }
        }
        if section.lacks("id"), section.lacks("numbers") {
            section.error("id", "is missing, and so is `numbers`", remedy: "give one of them, or remove `account`")
        }
        return AccountCheck(account: id, numbers: numbers)
    }

    /// Where nothing is stored nothing is remembered either, unless decisions need it.
    private func tracks(_ section: ConfigurationSection, isDurable: Bool) -> Bool {
        let isNeeded = section.has("decide") || section.has("rules") || section.has("derive")
        guard let tracks = section.scalar("track")?.boolean() else { return isDurable || isNeeded }
        if !tracks, isNeeded {
            section.error("track", "is needed by `decide`, `rules` and `derive`", remedy: "remove it, or those")
        }
        return tracks
    }

    private func derives(_ section: ConfigurationSection, isDurable: Bool) -> Set<DerivedEvent.Kind> {
        let all = Set(DerivedEvent.Kind.allCases)
        // What follows from time alone comes with no push that could be refused: it needs the journal.
        guard section.has("derive") else { return isDurable ? all : [] }
        guard isDurable else {
            section.error("derive", "needs a durable route", remedy: "add a `journal`, or remove `derive`")
            return []
        }
        let scalars = section.scalars("derive", acceptsOne: true) ?? []
        if scalars.count == 1, scalars[0].text == "none" { return [] }
        return Set(scalars.compactMap { $0.choice(CallsSection.derived + ["none"]) }.compactMap(DerivedEvent.Kind.init))
    }
}
