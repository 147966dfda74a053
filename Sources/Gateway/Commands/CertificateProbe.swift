import NIOCore
import NIOPosix
import OpenSSL
import TLS

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// `hookgate cert check`: a running server's certificate, as its clients get it.
package enum CertificateProbe {
    private static let patience = TimeAmount.seconds(10)

    /// Connects to a server several times and tells what a client finds.
    ///
    /// - Parameters:
    ///   - address: `HOST` or `HOST:PORT`; port 443 if it has none.
    ///   - name: what the certificate has to be for, and what is asked for; nil: the host.
    ///   - authorities: PEM with the authorities to trust instead of the system's.
    /// - Returns: the facts, and 1 if a client would turn away.
    package static func check(address: String, name: String?, authorities: String?) async -> CommandResult {
        let target: NetworkAddress
        do {
            target = try NetworkAddress(address[...])
        } catch {
            return CommandResult(.usage, errors: "hookgate: the address \(error.reason); \(error.remedy)\n")
        }
        let trust = authorities.map { TLSContext.Trust.file($0) } ?? .system
        let server = Server(host: target.host, port: target.port ?? 443)
        do {
            return try await report(on: server, as: name ?? target.host, trust: trust, authorities)
        } catch {
            return CommandResult(.failed, errors: "hookgate: \(server): \(words(error).escaped)\n")
        }
    }

    /// Where it is.
    private struct Server: CustomStringConvertible {
        let host: String
        let port: Int

        var description: String { NetworkAddress.shown(host, port) }
    }

    private static func report(
        on server: Server,
        as name: String,
        trust: TLSContext.Trust,
        _ authorities: String?
    ) async throws -> CommandResult {
        var speaks: [String] = []
        var seen: HandshakeWitness.Sighting?
        var refusal: (any Error)?
        for version in TLSPolicy.Version.allCases.reversed() {
            let policy = TLSPolicy(
                minimumVersion: version,
                maximumVersion: version,
                applicationProtocols: TLSPolicy.protocols(http2: true)
            )
            let context = try TLSContext.client(trust: .anybody, asksForStatus: true, policy: policy)
            do {
                let sighting = try await look(at: server, context, name)
                speaks.append("\(sighting.version) with \(sighting.suite)")
                if seen == nil { seen = sighting }
            } catch let error as TLSError {
                // Perhaps it speaks the other.
                if refusal == nil { refusal = error }
            }
        }
        guard let seen else { throw refusal ?? TLSError.closedDuringHandshake }
        var lines = ["\(server) speaks \(speaks.joined(separator: ", ")); \(protocols(seen))"]
        let report = CertificateReport(CertificateChecks.run(seen.chain))
        lines += report.facts
        lines.append("a client that names nobody gets: \(try await nameless(server, seen))")

        lines.append("  OCSP: \(status(seen))".escaped)

        var findings = report.findings.map { "\($0)".escaped }
        var isGood = !report.hasErrors
        if seen.chain.leaf.demandsStaple && seen.stapled == nil {
            isGood = false
            findings.append("error: the certificate demands a stapled OCSP response: clients that obey refuse it")
        }
        let who = authorities.map { "the authorities in \($0)" } ?? "the system's authorities"
        do {
            _ = try await look(at: server, TLSContext.client(trust: trust), name)
            lines.append("verified: it is for \(name), by \(who)")
        } catch let error as TLSError {
            isGood = false
            let names = seen.chain.leaf.whyNot(for: name).map { "; \($0)" } ?? ""
            findings.append("error: a client refuses it for \(name), by \(who): \(words(error))\(names)".escaped)
        }
        return CommandResult(
            isGood ? .done : .failed,
            output: lines.map { $0 + "\n" }.joined() + CertificateCommand.block(seen.chain),
            errors: findings.map { $0 + "\n" }.joined()
        )
    }

    /// What the server has stapled, and what that is worth.
    private static func status(_ seen: HandshakeWitness.Sighting) -> String {
        guard let stapled = seen.stapled else {
            return seen.chain.leaf.demandsStaple ? "not stapled, though the certificate demands it" : "not stapled"
        }
        do throws(OCSPProblem) {
            return "stapled, good until \(try OCSPResponse(der: stapled, for: seen.chain).nextUpdate)"
        } catch {
            return "stapled, but \(error)"
        }
    }

    private static func protocols(_ seen: HandshakeWitness.Sighting) -> String {
        switch seen.applicationProtocol {
        case "h2"?: "HTTP/2 for those who know it"
        case let other?: "of HTTP/2 and HTTP/1.1 it chooses \(other.escaped)"
        case nil: "it agrees on no protocol (ALPN), which is HTTP/1.1"
        }
    }

    /// What a client gets that sends no server name (RFC 6066, section 3).
    private static func nameless(_ server: Server, _ seen: HandshakeWitness.Sighting) async throws -> String {
        do {
            let sighting = try await look(at: server, TLSContext.client(trust: .anybody), nil)
            let leaf = sighting.chain.leaf
            return leaf.fingerprint == seen.chain.leaf.fingerprint ? "the same" : leaf.subject.escaped
        } catch let error as TLSError {
            return "no connection (\(words(error)))".escaped
        }
    }

    /// Shakes hands once.
    private static func look(
        at server: Server,
        _ context: TLSContext,
        _ name: String?
    ) async throws -> HandshakeWitness.Sighting {
        let group = MultiThreadedEventLoopGroup.singleton
        let promise = group.next().makePromise(of: HandshakeWitness.Sighting.self)
        ClientBootstrap(group: group)
            .connectTimeout(patience)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let pipeline = channel.pipeline.syncOperations
                    try pipeline.addHandler(
                        TLSClientHandler(context: context, serverName: name, handshakeTimeout: patience)
                    )
                    try pipeline.addHandler(HandshakeWitness(promise))
                }
            }
            .connect(host: server.host, port: server.port)
            .whenFailure { promise.fail($0) }
        return try await promise.futureResult.get()
    }

    /// An error of a connection in words.
    static func words(_ error: any Error) -> String {
        guard let error = error as? NIOConnectionError else { return "\(error)" }
        if let reason = error.dnsAError ?? error.dnsAAAAError, error.connectionErrors.isEmpty {
            return "the name does not resolve: \(reason)"
        }
        let reasons = error.connectionErrors.map { failure in
            (failure.error as? IOError).map { unsafe String(cString: strerror($0.errnoCode)) } ?? "\(failure.error)"
        }
        return "cannot connect: \(reasons.joined(separator: "; "))"
    }
}
