package import NIOCore

/// Knows how a number is taken out of the data of an event: the journal does not understand what it keeps.
package struct JournalEraser: Sendable {
    /// Gives, for a number, what makes of data the same without it, or nil where it is not in it; nil when the text is
    /// no number.
    package let eraser: @Sendable (_ number: String) -> (@Sendable (ByteBuffer) -> ByteBuffer?)?
    /// The bytes that must not be in the file any more: the number as it stands in most places.
    package let trace: @Sendable (_ number: String) -> [UInt8]

    package init(
        eraser: @escaping @Sendable (_ number: String) -> (@Sendable (ByteBuffer) -> ByteBuffer?)?,
        trace: @escaping @Sendable (_ number: String) -> [UInt8]
    ) {
        self.eraser = eraser
        self.trace = trace
    }
}
