import Admin
import NIOCore
import Testing
import Webhooks

/// The text that Prometheus reads.
struct MetricsTextTests {
    @Test func `A family is one HELP, one TYPE, and a line for each sample`() {
        var text = MetricsText()
        text.counter("things_total", "Things.") { family in
            family.sample(1, [("kind", "a"), ("size", "b")])
            family.sample(2)
        }
        text.gauge("level", "A level.") { $0.sample(0.5) }
        #expect(
            String(buffer: text.buffer) == """
                # HELP things_total Things.
                # TYPE things_total counter
                things_total{kind="a",size="b"} 1
                things_total 2
                # HELP level A level.
                # TYPE level gauge
                level 0.5

                """
        )
    }

    @Test func `A label's value cannot leave its quotes or its line`() {
        var text = MetricsText()
        text.gauge("g", "G.") { $0.sample(1, [("l", "a\"} 7\nb\\ü")]) }
        #expect(String(buffer: text.buffer).hasSuffix("\ng{l=\"a\\\"} 7\\nb\\\\ü\"} 1\n"))
    }

    @Test func `A histogram is cumulative, in the unit of its name, and ends with +Inf`() {
        var histogram = Histogram(bounds: [1_000_000, 500_000_000, 1_000_000_000])
        for value in [1_000_000, 1_000_001, 2_000_000_000] { histogram.record(value) }
        var text = MetricsText()
        text.histogram("t_seconds", "T.", unit: 1e9, [([("d", "x")], histogram)])
        #expect(
            String(buffer: text.buffer) == """
                # HELP t_seconds T.
                # TYPE t_seconds histogram
                t_seconds_bucket{d="x",le="0.001"} 1
                t_seconds_bucket{d="x",le="0.5"} 2
                t_seconds_bucket{d="x",le="1"} 2
                t_seconds_bucket{d="x",le="+Inf"} 3
                t_seconds_sum{d="x"} 2.002000001
                t_seconds_count{d="x"} 3

                """
        )
    }
}
