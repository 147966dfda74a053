package import NIOCore
package import Webhooks

/// Writes metrics as Prometheus reads them: the text format, version 0.0.4.
///
/// A family is written once with all its samples; whoever names it sees to the conventions (`_total`, `_seconds`).
package struct MetricsText: Sendable {
    /// The media type of the text.
    package static let mediaType = "text/plain; version=0.0.4; charset=utf-8"

    /// What was written so far.
    package private(set) var buffer = ByteBuffer()

    package init() {}

    /// The labels of a sample: names that need no escaping, and any values.
    package typealias Labels = [(name: StaticString, value: String)]

    /// One metric of which samples are written.
    package struct Family {
        fileprivate let name: StaticString
        fileprivate var buffer: ByteBuffer

        /// Writes a sample.
        package mutating func sample(_ value: Int, _ labels: Labels = []) {
            line("", labels, String(value))
        }

        /// Writes a sample.
        package mutating func sample(_ value: Double, _ labels: Labels = []) {
            line("", labels, "\(value)")
        }

        fileprivate mutating func line(_ suffix: StaticString, _ labels: Labels, _ value: String) {
            buffer.writeStaticString(name)
            buffer.writeStaticString(suffix)
            if !labels.isEmpty {
                buffer.writeStaticString("{")
                for (index, label) in labels.enumerated() {
                    if index > 0 { buffer.writeStaticString(",") }
                    buffer.writeStaticString(label.name)
                    buffer.writeStaticString("=\"")
                    buffer.writeString(MetricsText.escaped(label.value))
                    buffer.writeStaticString("\"")
                }
                buffer.writeStaticString("}")
            }
            buffer.writeStaticString(" ")
            buffer.writeString(value)
            buffer.writeStaticString("\n")
        }
    }

    /// Writes a family of counters, which only grow.
    package mutating func counter(_ name: StaticString, _ help: StaticString, _ samples: (inout Family) -> Void) {
        family(name, help, "counter", samples)
    }

    /// Writes a family of gauges.
    package mutating func gauge(_ name: StaticString, _ help: StaticString, _ samples: (inout Family) -> Void) {
        family(name, help, "gauge", samples)
    }

    /// Writes histograms, all of one family.
    ///
    /// - Parameters:
    ///   - name: of the family.
    ///   - help: one sentence.
    ///   - unit: how many of what was recorded make one of what the name says: 1e9 for nanoseconds and seconds.
    ///   - histograms: each with its labels.
    package mutating func histogram(
        _ name: StaticString,
        _ help: StaticString,
        unit: Double = 1,
        _ histograms: [(labels: Labels, histogram: Histogram)]
    ) {
        family(name, help, "histogram") { family in
            for (labels, histogram) in histograms {
                var total = 0
                for (index, count) in histogram.counts.enumerated() {
                    total += count
                    let bound =
                        index < histogram.bounds.count
                        ? MetricsText.number(Double(histogram.bounds[index]) / unit) : "+Inf"
                    family.line("_bucket", labels + [("le", bound)], String(total))
                }
                family.line("_sum", labels, MetricsText.number(Double(histogram.sum) / unit))
                family.line("_count", labels, String(total))
            }
        }
    }

    private mutating func family(
        _ name: StaticString,
        _ help: StaticString,
        _ kind: StaticString,
        _ samples: (inout Family) -> Void
    ) {
        for (word, text) in [("# HELP ", help), ("# TYPE ", kind)] as [(StaticString, StaticString)] {
            buffer.writeStaticString(word)
            buffer.writeStaticString(name)
            buffer.writeStaticString(" ")
            buffer.writeStaticString(text)
            buffer.writeStaticString("\n")
        }
        // The family has the buffer as long as it is written, so that nothing is copied.
        var family = Family(name: name, buffer: buffer)
        buffer = ByteBuffer()
        samples(&family)
        buffer = family.buffer
    }

    /// Whole numbers without a point, as Prometheus writes them itself.
    package static func number(_ value: Double) -> String {
        value == value.rounded() && abs(value) < 1e15 ? String(Int(value)) : "\(value)"
    }

    /// A label's value may hold anything but these three, which are escaped.
    package static func escaped(_ text: String) -> String {
        var escaped = ""
        for character in text.unicodeScalars {
            switch character {
            case "\\": escaped += "\\\\"
            case "\"": escaped += "\\\""
            case "\n": escaped += "\\n"
            default: escaped.unicodeScalars.append(character)
            }
        }
        return escaped
    }
}
