internal import COpenSSL

/// OpenSSL's error queue of the calling thread, err(7).
enum ErrorQueue {
    /// Forgets what earlier calls left, so that what the next call leaves explains that call and no other.
    static func clear() {
        // Clearing walks over all sixteen places, though they are as good as always empty.
        if ERR_peek_error() != 0 { ERR_clear_error() }
    }

    /// Takes everything out, oldest first: the first is the cause, later ones are where it was noticed.
    static func drain() -> [OpenSSLError] {
        var errors: [OpenSSLError] = []
        var data: UnsafePointer<CChar>?
        var flags: Int32 = 0
        while true {
            let code = ERR_get_error_all(nil, nil, nil, &data, &flags)
            guard code != 0 else { return errors }
            let isText = flags & ERR_TXT_STRING != 0
            errors.append(OpenSSLError(code: code, detail: isText ? data.map { String(cString: $0) } ?? "" : ""))
        }
    }

    /// The cause of the failure of `call`: the oldest entry.
    ///
    /// Empties the queue.
    static func cause(of call: String) -> OpenSSLError {
        drain().first ?? .unexplained(call)
    }
}
