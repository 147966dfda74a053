import NIOCore
import NIOPosix
import OpenSSL

/// Asks the responder of a certificate (RFC 6960, appendix A.1): one POST over plain HTTP, on a connection of its own.
///
/// The address comes from the operator's own certificate, and is asked only where the configuration says `ocsp: fetch`.
enum OCSPClient {
    /// For all of it: the name, the connection, the answer.
    static let patience = TimeAmount.seconds(10)

    /// Why there is no answer.
    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    /// Asks once, and follows no redirects.
    ///
    /// - Parameters:
    ///   - responder: `http://ocsp.example.net/path`.
    ///   - request: In DER.
    ///   - group: Where it runs.
    /// - Returns: the body of the answer, unread.
    /// - Throws: `Failure`, or `CancellationError` as soon as the task is cancelled.
    static func ask(
        _ responder: String,
        _ request: [UInt8],
        on group: MultiThreadedEventLoopGroup
    ) async throws -> [UInt8] {
        let address: HTTPAddress
        do {
            address = try HTTPAddress(responder)
        } catch {
            throw Failure(description: "the certificate's address \(error.reason)")
        }
        let request = SingleRequest(
            address: address,
            method: .POST,
            headers: [("Content-Type", "application/ocsp-request"), ("Accept", "application/ocsp-response")],
            body: request,
            patience: patience,
            maxBytes: OCSPResponse.maxBytes
        )
        let answer: SingleRequest.Answer
        do {
            answer = try await request.answer(on: group.next())
        } catch let cancellation as CancellationError {
            throw cancellation
        } catch {
            throw Failure(description: CertificateProbe.words(error))
        }
        guard answer.status == .ok else { throw Failure(description: "HTTP status \(answer.status.code)") }
        return answer.body
    }
}
