import NIOCore
package import Webhooks

/// A doorbell that posts the form `door=front` whenever somebody rings: the smallest provider there is.
package final class DoorbellProvider: Provider {
    static let rung = EventType(namespace: "net.example.doorbell", name: "door.rung")
    private static let maxBytes = 100

    package init() {}

    package func screen(_ headers: HeaderFields) throws(Rejection) {
        try FormContent.screen(headers)
    }

    package func decode(_ request: InboundRequest) throws(Rejection) -> any Webhook {
        let fields = try FormDecoder.decode(request.body)
        let places = fields.pairs.indices.filter { fields.name($0) == "door" }
        guard let place = places.first, !fields.value(place).isEmpty else {
            throw Rejection(.missingField, field: "door")
        }
        guard places.count == 1 else { throw Rejection(.duplicateField, field: "door") }
        guard fields.pairs[place].value.count <= DoorbellProvider.maxBytes else {
            throw Rejection(.valueTooLong, field: "door", detail: "Keep names of doors within 100 bytes.")
        }
        return Ring(door: fields.value(place))
    }
}

/// Somebody has rung.
private final class Ring: Webhook {
    private let door: String

    init(door: String) {
        self.door = door
    }

    /// Our replies name no addresses, so none vouches for anybody.
    func isVouchedFor(by followUp: FollowUp) -> Bool { false }

    func takeIn(at time: Timestamp) -> Intake {
        var data = ByteBuffer()
        data.writeJSON { json in
            json.object { json in json.field("door", door) }
        }
        return .events([EventDraft(type: DoorbellProvider.rung, subject: door, data: data)], asks: false)
    }

    func reply(to answer: InquiryAnswer?, at time: Timestamp) -> (reply: Reply, note: EventDraft?) {
        (Reply(status: 204), nil)
    }

    /// Nothing was remembered, so nothing has to be forgotten.
    func withdraw() {}
}
