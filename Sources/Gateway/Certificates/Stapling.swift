import OpenSSL
import Synchronization

/// The OCSP response of one certificate: where it comes from, and what stands in its way.
///
/// Nothing that goes wrong here fails a handshake: clients then get no response.
final class Stapling: Sendable {
    /// The wait after the first failure, in seconds; it doubles with each further one.
    private static let firstDelay: Int64 = 30
    /// The longest, in seconds.
    private static let maxDelay: Int64 = 3600

    private struct State {
        /// When the responder is asked next, in seconds since 1970.
        var due: Int64 = 0
        var failures = 0
        var problem: String?
    }

    /// Where it comes from.
    let source: OCSPSource
    /// The certificate, and behind it its issuer.
    let chain: CertificateChain
    /// Whether a responder is asked for it.
    var isFetched: Bool { source == .fetch }
    /// What is served.
    let staple = OCSPStaple()
    private let state = Mutex(State())

    /// Reads the response, if it stands in a file; blocks on the disk.
    init(_ source: OCSPSource, chain: CertificateChain, now: CertificateTime = .now) {
        self.source = source
        self.chain = chain
        guard case .file(let path) = source else { return }
        do {
            let file = try LocalFile.read(path, limit: OCSPResponse.maxBytes)
            staple.replace(by: try OCSPResponse(der: file.bytes, for: chain, now: now))
        } catch let problem as LocalFile.Problem {
            state.withLock { $0.problem = "\(path): \(problem.reason)" }
        } catch {
            state.withLock { $0.problem = "\(path): \(error)" }
        }
    }

    /// Why nothing is stapled now, or what went wrong with the latest try; nil: all is well.
    func problem(at now: CertificateTime = .now) -> String? {
        if let problem = state.withLock({ $0.problem }) { return problem }
        guard staple.current(at: now) == nil, case .file(let path) = source else { return nil }
        return "\(path): it has ended; put the next one in its place"
    }

    /// The responder that is to be asked now; nil: none, or not yet.
    func due(at now: CertificateTime) -> String? {
        guard case .fetch = source, state.withLock({ $0.due }) <= now.unixSeconds else { return nil }
        return responder
    }

    /// The first address over plain HTTP that the certificate names.
    ///
    /// A response is signed, and nothing in it is secret.
    var responder: String? { chain.leaf.ocspResponders.first { $0.lowercased().hasPrefix("http://") } }

    /// The responder has answered.
    func received(_ der: [UInt8], at now: CertificateTime, jitter: Double = .random(in: 0...0.1)) {
        do {
            let response = try OCSPResponse(der: der, for: chain, now: now)
            staple.replace(by: response)
            // At half of its life, and not at once again if that is past: responders answer from caches.
            let half = response.thisUpdate.unixSeconds / 2 + response.nextUpdate.unixSeconds / 2
            let rest = (response.nextUpdate.unixSeconds - now.unixSeconds) / 2
            let due = max(half, now.unixSeconds + max(Stapling.firstDelay, min(rest, Stapling.maxDelay)))
            state.withLock { $0 = State(due: due + Int64(Double(due - now.unixSeconds) * jitter)) }
        } catch {
            // What the issuer now says of it is no reason to go on with what it said before.
            if case .revoked = error { staple.replace(by: nil) }
            failed("\(error)", at: now, jitter: jitter)
        }
    }

    /// The responder has not answered, or not well: the response that is there goes on until its end.
    func failed(_ reason: String, at now: CertificateTime, jitter: Double = .random(in: 0...0.1)) {
        state.withLock { state in
            let delay = min(Stapling.firstDelay << Int64(min(state.failures, 8)), Stapling.maxDelay)
            state.failures += 1
            state.due = now.unixSeconds + delay + Int64(Double(delay) * jitter)
            state.problem = "\(responder ?? "the responder"): \(reason)"
        }
    }
}
