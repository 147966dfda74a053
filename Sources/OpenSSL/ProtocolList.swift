internal import COpenSSL

/// ALPN names in wire format: each with its length before it, RFC 7301 section 3.1.
///
/// A class, so that a C callback can point at it.
final class ProtocolList: Sendable {
    let bytes: [UInt8]

    /// Names that are empty or longer than 255 bytes cannot be said and are left out.
    init(_ names: [String]) {
        var bytes: [UInt8] = []
        for name in names where (1...255).contains(name.utf8.count) {
            bytes.append(UInt8(name.utf8.count))
            bytes.append(contentsOf: name.utf8)
        }
        self.bytes = bytes
    }

    /// Our best name that the client offers, as a place inside the client's own list: SSL_CTX_set_alpn_select_cb(3)
    /// wants a pointer that lives as long as the call's input or longer.
    func choose(from offered: UnsafeBufferPointer<UInt8>) -> UnsafeBufferPointer<UInt8>? {
        var ours = 0
        while ours < bytes.count {
            let length = Int(bytes[ours])
            let name = bytes[(ours + 1)..<(ours + 1 + length)]
            var theirs = 0
            while theirs < offered.count {
                let end = theirs + 1 + Int(offered[theirs])
                guard end <= offered.count else { break }
                let candidate = UnsafeBufferPointer(rebasing: offered[(theirs + 1)..<end])
                if candidate.elementsEqual(name) { return candidate }
                theirs = end
            }
            ours += 1 + length
        }
        return nil
    }

    /// Makes a server context choose from this list.
    ///
    /// The context must not outlive it.
    func install(in context: OpaquePointer) {
        SSL_CTX_set_alpn_select_cb(context, selectProtocol, Unmanaged.passUnretained(self).toOpaque())
    }
}

private func selectProtocol(
    _: OpaquePointer?,
    chosen: UnsafeMutablePointer<UnsafePointer<UInt8>?>?,
    chosenLength: UnsafeMutablePointer<UInt8>?,
    offered: UnsafePointer<UInt8>?,
    offeredLength: CUnsignedInt,
    argument: UnsafeMutableRawPointer?
) -> CInt {
    guard let argument else { return SSL_TLSEXT_ERR_NOACK }
    let list = Unmanaged<ProtocolList>.fromOpaque(argument).takeUnretainedValue()
    guard let name = list.choose(from: UnsafeBufferPointer(start: offered, count: Int(offeredLength))) else {
        return SSL_TLSEXT_ERR_ALERT_FATAL  // RFC 7301 section 3.2: no_application_protocol
    }
    chosen?.pointee = name.baseAddress
    chosenLength?.pointee = UInt8(clamping: name.count)
    return SSL_TLSEXT_ERR_OK
}
