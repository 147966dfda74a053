import Foundation
import HookgateTesting
import JournalTesting
import Testing
import Webhooks

@testable import Journal

/// What a destination's entries ought to be, in the simplest words.
private struct Model {
    enum State: Equatable {
        case line
        case retry(due: Int64, attempts: Int, isClaimed: Bool = false)
        case held
        case ended(DeliveryState)
    }

    struct Entry {
        let subject: String
        var state: State
    }

    var entries: [Int64: Entry] = [:]

    var line: [Int64] { entries.filter { $0.value.state == .line }.keys.sorted() }

    func due(by now: Int64) -> [Int64] {
        entries.filter { entry in
            if case .retry(let due, _, _) = entry.value.state { due <= now } else { false }
        }.keys.sorted()
    }

    mutating func settle(_ position: Int64, _ outcome: Settlement.Outcome, attempts: Int) {
        guard let entry = entries[position] else { return }
        let isDeferred = entry.state != .line
        switch outcome {
        case .deferred(let until): entries[position]?.state = .retry(due: until.milliseconds, attempts: attempts)
        case .held:
            let isBehind = waiting(entry.subject).contains { $0 < position }
            entries[position]?.state = isBehind ? .held : .retry(due: 0, attempts: 0)
        case .delivered: entries[position]?.state = .ended(.delivered)
        case .dead: entries[position]?.state = .ended(.dead)
        case .expired: entries[position]?.state = .ended(.expired)
        }
        if isDeferred, let first = waiting(entry.subject).first, entries[first]?.state == .held {
            entries[first]?.state = .retry(due: 0, attempts: 0)
        }
    }

    /// A new process gets at once what the one before had claimed.
    mutating func freeClaims() {
        for (position, entry) in entries {
            if case .retry(_, let attempts, true) = entry.state {
                entries[position]?.state = .retry(due: 0, attempts: attempts)
            }
        }
    }

    private func waiting(_ subject: String) -> [Int64] {
        entries.filter { entry in
            guard entry.value.subject == subject else { return false }
            switch entry.value.state {
            case .retry, .held: return true
            case .line, .ended: return false
            }
        }.keys.sorted()
    }
}

@Suite("Whatever happens to entries, the file knows it")
struct ModelTests {
    @Test(
        "Random operations leave the states of a simple model, also after a stop and after a crash",
        arguments: 1...12
    )
    func random(seed: Int) async throws {
        var seed = SeededRandom(seed: UInt64(seed))
        let files = try TemporaryJournal()
        var harness = try await files.open()
        var models = [Model(), Model()]
        var last: Int64 = 0
        // Ahead of the wall clock, so that what is due at once is due.
        var now = Timestamp.now().milliseconds + 3_600_000
        for step in 0..<160 {
            now += 10
            switch Int.random(in: 0..<10, using: &seed) {
            case 0...3:
                let new = (0...Int.random(in: 0...4, using: &seed)).map { number in
                    JournalHarness.entry(
                        step * 10 + number,
                        subject: "call \(Int.random(in: 0...3, using: &seed))",
                        to: [[0], [1], [0, 1], []][Int.random(in: 0...3, using: &seed)]
                    )
                }
                try await harness.append(new)
                for entry in new {
                    last += 1
                    for place in 0...1 where entry.destinations.contains(place) {
                        models[place].entries[last] = .init(subject: entry.event.draft.subject, state: .line)
                    }
                }
            case 4...6:
                let place = Int.random(in: 0...1, using: &seed)
                let leases = try await harness.read(place, limit: Int.random(in: 1...12, using: &seed))
                #expect(leases.map(\.entry.position.value) == Array(models[place].line.prefix(leases.count)))
                for lease in leases.shuffled(using: &seed).prefix(6) {
                    let outcome = seed.outcome(now)
                    harness.settle(lease.entry, at: place, outcome, attempt: outcome == .held ? nil : lease.attempt)
                    models[place].settle(lease.entry.position.value, outcome, attempts: lease.attempt)
                }
            case 7...8:
                let place = Int.random(in: 0...1, using: &seed)
                let leases = try await harness.lease(place, now: now, expiry: now + 15).leases
                #expect(leases.map(\.entry.position.value).sorted() == models[place].due(by: now))
                for lease in leases {
                    let position = lease.entry.position.value
                    guard case .retry(_, let attempts, _) = models[place].entries[position]?.state else { continue }
                    #expect(lease.attempt == attempts + 1)
                    models[place].entries[position]?.state = .retry(
                        due: now + 15,
                        attempts: attempts + 1,
                        isClaimed: true
                    )
                    guard Bool.random(using: &seed) else { continue }
                    let outcome = seed.outcome(now)
                    guard outcome != .held else { continue }
                    harness.settle(lease, at: place, outcome)
                    models[place].settle(position, outcome, attempts: attempts + 1)
                }
            default:
                if Bool.random(using: &seed) {
                    try await harness.close()
                } else {
                    // What a crash leaves: the file and its log as they are between two commits.
                    _ = try await harness.read(0, limit: 1)
                    try files.copyAside()
                    try await harness.close()
                    try files.restoreCopy()
                }
                harness = try await files.open()
                for place in 0...1 { models[place].freeClaims() }
                try compare(models, files)
                for place in 0...1 {
                    let line = try await harness.read(place).map(\.entry.position.value)
                    #expect(line == models[place].line)
                }
            }
        }
        try await harness.close()
        try compare(models, files)
    }

    private func compare(_ models: [Model], _ files: TemporaryJournal) throws {
        let reader = try JournalReader(path: files.path)
        #expect(try files.problems() == [])
        for record in try reader.tail(JournalFilter(), after: .start, limit: .max) {
            for delivery in record.deliveries {
                let model = models[delivery.destination == "a" ? 0 : 1].entries[record.entry.position.value]
                let expected =
                    switch model?.state {
                    case .line: "line"
                    case .retry: "retry"
                    case .held: "held"
                    case .ended(let state): state.rawValue
                    case nil: "nothing"
                    }
                #expect(delivery.detail == expected, "\(record.entry.position) at \(delivery.destination)")
            }
        }
    }
}

extension SeededRandom {
    fileprivate mutating func outcome(_ now: Int64) -> Settlement.Outcome {
        switch Int.random(in: 0...6, using: &self) {
        case 0...2: .delivered
        case 3: .deferred(until: Timestamp(milliseconds: now + Int64.random(in: 0...30, using: &self)))
        case 4: .held
        case 5: .dead(reason: "refused")
        default: .expired
        }
    }
}
