internal import COpenSSL

/// Text that OpenSSL writes into a BIO.
enum PEMWriter {
    /// What `body` wrote; nil unless it returned 1.
    static func text(_ body: (OpaquePointer?) -> CInt) -> String? {
        guard let bio = Owned(BIO_new(BIO_s_mem()), { BIO_free($0) }) else { return nil }
        guard body(bio.pointer) == 1 else { return nil }
        var data: UnsafeMutablePointer<CChar>?
        let count = COpenSSL_BIO_get_mem_data(bio.pointer, &data)
        guard let data else { return "" }
        return String(decoding: UnsafeRawBufferPointer(start: data, count: count), as: UTF8.self)
    }
}
