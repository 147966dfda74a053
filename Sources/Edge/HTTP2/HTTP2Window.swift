/// The window of a connection (RFC 9113, section 5.2): what a client may send before it is told that it may send more.
///
/// It is given back only as far as nothing of it is kept, so that all that a client makes us keep fits into it.
struct HTTP2Window {
    /// How large it is while nothing is kept.
    let size: Int
    /// How much the client may still send, as NIO counts it.
    private(set) var left = HTTP2Bounds.firstWindow

    init(size: Int) {
        self.size = size
    }

    /// The connection begins.
    ///
    /// Returns how much to add to what every connection begins with.
    mutating func open() -> Int {
        let more = size - left
        left = size
        return more
    }

    /// NIO has counted anew.
    mutating func counted(_ left: Int) {
        self.left = left
    }

    /// Makes it as large again as what is kept allows.
    ///
    /// - Parameter held: bytes that are kept for the client.
    /// - Returns: how much the client may send again; nil while it is not worth a frame.
    mutating func giveBack(holding held: Int) -> Int? {
        guard left < size / 2 else { return nil }
        let free = size - left - held
        guard free >= size / 4 else { return nil }
        left += free
        return free
    }
}
