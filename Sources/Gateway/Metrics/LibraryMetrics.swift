import Admin
import Metrics
import Synchronization
import Webhooks

/// What libraries report through swift-metrics, as it stands beside our own on `/metrics`.
///
/// Its labels come from the libraries, so there is a bound: what comes beyond it is counted and not kept. Our own metrics do
/// not come this way; nothing here is on the path of a push.
final class LibraryMetrics: MetricsFactory {
    /// The factory of this process; swift-metrics knows one.
    static let shared = LibraryMetrics()
    /// Series at most, as each takes a line of every scrape.
    static let mostSeries = 1000

    /// What is measured, as the text format knows it.
    enum Kind: String {
        case counter
        case gauge
        /// A count and a sum.
        case summary
    }

    /// One value with its labels; the lock is held for some instructions.
    final class Series: Sendable {
        private let state = Mutex((count: 0, value: 0.0))

        var current: (count: Int, value: Double) { state.withLock { $0 } }

        func add(_ amount: Double) { state.withLock { $0.value += amount } }

        func set(_ value: Double) { state.withLock { $0.value = value } }

        func record(_ value: Double) {
            state.withLock { state in
                state.count += 1
                state.value += value
            }
        }
    }

    private struct Family {
        let kind: Kind
        var series: [String: Series] = [:]
    }

    private struct State {
        var families: [String: Family] = [:]
        var series = 0
        var dropped = 0
    }

    private let state = Mutex(State())

    /// Makes it the factory of all libraries; once in a process.
    static func bootstrap() { MetricsSystem.bootstrap(shared) }

    /// The series of a name and labels: an old one, a new one, or one that nobody sees.
    func series(_ kind: Kind, _ label: String, _ dimensions: [(String, String)]) -> Series {
        var name = LibraryMetrics.word(label)
        if kind == .counter, !name.hasSuffix("_total") { name += "_total" }
        let labels = LibraryMetrics.labels(dimensions)
        return state.withLock { state in
            if let known = state.families[name]?.series[labels], state.families[name]?.kind == kind { return known }
            // Two kinds under one name nobody can read.
            let isForeign = state.families[name].map { $0.kind != kind } ?? false
            guard state.series < LibraryMetrics.mostSeries, !isForeign, !name.hasPrefix("hookgate_") else {
                state.dropped += 1
                return Series()
            }
            let series = Series()
            state.families[name, default: Family(kind: kind)].series[labels] = series
            state.series += 1
            return series
        }
    }

    /// All of it in the text format of Prometheus.
    var text: String {
        let (families, dropped) = state.withLock { ($0.families, $0.dropped) }
        var text =
            "# HELP hookgate_library_series_dropped_total Series of libraries beyond the bound, which are not kept.\n"
        text +=
            "# TYPE hookgate_library_series_dropped_total counter\nhookgate_library_series_dropped_total \(dropped)\n"
        for (name, family) in families.sorted(by: { $0.key < $1.key }) {
            text += "# HELP \(name) Reported by a library.\n# TYPE \(name) \(family.kind.rawValue)\n"
            for (labels, series) in family.series.sorted(by: { $0.key < $1.key }) {
                let (count, value) = series.current
                switch family.kind {
                case .counter, .gauge: text += "\(name)\(labels) \(MetricsText.number(value))\n"
                case .summary:
                    text += "\(name)_count\(labels) \(count)\n\(name)_sum\(labels) \(MetricsText.number(value))\n"
                }
            }
        }
        return text
    }

    // MARK: Words of the text format

    private static func word(_ label: String) -> String {
        let word = String(
            label.unicodeScalars.prefix(100).map { scalar in
                let isPlain = scalar.isASCII && (scalar.properties.isAlphabetic || ("0"..."9").contains(scalar))
                return isPlain ? Character(scalar) : "_"
            }
        )
        return word.first.map { $0.isNumber ? "_" + word : word } ?? "_"
    }

    private static func labels(_ dimensions: [(String, String)]) -> String {
        guard !dimensions.isEmpty else { return "" }
        let pairs = dimensions.map { name, value in
            "\(word(name))=\"\(MetricsText.escaped(String(value.unicodeScalars.prefix(200))))\""
        }
        return "{\(pairs.joined(separator: ","))}"
    }

    // MARK: MetricsFactory

    func makeCounter(label: String, dimensions: [(String, String)]) -> any CounterHandler {
        LibraryMetric(series(.counter, label, dimensions))
    }

    func makeFloatingPointCounter(
        label: String,
        dimensions: [(String, String)]
    ) -> any FloatingPointCounterHandler {
        LibraryMetric(series(.counter, label, dimensions))
    }

    func makeMeter(label: String, dimensions: [(String, String)]) -> any MeterHandler {
        LibraryMetric(series(.gauge, label, dimensions))
    }

    func makeRecorder(
        label: String,
        dimensions: [(String, String)],
        aggregate: Bool
    ) -> any RecorderHandler {
        LibraryMetric(series(aggregate ? .summary : .gauge, label, dimensions), aggregates: aggregate)
    }

    func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler {
        let name = label.hasSuffix("_seconds") ? label : label + "_seconds"
        return LibraryMetric(series(.summary, name, dimensions), aggregates: true)
    }

    // Handlers come and go with what they measure, such as a connection; their series stay, as counters have to.
    func destroyCounter(_ handler: any CounterHandler) {}
    func destroyFloatingPointCounter(_ handler: any FloatingPointCounterHandler) {}
    func destroyMeter(_ handler: any MeterHandler) {}
    func destroyRecorder(_ handler: any RecorderHandler) {}
    func destroyTimer(_ handler: any TimerHandler) {}
}

/// What a library holds to report with.
private final class LibraryMetric: CounterHandler, FloatingPointCounterHandler, MeterHandler, RecorderHandler,
    TimerHandler
{
    private let series: LibraryMetrics.Series
    private let aggregates: Bool

    init(_ series: LibraryMetrics.Series, aggregates: Bool = false) {
        self.series = series
        self.aggregates = aggregates
    }

    func increment(by amount: Int64) { series.add(Double(amount)) }
    func increment(by amount: Double) { series.add(amount) }
    func decrement(by amount: Double) { series.add(-amount) }
    func set(_ value: Int64) { series.set(Double(value)) }
    func set(_ value: Double) { series.set(value) }
    func record(_ value: Int64) { record(Double(value)) }
    func record(_ value: Double) { aggregates ? series.record(value) : series.set(value) }
    func recordNanoseconds(_ duration: Int64) { series.record(Double(duration) / 1e9) }
    /// A counter never goes back while the process lives.
    func reset() {}
}
