package import Delivery

/// Where spans go.
package struct TracingConfiguration: Sendable {
    /// Takes `POST /v1/traces`.
    package var collector: Destination
    /// The share of requests that are traced although nobody asked for it, from 0 to 1.
    package var sample: Double
    /// What the spans say they are from.
    package var serviceName: String

    /// All of it, to be compared.
    var words: String { "\(collector.shownURL) \(sample) \(serviceName)" }
}

/// Reads `tracing`.
struct TracingSection {
    private static let keys = ConfigurationSection.Keys(known: ["endpoint", "sample", "service_name"])

    /// Nil when it is absent, or could not be read, which is noted.
    static func read(_ top: ConfigurationSection) -> TracingConfiguration? {
        guard let section = top.section("tracing", keys: keys) else { return nil }
        let sample = sample(section)
        let name = section.scalar("service_name")?.publicText()
        guard let collector = collector(section), let sample else { return nil }
        return TracingConfiguration(collector: collector, sample: sample, serviceName: name ?? "hookgate")
    }

    private static func collector(_ section: ConfigurationSection) -> Destination? {
        let remedy = "add `endpoint: http://127.0.0.1:4318`"
        guard let scalar = section.required("endpoint", remedy: remedy), let text = scalar.publicText() else {
            return nil
        }
        do {
            let url = try HTTPAddress(text)
            guard url.scheme == "http", url.network.port != 0 else {
                scalar.error("the collector has to be an http address", remedy: "write `http://127.0.0.1:4318`")
                return nil
            }
            var base = url.target
            if base.hasSuffix("/") { base.removeLast() }
            return Destination(
                name: "tracing",
                host: url.network.host,
                port: url.network.port ?? 4318,
                target: base + "/v1/traces"
            )
        } catch {
            scalar.error("the URL \(error.reason)", remedy: "write `http://127.0.0.1:4318`")
            return nil
        }
    }

    /// 0.1 without one; nil for something else, which is noted.
    private static func sample(_ section: ConfigurationSection) -> Double? {
        guard let scalar = section.scalar("sample") else { return section.has("sample") ? nil : 0.1 }
        guard let text = scalar.publicText(), let share = Double(text), share >= 0, share <= 1 else {
            scalar.error("has to be a number from 0 to 1", remedy: "write `0.1` for every tenth request")
            return nil
        }
        return share
    }
}
