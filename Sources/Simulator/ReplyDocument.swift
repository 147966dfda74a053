/// The XML of a reply, checked as strictly as the provider's documentation describes it.
package struct ReplyDocument: Sendable {
    /// Where the provider posts when the call is picked up.
    package let onAnswer: String?
    /// Where the provider posts when the call ends.
    package let onHangup: String?
    /// What the provider is to do, in order.
    package let actions: [Action]
    /// What is wrong with it, in words.
    package let complaints: [String]

    /// Something that the provider does.
    package enum Action: Sendable, Equatable {
        case play(String)
        case dial([String])
        case voicemail
        case gather(onData: String?, maxDigits: Int)
        case reject(reason: String)
        case hangup
    }

    /// - Parameter bytes: the whole content of the reply.
    package init(_ bytes: [UInt8]) {
        do {
            let root = try XMLReader.parse(bytes)
            var check = ReplyCheck()
            check.response(root)
            onAnswer = root.attribute("onAnswer")
            onHangup = root.attribute("onHangup")
            actions = root.children.compactMap(Action.init)
            complaints = check.complaints
        } catch {
            onAnswer = nil
            onHangup = nil
            actions = []
            complaints = ["the reply is not well-formed: \(error)"]
        }
    }
}

extension ReplyDocument.Action {
    /// What a verb asks for; nil for one that the provider does not know.
    fileprivate init?(_ verb: XMLElement) {
        switch verb.name {
        case "Play": self = .play(verb.children.first?.text ?? "")
        case "Dial" where verb.children.contains { $0.name == "Voicemail" }: self = .voicemail
        case "Dial": self = .dial(verb.children.filter { $0.name == "Number" }.map(\.text))
        case "Gather":
            let digits = verb.attribute("maxDigits").flatMap { Int($0) } ?? 1
            self = .gather(onData: verb.attribute("onData"), maxDigits: digits)
        case "Reject": self = .reject(reason: verb.attribute("reason") ?? "rejected")
        case "Hangup": self = .hangup
        default: return nil
        }
    }
}

/// Collects what a reply holds and the provider does not know.
private struct ReplyCheck {
    var complaints: [String] = []

    mutating func response(_ root: XMLElement) {
        guard root.name == "Response" else {
            complaints.append("the root element is `\(root.name)`, not `Response`")
            return
        }
        attributes(of: root, known: ["onAnswer", "onHangup"])
        for name in ["onAnswer", "onHangup"] { absolute(root, name) }
        noText(in: root)
        for verb in root.children { self.verb(verb) }
    }

    private mutating func verb(_ verb: XMLElement) {
        switch verb.name {
        case "Dial": dial(verb)
        case "Play": play(verb)
        case "Gather": gather(verb)
        case "Reject":
            attributes(of: verb, known: ["reason"])
            choice(verb, "reason", ["rejected", "busy"])
            empty(verb)
        case "Hangup":
            attributes(of: verb, known: [])
            empty(verb)
        default: complaints.append("unknown verb `\(verb.name)`")
        }
    }

    private mutating func dial(_ dial: XMLElement) {
        attributes(of: dial, known: ["callerId", "anonymous"])
        choice(dial, "anonymous", ["true", "false"])
        noText(in: dial)
        let targets = dial.children
        if targets.count > 1, targets.contains(where: { $0.name == "Voicemail" }) {
            complaints.append("`Dial` holds `Voicemail` beside something else")
        }
        if targets.isEmpty || targets.count > 5 { complaints.append("`Dial` has \(targets.count) targets, not 1 to 5") }
        for target in targets {
            attributes(of: target, known: [])
            switch target.name {
            case "Number":
                let digits = target.text.utf8.drop { $0 == UInt8(ascii: "+") }
                let isNumber = (2...15).contains(digits.count) && digits.allSatisfy { (48...57).contains($0) }
                if !isNumber { complaints.append("`Number` holds no telephone number") }
            case "Voicemail": empty(target)
            default: complaints.append("unknown element `\(target.name)` in `Dial`")
            }
        }
    }

    private mutating func play(_ play: XMLElement) {
        attributes(of: play, known: [])
        noText(in: play)
        guard play.children.map(\.name) == ["Url"], let url = play.children.first else {
            complaints.append("`Play` has to hold exactly one `Url`")
            return
        }
        attributes(of: url, known: [])
        if !url.text.hasPrefix("https://"), !url.text.hasPrefix("http://") {
            complaints.append("`Url` is not absolute")
        }
    }

    private mutating func gather(_ gather: XMLElement) {
        attributes(of: gather, known: ["onData", "maxDigits", "timeout", "type"])
        choice(gather, "type", ["dtmf"])
        if gather.attribute("onData") == nil { complaints.append("`Gather` has no `onData`") }
        absolute(gather, "onData")
        for name in ["maxDigits", "timeout"] {
            guard let value = gather.attribute(name) else { continue }
            if Int(value).map({ $0 < 1 }) ?? true { complaints.append("`\(name)` is no positive number") }
        }
        noText(in: gather)
        guard gather.children.count <= 1 else {
            complaints.append("`Gather` holds more than one element")
            return
        }
        for child in gather.children {
            if child.name == "Play" {
                play(child)
            } else {
                complaints.append("unknown element `\(child.name)` in `Gather`")
            }
        }
    }

    private mutating func attributes(of element: XMLElement, known: [String]) {
        for attribute in element.attributes where !known.contains(attribute.name) {
            complaints.append("unknown attribute `\(attribute.name)` of `\(element.name)`")
        }
    }

    private mutating func choice(_ element: XMLElement, _ name: String, _ values: [String]) {
        guard let value = element.attribute(name), !values.contains(value) else { return }
        complaints.append("`\(name)` of `\(element.name)` has to be \(values.joined(separator: " or "))")
    }

    private mutating func absolute(_ element: XMLElement, _ name: String) {
        guard let address = element.attribute(name) else { return }
        if !address.hasPrefix("https://"), !address.hasPrefix("http://") {
            complaints.append("`\(name)` of `\(element.name)` is no absolute address")
        }
    }

    private mutating func noText(in element: XMLElement) {
        let isBlank = element.text.utf8.allSatisfy { [0x20, 0x09, 0x0A, 0x0D].contains($0) }
        if !isBlank { complaints.append("`\(element.name)` holds text") }
    }

    private mutating func empty(_ element: XMLElement) {
        if !element.content.isEmpty { complaints.append("`\(element.name)` has to be empty") }
    }
}
