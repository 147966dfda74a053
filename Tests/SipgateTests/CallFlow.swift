import Foundation
import NIOCore
import Testing
import Webhooks

@testable import Sipgate

/// A push of a flow, as text and as what tracking reads of it.
struct FlowPush: Sendable {
    /// When it arrives if nothing goes wrong, in milliseconds from the start of the flow.
    let at: Int64
    let push: Push

    init(_ at: Int64, _ body: String) throws {
        self.at = at
        push = try PushDecoder.decode(try FormDecoder.decode(ByteBuffer(string: body)))
    }
}

/// What sipgate pushes in one situation, and what has to come of it.
struct CallFlow: Sendable, CustomTestStringConvertible {
    let name: String
    let pushes: [FlowPush]
    /// How each of its calls comes out; mostly one.
    let outcomes: [String]
    /// The names of the derived events other than `call.completed`.
    let derived: [String]
    /// Set apart from other copies of the flow by this at the end of every id.
    var suffix = ""

    var testDescription: String { name }

    /// What tracking gets, in the order of the file.
    var observations: [CallObservation] { pushes.map(observation) }

    /// What tracking gets for one push, with the names of this copy of the flow.
    func observation(of push: FlowPush) -> CallObservation {
        let plain = CallObservation(push.push)
        var named = CallObservation(event: plain.event, leg: plain.leg + suffix)
        named.originalLeg = plain.originalLeg.map { $0 + suffix }
        named.correlation = plain.correlation.map { $0 + suffix }
        named.direction = plain.direction
        named.from = plain.from
        named.to = plain.to
        named.diversion = plain.diversion
        named.users = plain.users
        named.cause = plain.cause
        return named
    }

    /// The flows that were seen with sipgate: J calls D, then M.
    static let all: [CallFlow] = (try? load()) ?? []

    private static func load() throws -> [CallFlow] {
        let file = try #require(Bundle.module.url(forResource: "Vectors/call-flows", withExtension: "json"))
        let flows = try #require(try JSONValue(parsing: try Data(contentsOf: file)).elements)
        return try flows.map { flow in
            CallFlow(
                name: try #require(flow["name"].text),
                pushes: try (flow["pushes"].elements ?? []).map { push in
                    let pair = try #require(push.elements)
                    guard case .number(let at) = pair[0] else { throw CocoaError(.coderInvalidValue) }
                    return try FlowPush(Int64(at), try #require(pair[1].text))
                },
                outcomes: (flow["outcomes"].elements ?? []).compactMap(\.text).sorted(),
                derived: (flow["derived"].elements ?? []).compactMap(\.text).sorted()
            )
        }
    }
}

/// What came of pushes: the derived events, and what the events of calls say.
struct FlowResult {
    private(set) var events: [DerivedEvent] = []

    mutating func append(_ derived: [DerivedEvent]) {
        events += derived
    }

    /// The derived events other than `call.completed`, in alphabetical order.
    var kinds: [String] { events.map(\.kind).filter { $0 != .completed }.map(\.rawValue).sorted() }

    var stories: [JSONValue] {
        get throws {
            try events.filter { $0.kind == .completed }.map { try JSONValue(parsing: $0.draft.data.readableBytesView) }
        }
    }

    var outcomes: [String] {
        get throws { try stories.compactMap { $0["outcome"].text }.sorted() }
    }
}

extension CallTracker {
    /// Long after everything.
    static let never = Timestamp(milliseconds: 1_900_000_000_000)
    /// When the flows begin.
    static let start = Timestamp(milliseconds: 1_795_415_105_123)

    /// Whether it remembers nothing at all.
    var isEmpty: Bool {
        legs.isEmpty && calls.isEmpty && byCorrelation.isEmpty && byExpected.isEmpty && earlierKin.isEmpty
            && laterKin.isEmpty
    }
}
