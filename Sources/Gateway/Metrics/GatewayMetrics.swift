import Admin
import Delivery
import Edge
import Journal
import NIOCore
import NIOPosix
import OpenSSL
import Webhooks

/// Everything the gateway counts, gathered when somebody asks.
///
/// Nothing is kept up to date for the metrics' sake: counters stay where they are counted, and a scrape collects copies.
/// Labels come from configuration and code, so there are as many series as those allow, whatever strangers send.
struct GatewayMetrics: Sendable {
    /// When a certificate of a listener ends.
    struct CertificateEnd: Sendable {
        let listener: String
        let subject: String
        let unixSeconds: Int64
        /// When its OCSP response ends; nil: none is stapled.
        var stapledUntil: CertificateTime?
    }

    let live: LiveConfiguration
    let loops: GatewayLoops
    let journal: GatewayJournal?
    let refusals: RefusalStore?
    let health: @Sendable () -> HealthReport
    let certificates: @Sendable () -> [CertificateEnd]
    let alarms: @Sendable () -> [(alarm: Alarm, isRaised: Bool)]
    let tracer: Tracer?
    let calls: CallKeeping
    let group: MultiThreadedEventLoopGroup
    let started = Timestamp.now()

    /// What is in force.
    var configuration: GatewayConfiguration { live.configuration }

    /// All of it in the text format of Prometheus.
    func text() async -> ByteBuffer {
        var text = MetricsText()
        writeProcess(&text)
        let loop = group.next()
        let snapshots = (try? await loops.snapshots(on: loop).get()) ?? []
        let total = LoopMeasures.Snapshot.sum(snapshots)
        if let total {
            writeEdge(total.edge, &text)
            writeAccepted(total.accepted, &text)
            writeRepetitions(total.repetitions, &text)
            writeQuestions(total.questions, &text)
        }
        writeCalls(&text)
        text.histogram(
            "hookgate_event_loop_lag_seconds",
            "How late an event loop does what is due, looked at four times a second.",
            unit: 1e9,
            snapshots.enumerated().map { index, loop in (labels: [("loop", "\(index)")], histogram: loop.lag) }
        )
        await writeDeliveries(forwarded: total?.attempts ?? [], &text)
        if let journal { await write(journal, &text) }
        if let tracer {
            let counts = tracer.counts
            text.counter("hookgate_spans_total", "Spans of traced requests, by what became of them.") { family in
                family.sample(counts.exported, [("result", "exported")])
                family.sample(counts.dropped, [("result", "dropped")])
                family.sample(counts.refusalsDropped, [("result", "refusals_dropped")])
            }
        }
        var buffer = text.buffer
        buffer.writeString(LibraryMetrics.shared.text)
        return buffer
    }

    // MARK: The process

    private func writeProcess(_ text: inout MetricsText) {
        let figures = ProcessFigures.now()
        text.gauge("hookgate_info", "The version that runs; always 1.") { family in
            family.sample(1, [("version", ProgramVersion.text)])
        }
        text.gauge("hookgate_ready", "Whether requests should be sent here, by check: 1 or 0.") { family in
            for check in health().checks { family.sample(check.problem == nil ? 1 : 0, [("check", check.name)]) }
        }
        text.gauge("hookgate_certificate_expiry_timestamp_seconds", "When a served certificate ends.") { family in
            for end in certificates() {
                family.sample(Int(end.unixSeconds), [("listener", end.listener), ("subject", end.subject)])
            }
        }
        text.gauge("hookgate_ocsp_next_update_timestamp_seconds", "When a stapled OCSP response ends.") { family in
            for end in certificates() {
                guard let until = end.stapledUntil else { continue }
                family.sample(Int(until.unixSeconds), [("listener", end.listener), ("subject", end.subject)])
            }
        }
        text.gauge("hookgate_alarm", "1 for an alarm that is raised, by route or destination.") { family in
            for (alarm, isRaised) in alarms() {
                let labels: MetricsText.Labels = [("alarm", alarm.kind.rawValue), (alarm.placeName, alarm.place)]
                family.sample(isRaised ? 1 : 0, labels)
            }
        }
        text.counter("process_cpu_seconds_total", "User and system time.") { $0.sample(figures.cpuSeconds) }
        text.gauge("process_start_time_seconds", "When the process began to serve.") { family in
            family.sample(Double(started.milliseconds) / 1000)
        }
        let gauges: [(StaticString, StaticString, Int?)] = [
            ("process_resident_memory_bytes", "Memory in use.", figures.residentBytes),
            ("process_virtual_memory_bytes", "Memory asked for.", figures.virtualBytes),
            ("process_open_fds", "Open file descriptors.", figures.openDescriptors),
            ("process_max_fds", "Descriptors that may be open.", figures.maxDescriptors),
        ]
        for (name, help, value) in gauges {
            if let value { text.gauge(name, help) { $0.sample(value) } }
        }
    }

    // MARK: What came in

