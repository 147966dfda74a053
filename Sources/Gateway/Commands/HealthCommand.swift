import Foundation
import NIOCore
import NIOPosix
import OpenSSL

/// `hookgate health`: whether a running gateway can do its work, for container runtimes and monitoring.
package enum HealthCommand {
    private static let patience = TimeAmount.seconds(5)
    /// In bytes; a report has a few hundred.
    private static let maxBytes = 64 * 1024

    /// Asks the operators' listener for `/readyz`.
    ///
    /// - Parameters:
    ///   - url: Where it is: scheme, host and port.
    ///   - authorities: PEM with the authorities to trust instead of the system's.
    /// - Returns: 0 when requests should be sent there, else 1 with the reasons.
    package static func run(url: String, authorities: String?) async -> CommandResult {
        var address: HTTPAddress
        do {
            address = try HTTPAddress(url)
        } catch {
            return CommandResult(.usage, errors: "hookgate: the URL \(error.reason); \(error.remedy)\n")
        }
        guard address.target.isEmpty || address.target == "/" else {
            let remedy = "write scheme, host and port only: `http://127.0.0.1:9443`"
            return CommandResult(.usage, errors: "hookgate: the URL goes on behind the host; \(remedy)\n")
        }
        address.target = "/readyz"
        do {
            let loop = MultiThreadedEventLoopGroup.singleton.next()
            return judge(try await request(address, authorities).answer(on: loop), url)
        } catch let error as OpenSSLError {
            return CommandResult(.failed, errors: "hookgate: \("\(error)".escaped)\n")
        } catch SingleRequest.Failure.noHTTP {
            return foreign(url, "what it says is not HTTP")
        } catch SingleRequest.Failure.cutShort {
            return foreign(url, "nothing")
        } catch {
            return CommandResult(
                .failed,
                errors: "not ready: \(url.escaped): \(CertificateProbe.words(error).escaped)\n"
            )
        }
    }

    /// What `/readyz` says.
    private struct Report: Decodable {
        let ready: Bool
        let checks: [String: String]
    }

    private static func judge(_ answer: SingleRequest.Answer, _ url: String) -> CommandResult {
        guard let report = try? JSONDecoder().decode(Report.self, from: Data(answer.body)) else {
            return foreign(url, "HTTP/1.1 \(answer.status)")
        }
        if report.ready { return CommandResult(.done, output: "ready\n") }
        let reasons = report.checks.filter { $0.value != "ok" }.sorted { $0.key < $1.key }
        return CommandResult(
            .failed,
            errors: reasons.map { "not ready: \($0.key.escaped): \($0.value.escaped)\n" }.joined()
        )
    }

    /// Something else answers there.
    private static func foreign(_ url: String, _ words: String) -> CommandResult {
        CommandResult(
            .failed,
            errors: "not ready: \(url.escaped) does not answer as a gateway's `admin.address` does: "
                + "\(String(words.prefix(100)).escaped)\n"
        )
    }

    private static func request(_ address: HTTPAddress, _ authorities: String?) throws -> SingleRequest {
        let (host, isSecure) = (address.network.host, address.scheme == "https")
        // On this machine nobody is in between, and the certificate is for the name that others ask for.
        let isLocal = host == "localhost" || host == "::1" || host.hasPrefix("127.")
        let trust = authorities.map { TLSContext.Trust.file($0) } ?? (isLocal ? .anybody : .system)
        let name = isLocal && authorities == nil ? nil : host
        return SingleRequest(
            address: address,
            security: isSecure ? .init(context: try TLSContext.client(trust: trust), serverName: name) : nil,
            patience: patience,
            maxBytes: maxBytes
        )
    }
}
