import Delivery
import NIOCore
import ServiceLifecycle
import Webhooks

/// Sends spans to a collector: OTLP over HTTP with JSON, `POST /v1/traces`, in batches and in the background.
///
/// Nothing is sent twice: a collector that is away costs spans, a batch at a time, and no memory.
struct TraceExporter: Service, CustomStringConvertible {
    private static let interval = Duration.seconds(1)

    let description = "trace exporter"
    let tracer: Tracer
    private let forwarder: NIOLoopBound<Forwarder>

    /// Prepares to send, over a connection on a loop.
    init(_ tracer: Tracer, on loop: any EventLoop) async throws {
        self.tracer = tracer
        var collector = tracer.configuration.collector
        collector.format = .data
        collector.concurrency = 1
        let destination = collector
        forwarder = try await loop.submit {
            NIOLoopBound(Forwarder(destinations: [destination], eventLoop: loop, loops: 1), eventLoop: loop)
        }.get()
    }

    func run() async throws {
        // Only the end of the gateway ends this, and that is no failure.
        try? await cancelWhenGracefulShutdown {
            while true {
                try await Task.sleep(for: TraceExporter.interval)
                await self.export()
            }
        }
        await export()
        try? await forwarder.eventLoop.flatSubmit { [forwarder] in forwarder.value.drain() }.get()
    }

    /// Sends what waits, until nothing does or the collector does not take a batch.
    func export() async {
        while case let batch = tracer.take(), !batch.isEmpty {
            let isExported = await send(batch.document(service: tracer.configuration.serviceName))
            tracer.note(batch.count, isExported: isExported)
            if !isExported { return }
        }
    }

    private func send(_ document: ByteBuffer) async -> Bool {
        let loop = forwarder.eventLoop
        let sent = loop.flatSubmit { [forwarder] in
            let promise = loop.makePromise(of: Bool.self)
            let time = Timestamp.now()
            let draft = EventDraft(
                type: EventType(namespace: "net.hookgate", name: "spans"),
                subject: "-",
                data: document
            )
            let event = Event(
                id: EventID(time: time, random: (.random(in: 0 ... .max), .random(in: 0 ... .max))),
                source: "hookgate",
                time: time,
                draft: draft
            )
            forwarder.value.forward(event, to: 0) { outcome in
                if case .delivered = outcome { promise.succeed(true) } else { promise.succeed(false) }
            }
            return promise.futureResult
        }
        return (try? await sent.get()) ?? false
    }
}
