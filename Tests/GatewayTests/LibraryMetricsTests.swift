import Metrics
import Testing

@testable import Gateway

@Suite struct LibraryMetricsTests {
    @Test func `What libraries count, set, record and time is there as Prometheus reads it`() {
        let metrics = LibraryMetrics()
        let counter = Counter(
            label: "hb.requests",
            dimensions: [("hb.uri", "/a\"b\n"), ("m", "GET")],
            factory: metrics
        )
        counter.increment(by: 2)
        Counter(label: "hb.requests", dimensions: [("hb.uri", "/a\"b\n"), ("m", "GET")], factory: metrics).increment()
        let meter = Meter(label: "active", factory: metrics)
        meter.increment(by: 3)
        meter.decrement()
        Gauge(label: "level", factory: metrics).record(1.5)
        let recorder = Recorder(label: "sizes", factory: metrics)
        recorder.record(10)
        recorder.record(20)
        Metrics.Timer(label: "1.duration", factory: metrics).recordNanoseconds(250_000_000)
        let lines = metrics.text.split(separator: "\n").map(String.init)
        for line in [
            "# TYPE hb_requests_total counter", #"hb_requests_total{hb_uri="/a\"b\n",m="GET"} 3"#,
            "# TYPE active gauge", "active 2", "level 1.5", "# TYPE sizes summary", "sizes_count 2", "sizes_sum 30",
            "_1_duration_seconds_count 1", "_1_duration_seconds_sum 0.25", "hookgate_library_series_dropped_total 0",
        ] {
            #expect(lines.contains(line), "\(line) is not in:\n\(metrics.text)")
        }
    }

    @Test func `Series have a bound, and what comes beyond it is counted`() {
        let metrics = LibraryMetrics()
        for number in 0..<LibraryMetrics.mostSeries + 5 {
            Counter(label: "c", dimensions: [("n", "\(number)")], factory: metrics).increment()
        }
        // Neither another kind under a name that is taken, nor a name of ours.
        Meter(label: "c_total", factory: metrics).set(7)
        Counter(label: "hookgate_info", factory: metrics).increment()
        #expect(metrics.text.contains("\nhookgate_library_series_dropped_total 7\n"))
        #expect(metrics.text.split(separator: "\n").count == LibraryMetrics.mostSeries + 5)
        // What is known goes on.
        Counter(label: "c", dimensions: [("n", "1")], factory: metrics).increment()
        #expect(metrics.text.contains("c_total{n=\"1\"} 2\n"))
    }
}
