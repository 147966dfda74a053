import Journal
import NIOCore
import Sipgate
import Webhooks

extension NumberEraser {
    /// Whether a refusal names the number: with a mask only the id of a call could.
    func isNamed(in record: RefusalRecord) -> Bool {
        let texts = [
            record.target, record.fields, record.excerpt, record.call, record.detail, record.certificate, record.field,
            record.method,
        ]
        if texts.contains(where: { $0.map(stands) ?? false }) { return true }
        return record.body.map { stands(in: String(decoding: $0, as: UTF8.self)) } ?? false
    }

    /// Whether the number stands in a text, as it is or percent-coded.
    private func stands(in text: String) -> Bool {
        var bytes: [UInt8] = []
        let coded = Array(text.utf8)
        var index = 0
        while index < coded.count {
            if coded[index] == UInt8(ascii: "%"), let byte = RawForm.triplet(coded, at: index, before: coded.count) {
                bytes.append(byte)
                index += 3
            } else {
                bytes.append(coded[index])
                index += 1
            }
        }
        return String(decoding: bytes, as: UTF8.self).split { !"0123456789 +-/.()".contains($0) }
            .contains { matches(String($0)) || matches(String($0).replacing("+", with: " ")) }
    }
}
