import NIOCore

extension CallObservation {
    /// The journal holds what was accepted: a body of 64 KiB grows when it is written as JSON.
    static let limits = JSONReader.Limits(bytes: 1 << 20, depth: 8, items: 1024)

    /// The observation that an event came from, read back from its data; nil for events that are not sipgate's own.
    ///
    /// - Parameters:
    ///   - type: The name of its type, `call.started`.
    ///   - data: Its data, enriched or not: what was added came from the leg, and tells it nothing new.
    init?(type: String, data: ByteBuffer) {
        guard let event = PushEvent(eventType: type) else { return nil }
        guard let tree = try? JSONReader.read(data, limits: CallObservation.limits), let leg = tree["leg"]?.text else {
            return nil
        }
        self.init(event: event, leg: leg)
        let original = tree["originalLeg"]?.text
        originalLeg = original == leg ? nil : original
        correlation = tree["correlation"]?.text
        direction = tree["direction"]?.text.flatMap(Direction.init(rawValue:))
        from = CallObservation.number(tree["from"])
        to = CallObservation.number(tree["to"])
        diversion = tree["diversion"]?.text
        // Of those whose number was erased nothing is known, least of all that they are the same.
        if diversion == NumberEraser.word { diversion = nil }
        users = (tree["users"]?.elements ?? []).compactMap { user in
            guard let name = user["name"]?.text else { return nil }
            return CallUser(name: name, id: user["id"]?.text, fullId: user["fullId"]?.text)
        }
        cause = event == .hangup ? tree["cause"]?.text : nil
    }

    private static func number(_ tree: JSONTree?) -> PhoneNumber? {
        guard let raw = tree?["raw"]?.text, tree?["kind"]?.text != NumberEraser.word else { return nil }
        return PhoneNumber(raw)
    }
}
