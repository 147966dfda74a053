package import NIOCore

/// The addresses that a reply subscribes with, unescaped; made by whoever knows the route and its secrets.
package struct FollowUpAddresses: Sendable {
    /// Gets the answer of the leg.
    package let onAnswer: String
    /// Gets its end.
    package let onHangup: String
    /// Gets the keys that a gather collects.
    package let onData: String

    package init(onAnswer: String, onHangup: String, onData: String) {
        self.onAnswer = onAnswer
        self.onHangup = onHangup
        self.onData = onData
    }
}

/// A decision as the XML that sipgate is known to accept.
///
/// ASCII alone, attributes only where they are set, no white space between elements. The root always subscribes: a leg
/// whose reply does not is silent for good.
package enum DecisionXML {
    /// The reply that carries a decision out.
    package static func write(_ decision: CallDecision, followUps: FollowUpAddresses) -> ByteBuffer {
        var xml = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Response"
        attribute("onAnswer", followUps.onAnswer, &xml)
        attribute("onHangup", followUps.onHangup, &xml)
        if decision.actions.isEmpty {
            xml += "/>"
        } else {
            xml += ">"
            for action in decision.actions { write(action, followUps, &xml) }
            xml += "</Response>"
        }
        return ByteBuffer(string: xml)
    }

    private static func write(_ action: CallAction, _ followUps: FollowUpAddresses, _ xml: inout String) {
        switch action {
        case .play(let url):
            write(url, &xml)
        case .dial(let dial):
            write(dial, &xml)
        case .gather(let gather):
            xml += "<Gather"
            attribute("onData", followUps.onData, &xml)
            attribute("maxDigits", gather.maxDigits?.description, &xml)
            attribute("timeout", gather.timeoutMilliseconds?.description, &xml)
            if let play = gather.play {
                xml += ">"
                write(play, &xml)
                xml += "</Gather>"
            } else {
                xml += "/>"
            }
        case .reject(let reason):
            xml += "<Reject"
            attribute("reason", reason?.rawValue, &xml)
            xml += "/>"
        case .hangup:
            xml += "<Hangup/>"
        }
    }

    private static func write(_ url: AudioURL, _ xml: inout String) {
        xml += "<Play><Url>" + escaped(url.text) + "</Url></Play>"
    }

    private static func write(_ dial: CallAction.Dial, _ xml: inout String) {
        xml += "<Dial"
        attribute("callerId", dial.callerID?.text, &xml)
        attribute("anonymous", dial.isAnonymous?.description, &xml)
        xml += ">"
        switch dial.target {
        case .voicemail: xml += "<Voicemail/>"
        case .numbers(let numbers): for number in numbers { xml += "<Number>\(number.text)</Number>" }
        }
        xml += "</Dial>"
    }

    private static func attribute(_ name: String, _ value: String?, _ xml: inout String) {
        guard let value else { return }
        xml += " \(name)=\"\(escaped(value))\""
    }

    /// Text as it may stand in XML; most is as it is.
    private static func escaped(_ text: String) -> String {
        text.utf8.allSatisfy(isPlain) ? text : ResponseXML.escape(text)
    }

    private static func isPlain(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "&"), UInt8(ascii: "<"), UInt8(ascii: ">"), UInt8(ascii: "\""), UInt8(ascii: "'"): false
        default: 0x20..<0x7F ~= byte
        }
    }
}
