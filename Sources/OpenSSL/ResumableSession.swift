internal import COpenSSL

/// What one connection leaves for a later one to the same server to resume.
///
/// `@unchecked Sendable`: SSL_SESSION is reference-counted with atomics and is not changed once it is complete,
/// SSL_get_session(3) and openssl-threads(7).
package final class ResumableSession: @unchecked Sendable {
    private let session: Owned

    /// Takes over one reference (+1); nil when there is no session or it cannot be resumed.
    init?(takingOwnership pointer: OpaquePointer?) {
        guard let session = Owned(pointer, SSL_SESSION_free), SSL_SESSION_is_resumable(session.pointer) == 1 else {
            return nil
        }
        self.session = session
    }

    func withPointer(_ body: (OpaquePointer) -> Void) {
        body(session.pointer)
    }
}
