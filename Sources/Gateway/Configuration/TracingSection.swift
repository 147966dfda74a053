package import Delivery

/// Where spans go.
package struct TracingConfiguration: Sendable {
    /// Takes `POST /v1/traces`.
    package var collector: Destination
    /// The share of requests that are traced although nobody asked for it, from 0 to 1.
    package var sample: Double
    /// What the spans say they are from.
    package var serviceName: String
}

/// Reads `tracing`.
struct TracingSection {
    let base: BaseFolder
    let environment: [String: String]

    private static let keys = ConfigurationSection.Keys(known: ["endpoint", "sample", "service_name", "tls"])

    /// Nil when it is absent, or could not be read, which is noted.
    func read(_ top: ConfigurationSection) -> TracingConfiguration? {
        guard let section = top.section("tracing", keys: TracingSection.keys) else { return nil }
        let sample = sample(section)
        let name = section.scalar("service_name")?.publicText()
        guard let collector = collector(section), let sample else { return nil }
        return TracingConfiguration(collector: collector, sample: sample, serviceName: name ?? "hookgate")
    }

    private func collector(_ section: ConfigurationSection) -> Destination? {
        let remedy = "add `endpoint: http://127.0.0.1:4318`"
        guard let scalar = section.required("endpoint", remedy: remedy), let text = scalar.publicText() else {
            return nil
        }
        do {
            let url = try HTTPAddress(text)
            guard url.network.port != 0 else {
                scalar.error("the URL has port 0", remedy: "write `http://127.0.0.1:4318`")
                return nil
            }
            var path = url.target
            if path.hasSuffix("/") { path.removeLast() }
            var collector = Destination(
                name: "tracing",
                host: url.network.host,
                port: url.network.port ?? (url.scheme == "https" ? 443 : 4318),
                target: path + "/v1/traces"
            )
            let tls = DestinationTLSSection(base: base, environment: environment)
            return tls.apply(section, url: url, in: "endpoint", to: &collector) ? collector : nil
        } catch {
            scalar.error("the URL \(error.reason)", remedy: "write `http://127.0.0.1:4318`")
            return nil
        }
    }

    /// 0.1 without one; nil for something else, which is noted.
    private func sample(_ section: ConfigurationSection) -> Double? {
        guard let scalar = section.scalar("sample") else { return section.has("sample") ? nil : 0.1 }
        guard let text = scalar.publicText(), let share = Double(text), share >= 0, share <= 1 else {
            scalar.error("has to be a number from 0 to 1", remedy: "write `0.1` for every tenth request")
            return nil
        }
        return share
    }
}
