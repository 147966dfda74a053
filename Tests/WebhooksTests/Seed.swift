/// A reproducible source of random values (SplitMix64); a failing case shows its seed, which is the test's argument.
struct Seed: RandomNumberGenerator, Sendable {
    private var state: UInt64

    init(_ seed: UInt64) {
        state = seed
    }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    /// A text of up to 20 scalars out of everything that is hard on a form: syntax, controls, one to four bytes.
    mutating func text() -> String {
        let hard: [Unicode.Scalar] = [
            "&", "=", "+", "%", " ", "\0", "\n", "\u{7F}", "[", "]", "2", "B", "ä", "\u{308}", "\u{7FF}", "\u{800}",
            "\u{2028}", "\u{D7FF}", "\u{E000}", "\u{FFFF}", "\u{10000}", "📞", "\u{10FFFF}", "\"", "\\", ";", "~",
        ]
        var text = String.UnicodeScalarView()
        for _ in 0..<Int.random(in: 0...20, using: &self) {
            if Bool.random(using: &self) {
                text.append(hard[Int.random(in: hard.indices, using: &self)])
            } else {
                text.append(Unicode.Scalar(UInt8.random(in: 0x20...0x7E, using: &self)))
            }
        }
        return String(text)
    }

    /// Bytes of which most mean something to a form decoder.
    mutating func garbage() -> [UInt8] {
        let syntax = Array("%%%&&==+0aFgZ\u{C3}\u{A4}".utf8) + [0x80, 0xC0, 0xE2, 0xED, 0xA0, 0xF0, 0xFF, 0x00]
        return (0..<Int.random(in: 0...60, using: &self)).map { _ in
            Bool.random(using: &self)
                ? syntax[Int.random(in: syntax.indices, using: &self)] : .random(in: 0...255, using: &self)
        }
    }

    /// The bytes cut into pieces, some of them empty.
    mutating func pieces(of bytes: [UInt8]) -> [ArraySlice<UInt8>] {
        let cuts = (0..<Int.random(in: 1...6, using: &self)).map { _ in Int.random(in: 0...bytes.count, using: &self) }
        let borders = [0] + cuts.sorted() + [bytes.count]
        return zip(borders, borders.dropFirst()).map { bytes[$0..<$1] }
    }
}
