package import NIOCore

/// Takes a telephone number out of the data of events, with the names of those it belongs to, and leaves the rest.
///
/// A number is found however it is written: `+49…`, `0049…`, `49…`, with `0` or nothing for the country; never as a part
/// of a longer one. In its place stands `erased`, and `{"kind": "erased", "raw": "erased"}` where a caller or somebody
/// called stood. The names of users go with the number of their own side: with that which is called of an incoming
/// call, and with that of the caller of an outgoing one. Of an event that is concerned, fields that the gateway does not
/// know lose their values too. Identifiers of calls stay: they are random, and without them a call falls apart.
package struct NumberEraser: Sendable {
    /// Why a text is no number that can be erased.
    package struct Problem: Error, Sendable, Equatable {
        /// The rule that it breaks.
        package let rule: String
    }

    /// What stands in the place of what was erased.
    static let word = "erased"
    private static let identifiers: Set<String> = [
        "leg", "originalLeg", "previousLeg", "call", "continues", "formerly", "correlation", "started", "answered",
        "ended",
    ]
    private static let lists: Set<String> = ["users", "answeredBy", "previousUsers"]
    private static let limits = JSONReader.Limits(bytes: 16 << 20, depth: 16, items: 65_536)

    /// Country code and number.
    package let digits: [UInt8]
    /// The last seven of them, as a number.
    private let tail: UInt64

    /// - Parameter number: With its country code; blanks, hyphens, slashes, dots and brackets are passed over.
    /// - Throws: Why it is none.
    package init(_ number: String) throws(Problem) {
        var text = Array(number.utf8.filter { !PhoneIdentity.isSeparator($0) })[...]
        if text.first == UInt8(ascii: "+") {
            text = text.dropFirst()
        } else if text.starts(with: "00".utf8) {
            text = text.dropFirst(2)
        }
        guard text.allSatisfy(PhoneIdentity.isDigit), 8...15 ~= text.count else {
            throw Problem(rule: "a number has 8 to 15 digits with its country code, such as +49 211 5566778")
        }
        guard text.first != UInt8(ascii: "0") else { throw Problem(rule: "write the country code: +49… for 0…") }
        digits = Array(text)
        tail = digits.suffix(PhoneIdentity.telling).reduce(0) { $0 * 10 + UInt64($1 - 48) }
    }

    /// The data without the number; nil when it does not hold it.
    package func erase(_ data: ByteBuffer) -> ByteBuffer? {
        guard mayHold(data), let tree = try? JSONReader.read(data, limits: NumberEraser.limits) else { return nil }
        var isFound = false
        var names: Set<String> = []
        let erased = erase(tree, &isFound, &names)
        return isFound ? strip(erased).document : nil
    }

    // MARK: Finding

    /// Whether the last seven digits stand somewhere: nearly all events are told apart by this.
    private func mayHold(_ data: ByteBuffer) -> Bool {
        var last: UInt64 = 0
        var count = 0
        for byte in data.readableBytesView {
            if PhoneIdentity.isDigit(byte) {
                last = (last * 10 + UInt64(byte - 48)) % PhoneIdentity.endings
                count += 1
                if count >= PhoneIdentity.telling, last == tail { return true }
            } else if !PhoneIdentity.isSeparator(byte) {
                count = 0
                last = 0
            }
        }
        return false
    }

    /// Whether a text is the number, or holds it.
    package func matches(_ text: String) -> Bool {
        if isSame(text[...]) { return true }
        var rest = text[...]
        while let run = PhoneIdentity.firstNumber(in: rest) {
            if isSame(rest[run]) { return true }
            rest = rest[run.upperBound...]
        }
        return false
    }

    private func isSame(_ text: Substring) -> Bool {
        var found: [UInt8] = []
        for (place, byte) in text.utf8.enumerated() {
            if PhoneIdentity.isDigit(byte) {
                found.append(byte)
            } else if !(place == 0 && byte == UInt8(ascii: "+")), !PhoneIdentity.isSeparator(byte) {
                return false
            }
        }
        if text.utf8.first != UInt8(ascii: "+"), found.starts(with: "00".utf8) { found.removeFirst(2) }
        if found == digits { return true }
        // Without its country or area; a zero in front stands for what is missing.
        guard text.utf8.first != UInt8(ascii: "+") else { return false }
        let core = found.first == 48 ? found.dropFirst() : found[...]
        return core.count >= PhoneIdentity.telling && core.count < digits.count
            && digits.suffix(core.count).elementsEqual(core)
    }

    // MARK: Erasing

    private func erase(_ tree: JSONTree, _ isFound: inout Bool, _ names: inout Set<String>) -> JSONTree {
        switch tree {
        case .null, .bool, .number:
            return tree
        case .text(let text):
            guard matches(text) else { return tree }
            isFound = true
            return .text(NumberEraser.word)
        case .array(let elements):
            return .array(elements.map { erase($0, &isFound, &names) })
        case .object(let members):
            if tree["kind"] != nil, let raw = tree["raw"]?.text {
                guard matches(raw) || tree["e164"]?.text.map(matches) == true else { return tree }
                isFound = true
                return .object([
                    .init(name: "kind", value: .text(NumberEraser.word)),
                    .init(name: "raw", value: .text(NumberEraser.word)),
                ])
            }
            return erase(tree, members, &isFound, &names)
        }
    }

    /// An event's data, or one leg of it.
    private func erase(
        _ tree: JSONTree,
        _ members: [JSONTree.Member],
        _ isFound: inout Bool,
        _ names: inout Set<String>
    ) -> JSONTree {
        var isOwn = false
        for name in tree["direction"]?.text == "out" ? ["from"] : ["to", "diversion", "answeringNumber"] {
            let text = tree[name]?["raw"]?.text ?? tree[name]?.text
            if text.map(matches) == true { isOwn = true }
        }
        if isOwn {
            for list in NumberEraser.lists {
                for user in tree[list]?.elements ?? [] { user["name"]?.text.map { _ = names.insert($0) } }
            }
        }
        let erased = members.map { member -> JSONTree.Member in
            guard !NumberEraser.identifiers.contains(member.name) else { return member }
            var value = erase(member.value, &isFound, &names)
            // No key pressed: what was pressed is nobody's business any more.
            if member.name == "digits", value != member.value { value = .text("") }
            return JSONTree.Member(name: member.name, value: value)
        }
        return .object(
            erased.compactMap { member in
                if isOwn, ["userIds", "fullUserIds"].contains(member.name) { return nil }
                guard NumberEraser.lists.contains(member.name) else { return member }
                let users = member.value.elements.map { user in
                    guard let name = user["name"]?.text, isOwn || names.contains(name) else { return user }
                    return JSONTree.object([.init(name: "name", value: .text(NumberEraser.word))])
                }
                return JSONTree.Member(name: member.name, value: .array(users))
            }
        )
    }

    /// Without the values of fields that nobody knows: they may name anybody.
    private func strip(_ tree: JSONTree) -> JSONTree {
        guard case .object(let members) = tree else { return tree }
        return .object(
            members.map { member in
                guard member.name == "extra", case .object(let fields) = member.value else { return member }
                let stripped = fields.map { field in
                    JSONTree.Member(
                        name: field.name,
                        value: .array(field.value.elements.map { _ in .text(NumberEraser.word) })
                    )
                }
                return JSONTree.Member(name: "extra", value: .object(stripped))
            }
        )
    }
}
