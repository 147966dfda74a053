/// Encodes `application/x-www-form-urlencoded` the way sipgate does: blank as plus, upper-case hex, brackets encoded.
package enum FormEncoder {
    /// Encodes fields in order.
    package static func encode(_ fields: [(key: String, value: String)]) -> String {
        var form: [UInt8] = []
        for (key, value) in fields {
            if !form.isEmpty { form.append(UInt8(ascii: "&")) }
            append(key, to: &form)
            form.append(UInt8(ascii: "="))
            append(value, to: &form)
        }
        return String(decoding: form, as: UTF8.self)
    }

    private static func append(_ text: String, to form: inout [UInt8]) {
        let digits = Array("0123456789ABCDEF".utf8)
        for byte in text.utf8 {
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, UInt8(ascii: "*"), UInt8(ascii: "-"), UInt8(ascii: "."),
                UInt8(ascii: "_"):
                form.append(byte)
            case UInt8(ascii: " "):
                form.append(UInt8(ascii: "+"))
            default:
                form.append(UInt8(ascii: "%"))
                form.append(digits[Int(byte >> 4)])
                form.append(digits[Int(byte & 0xF)])
            }
        }
    }
}
