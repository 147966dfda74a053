package import NIOCore

/// Writes `application/x-www-form-urlencoded` the way Java's encoder and the WHATWG URL standard (section 5.2) do.
///
/// Blank as plus, hexadecimal digits in upper case, brackets of names encoded: what real pushes look like.
package struct FormEncoder {
    /// What was written so far.
    package private(set) var buffer = ByteBuffer()

    package init() {}

    /// Adds a pair.
    package mutating func append(_ name: String, _ value: String) {
        if buffer.readableBytes > 0 { buffer.writeInteger(UInt8(ascii: "&")) }
        write(name)
        buffer.writeInteger(UInt8(ascii: "="))
        write(value)
    }

    private mutating func write(_ text: String) {
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "*"), UInt8(ascii: "-"), UInt8(ascii: "."),
                UInt8(ascii: "_"):
                buffer.writeInteger(byte)
            case UInt8(ascii: " "):
                buffer.writeInteger(UInt8(ascii: "+"))
            default:
                buffer.writePercentEncoded(byte)
            }
        }
    }
}

extension ByteBuffer {
    /// Writes one byte as a percent sign and two upper-case hexadecimal digits (RFC 3986, section 2.1).
    mutating func writePercentEncoded(_ byte: UInt8) {
        writeInteger(UInt8(ascii: "%"))
        writeInteger(UInt8.hexDigit(byte >> 4))
        writeInteger(UInt8.hexDigit(byte & 0xF))
    }
}

extension UInt8 {
    /// The upper-case hexadecimal digit of a number below 16.
    static func hexDigit(_ value: UInt8) -> UInt8 {
        value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "A") + value - 10
    }
}
