import Logging
import NIOPosix
import OpenSSL
import ServiceLifecycle

/// Fetches OCSP responses for the certificates that are to have them from their responders, and tells of those that fail.
struct StapleWatch: Service, CustomStringConvertible {
    private static let interval = Duration.seconds(1)

    let description = "OCSP responses"
    let certificates: [ServedCertificates]
    let group: MultiThreadedEventLoopGroup
    let logger: Logger

    func run() async throws {
        // Only the end of the gateway ends this, and that is no failure.
        try? await cancelWhenGracefulShutdown {
            var told: [String: String] = [:]
            while true {
                for served in certificates {
                    for (index, stapling) in served.staplings.enumerated() {
                        await fetch(stapling)
                        tell(stapling, served.listener, &told["\(served.listener) \(index)"])
                    }
                }
                try await Task.sleep(for: StapleWatch.interval)
            }
        }
    }

    private func fetch(_ stapling: Stapling) async {
        guard let responder = stapling.due(at: .now) else {
            // Without a responder there is nothing to ask, and `check` has said so.
            return
        }
        do {
            let request = try OCSPResponse.request(for: stapling.chain)
            let answer = try await OCSPClient.ask(responder, request, on: group)
            stapling.received(answer, at: .now)
        } catch is CancellationError {
            // The gateway ends; that is no failure of the responder.
        } catch {
            stapling.failed("\(error)", at: .now)
        }
    }

    /// Once for each change.
    private func tell(_ stapling: Stapling, _ listener: String, _ told: inout String?) {
        let problem = stapling.problem()
        let current = stapling.staple.current()
        let word = problem ?? current.map { "\($0.nextUpdate)" } ?? ""
        guard told != word, !word.isEmpty else { return }
        told = word
        var metadata: Logger.Metadata = ["listener": "\(listener)", "subject": "\(stapling.chain.leaf.subject)"]
        if let current { metadata["next_update"] = "\(current.nextUpdate)" }
        guard let problem else { return logger.info("OCSP response stapled", metadata: metadata) }
        metadata["reason"] = "\(problem)"
        logger.warning(
            current == nil
                ? "no OCSP response is stapled"
                : "the OCSP response cannot be renewed, the old one goes on until its end",
            metadata: metadata
        )
    }
}