    private func writeEdge(_ edge: EdgeCounts, _ text: inout MetricsText) {
        text.counter("hookgate_requests_total", "Replies sent, by route and hundreds of the status.") { family in
            let routes = live.routes.routes.enumerated().map { (Optional($0), $1.path) } + [(nil, "")]
            for (index, path) in routes {
                for hundreds in 2...5 where hundreds != 3 {
                    let count = edge.replies(route: index, hundreds: hundreds)
                    family.sample(count, [("route", path), ("status", "\(hundreds)xx")])
                }
            }
        }
        text.counter("hookgate_challenges_total", "Requests without credentials, which are part of the good path.") {
            $0.sample(edge[.credentialsMissing])
        }
        text.counter("hookgate_refusals_total", "Requests not accepted, by reason code; challenges apart.") { family in
            for reason in ReasonCode.allCases where reason != .credentialsMissing {
                family.sample(edge[reason], [("reason", reason.rawValue)])
            }
        }
        if let kept = refusals?.statistics {
            text.counter("hookgate_kept_refusals_total", "Refusals written to their file.") { $0.sample(kept.kept) }
            text.counter("hookgate_lost_refusals_total", "Refusals that the disk did not take, or not in time.") {
                $0.sample(kept.lost)
            }
        }
        text.counter("hookgate_abandoned_requests_total", "Requests whose client left before the reply.") {
            $0.sample(edge.abandoned)
        }
        text.histogram(
            "hookgate_reply_duration_seconds",
            "From the first byte of a request to its reply.",
            unit: 1e9,
            [([], edge.replyTime)]
        )
        text.counter("hookgate_connections_total", "Connections accepted.") { $0.sample(edge.opened) }
        text.gauge("hookgate_open_connections", "Connections open now.") { $0.sample(edge.open) }
        text.counter("hookgate_tls_handshakes_total", "TLS handshakes completed.") { family in
            for handshake in EdgeCounts.Handshake.allCases {
                let (version, resumed) = handshake.words
                family.sample(edge[handshake], [("version", version), ("resumed", resumed)])
            }
        }
        text.counter("hookgate_connections_refused_total", "Connections closed as soon as they came.") { family in
            for refusal in EdgeCounts.ConnectionRefusal.allCases {
                family.sample(edge[refusal], [("reason", refusal.rawValue)])
            }
        }
        text.counter("hookgate_tls_handshake_failures_total", "Connections that ended in the handshake.") { family in
            for failure in EdgeCounts.HandshakeFailure.allCases {
                family.sample(edge[failure], [("reason", failure.rawValue)])
            }
        }
    }

    private func writeRepetitions(_ counts: [Int], _ text: inout MetricsText) {
        text.counter("hookgate_repetitions_total", "Pushes that were there before and were not kept, by route.") {
            family in
            for (route, count) in zip(live.routes.routes, counts) where route.calls.replayWindow != nil {
                family.sample(count, [("route", route.path)])
            }
        }
    }

    private func writeCalls(_ text: inout MetricsText) {
        text.counter(
            "hookgate_crowded_out_calls_total",
            "Open calls that were forgotten because too many were open at once: their end is not told, by route."
        ) { family in
            for (route, fates) in zip(live.routes.routes, calls.fates) {
                if let fates { family.sample(fates.crowdedOut, [("route", route.path)]) }
            }
        }
    }

    private func writeQuestions(_ questions: [AcceptedCounts.Questions], _ text: inout MetricsText) {
        let asking = zip(live.routes.routes, questions).filter { $0.0.calls.decide != nil }
        guard !asking.isEmpty else { return }
        text.histogram(
            "hookgate_decision_duration_seconds",
            "From a question for a decision to its answer, or to the end of waiting, by route.",
            unit: 1e9,
            asking.map { route, questions in
                let labels: MetricsText.Labels = [("route", route.path)]
                return (labels: labels, histogram: questions.time)
            }
        )
        text.counter("hookgate_decisions_missing_total", "Questions without a usable answer, by route.") { family in
            for (route, questions) in asking { family.sample(questions.unanswered, [("route", route.path)]) }
        }
    }

    private func writeAccepted(_ lines: [AcceptedCounts.Line], _ text: inout MetricsText) {
        text.counter("hookgate_events_accepted_total", "Events accepted, by route and type.") { family in
            let routes = live.routes.routes
            for line in lines.sorted(by: { ($0.route, $0.type.name) < ($1.route, $1.type.name) }) {
                let path = routes[line.route].path
                family.sample(line.count, [("route", path), ("type", line.type.name)])
            }
        }
    }
}

extension EdgeCounts.Handshake {
    /// As labels.
    fileprivate var words: (version: String, resumed: String) {
        switch self {
        case .tls12Full: ("1.2", "false")
        case .tls12Resumed: ("1.2", "true")
        case .tls13Full: ("1.3", "false")
        case .tls13Resumed: ("1.3", "true")
        }
    }
}
