import Auth
import Delivery
import NIOCore

/// The keys of a destination that say how events are delivered: retries, breaker, rate, order, expiry, signature.
extension DestinationSection {
    static let retryKeys = ConfigurationSection.Keys(
        known: ["first_delay", "max_delay", "give_up_after", "statuses", "dead"]
    )
    static let breakerKeys = ConfigurationSection.Keys(known: ["failures", "open_for", "max_open"])
    private static let secretRemedy = "`echo whsec_$(openssl rand -base64 32)` makes one"
    private static let delays = TimeAmount.milliseconds(10)...TimeAmount.hours(24)

    /// Sets what the section says; the rest keeps its default.
    func readDelivery(_ section: ConfigurationSection, into destination: inout Destination) {
        if let retry = retry(section) { destination.retry = retry }
        if let breaker = breaker(section) { destination.breaker = breaker }
        destination.rate = section.scalar("rate")?.integer(in: 1...100_000)
        if let order = section.scalar("order")?.choice(Destination.Order.allCases.map(\.rawValue)) {
            destination.order = Destination.Order(rawValue: order) ?? .subject
        }
        destination.wanted.directions = words(section, "directions", among: ["in", "out"], what: "direction")
        destination.expiry = expiry(section)
        destination.secrets = secrets(section)
    }

    private func retry(_ destination: ConfigurationSection) -> RetryPolicy? {
        guard let section = destination.section("retry", keys: DestinationSection.retryKeys) else { return nil }
        var policy = RetryPolicy()
        if let delay = section.scalar("first_delay")?.duration(in: DestinationSection.delays) {
            policy.firstDelay = delay
        }
        if let delay = section.scalar("max_delay")?.duration(in: DestinationSection.delays) {
            policy.maxDelay = delay
        } else if policy.firstDelay > policy.maxDelay, section.lacks("max_delay") {
            policy.maxDelay = policy.firstDelay
        }
        if let age = section.scalar("give_up_after")?.duration(in: .seconds(1) ... .hours(24 * 365)) {
            policy.giveUpAfter = age
        }
        if policy.firstDelay > policy.maxDelay {
            section.error("max_delay", "is shorter than `first_delay`", remedy: "make it the longer one")
        }
        policy.statuses = statuses(section, "statuses")
        policy.dead = statuses(section, "dead")
        if let both = policy.statuses.intersection(policy.dead).min() {
            section.error("dead", "\(both) is also one of `statuses`", remedy: "keep it in one of the two lists")
        }
        return policy
    }

    private func statuses(_ section: ConfigurationSection, _ key: String) -> Set<Int> {
        Set((section.scalars(key) ?? []).compactMap { $0.integer(in: 300...599) })
    }

    private func breaker(_ destination: ConfigurationSection) -> BreakerPolicy? {
        guard let section = destination.section("breaker", keys: DestinationSection.breakerKeys) else { return nil }
        var policy = BreakerPolicy()
        if let failures = section.scalar("failures")?.integer(in: 1...10_000) { policy.failures = failures }
        if let pause = section.scalar("open_for")?.duration(in: .milliseconds(100) ... .hours(1)) {
            policy.openFor = pause
        }
        if let pause = section.scalar("max_open")?.duration(in: .milliseconds(100) ... .hours(24)) {
            policy.maxOpen = pause
        } else {
            policy.maxOpen = max(policy.maxOpen, policy.openFor)
        }
        if policy.openFor > policy.maxOpen {
            section.error("max_open", "is shorter than `open_for`", remedy: "make it the longer one")
        }
        return policy
    }

    private func expiry(_ destination: ConfigurationSection) -> [String: TimeAmount] {
        let keys = ConfigurationSection.Keys(known: DestinationSection.eventTypes)
        guard let section = destination.section("expire", keys: keys) else { return [:] }
        var expiry: [String: TimeAmount] = [:]
        for type in DestinationSection.eventTypes {
            expiry[type] = section.scalar(type)?.duration(in: .seconds(1) ... .hours(24 * 365))
        }
        return expiry
    }

    private func secrets(_ section: ConfigurationSection) -> [SigningSecret] {
        guard let scalars = section.scalars("signing_secret", acceptsOne: true) else { return [] }
        if scalars.count > 2 {
            section.error("signing_secret", "are more than two", remedy: "the old one and the new one, while rotating")
        }
        return scalars.compactMap { scalar -> SigningSecret? in
            guard let secret = scalar.secret(base: base, environment: environment) else { return nil }
            do throws(SigningSecret.Problem) {
                let signing = try SigningSecret(secret.exposed)
                if signing.isShort {
                    section.log.warning(
                        scalar.key,
                        at: scalar.position,
                        "the secret is shorter than the 24 bytes that Standard Webhooks asks for",
                        remedy: DestinationSection.secretRemedy
                    )
                }
                return signing
            } catch {
                let problem = error == .notBase64 ? "what follows `whsec_` is not base64" : "the secret cannot be used"
                scalar.error(problem, remedy: DestinationSection.secretRemedy)
                return nil
            }
        }
    }
}
