import NIOCore

@testable import Webhooks

/// What decoding a form gave, by its bytes.
enum FormOutcome: Equatable {
    case fields([[[UInt8]]])
    case rejection(ReasonCode)

    /// Decodes pieces one after the other.
    static func decoding(_ pieces: [ArraySlice<UInt8>]) -> FormOutcome {
        do throws(Rejection) {
            var decoder = FormDecoder()
            for piece in pieces { try decoder.consume(piece.span) }
            return fields(try decoder.finish())
        } catch {
            return .rejection(error.reason)
        }
    }

    /// Decodes a whole body.
    static func decoding(_ body: [UInt8]) -> FormOutcome {
        do throws(Rejection) {
            return fields(try FormDecoder.decode(ByteBuffer(bytes: body)))
        } catch {
            return .rejection(error.reason)
        }
    }

    /// What a slow decoder says that was written from the rules alone: split, then decode, then validate.
    static func expected(_ body: [UInt8]) -> FormOutcome {
        var pairs: [[[UInt8]]] = []
        for item in body.split(separator: UInt8(ascii: "&")) {
            let equals = item.firstIndex(of: UInt8(ascii: "="))
            guard
                let name = decoded(item[..<(equals ?? item.endIndex)]),
                let value = decoded(equals.map { item[($0 + 1)...] } ?? [])
            else { return .rejection(.invalidPercentEncoding) }
            guard pairs.count < 1024 else { return .rejection(.tooManyFields) }
            pairs.append([name, value])
        }
        let isValid = pairs.joined().allSatisfy { String(validating: $0, as: UTF8.self) != nil }
        return isValid ? .fields(pairs) : .rejection(.invalidUTF8)
    }

    private static func fields(_ fields: FormFields) -> FormOutcome {
        .fields(fields.pairs.map { [Array(fields.bytes[$0.name]), Array(fields.bytes[$0.value])] })
    }

    private static func decoded(_ item: ArraySlice<UInt8>) -> [UInt8]? {
        var rest = Array(item.reversed())
        var result: [UInt8] = []
        while let byte = rest.popLast() {
            switch byte {
            case UInt8(ascii: "+"): result.append(0x20)
            case UInt8(ascii: "%"):
                guard rest.count >= 2, let high = hex(rest.removeLast()), let low = hex(rest.removeLast()) else {
                    return nil
                }
                result.append(UInt8(high * 16 + low))
            default: result.append(byte)
            }
        }
        return result
    }

    private static func hex(_ byte: UInt8) -> Int? {
        Character(Unicode.Scalar(byte)).isASCII ? Character(Unicode.Scalar(byte)).hexDigitValue : nil
    }
}
