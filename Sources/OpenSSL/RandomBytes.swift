internal import COpenSSL

/// Bytes nobody can guess, RAND_bytes(3).
package enum RandomBytes {
    /// Fills `bytes`.
    ///
    /// - Throws: what OpenSSL says when its generator could not be seeded.
    package static func fill(_ bytes: inout MutableSpan<UInt8>) throws(OpenSSLError) {
        ErrorQueue.clear()
        let status = bytes.withUnsafeMutableBufferPointer { RAND_bytes($0.baseAddress, Int32(clamping: $0.count)) }
        guard status == 1 else { throw ErrorQueue.cause(of: "RAND_bytes") }
    }

    /// `count` new bytes.
    ///
    /// - Throws: what OpenSSL says when its generator could not be seeded.
    package static func make(count: Int) throws(OpenSSLError) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        var span = bytes.mutableSpan
        try fill(&span)
        return bytes
    }
}
