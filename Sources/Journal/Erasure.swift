import GRDB
import NIOCore

/// Takes a number out of the journal, in small steps between commits: first out of the events, then out of everything that
/// was deleted and whose bytes still stand in the file, and looks whether that has worked.
///
/// After a restart it begins anew at the first event that was not looked at. When the request's own number was gone
/// already, it overwrites once more what was deleted.
struct Erasure {
    private enum Stage {
        case events
        /// Pages that are not in use are filled with zeros, and given back.
        case filling
        case returning
        /// The request's own number goes.
        case hiding
        /// The log is copied and emptied, and what pages hold in their gaps is overwritten.
        case clearing(offset: Int)
        case looking(offset: Int)
    }

    /// What is to be done after a step.
    enum Step {
        case next
        /// A reader is in the way: the same again, a moment later.
        case again
        case done
    }

    private var stage: Stage?
    /// How often the number was found at the end.
    private var findings = 0

    /// Does the next step for the first request.
    ///
    /// - Returns: what is to be done next.
    mutating func step(_ writer: JournalWriter, _ store: JournalStore) throws -> Step {
        guard let request = store.requests.first else { return .done }
        let number = request.oblivion?.number
        let erase = number.flatMap { writer.eraser?.eraser($0) }
        if number != nil, erase == nil {
            return try finish(store, problem: "this process does not know how to erase a number")
        }
        switch stage ?? (number == nil ? .filling : .events) {
        case .events:
            try store.beginTransaction()
            let search = findings > 0 ? search(number, writer) : nil
            let isThrough = try erase.map { try rewrite(store, request, search, $0) } ?? true
            try store.commit()
            stage = isThrough ? .filling : .events
        case .filling:
            try store.beginTransaction()
            stage = try store.fillUnusedPages() ? .returning : .filling
            try store.commit()
        case .returning:
            try store.beginTransaction()
            stage = try store.returnZeroedPages() ? .hiding : .returning
            try store.commit()
        case .hiding:
            try store.beginTransaction()
            try store.hideOrder()
            try store.commit()
            stage = .clearing(offset: 0)
        case .clearing(let offset):
            switch try store.clearUnusedBytes(at: offset, path: writer.file.path) {
            case .again: return .again
            case .done(let next?): stage = .clearing(offset: next)
            case .done:
                guard number != nil, request.left == 0 else { return try finish(store, problem: nil) }
                stage = .looking(offset: 0)
            }
        case .looking(let offset):
            guard let search = search(number, writer) else { return try finish(store, problem: nil) }
            switch try Erasure.look(for: search, in: store, at: offset) {
            case .nothing(let next?): stage = .looking(offset: next)
            case .nothing: return try finish(store, problem: nil)
            case .found: return try goOn(writer, store)
            }
        }
        return .next
    }

    private func search(_ number: String?, _ writer: JournalWriter) -> NumberSearch? {
        let trace = number.flatMap { writer.eraser?.trace($0) } ?? []
        return trace.isEmpty ? nil : NumberSearch(trace)
    }

    /// Says whether all events were looked at.
    ///
    /// Without a search, nobody asks whether the number stands where it stays.
    private func rewrite(
        _ store: JournalStore,
        _ request: JournalStore.Request,
        _ search: NumberSearch?,
        _ erase: (ByteBuffer) -> ByteBuffer?
    ) throws -> Bool {
        var request = request
        try store.rewrite(&request, search, erase)
        store.requests[0] = request
        return request.resume >= store.last
    }

    /// The number is still there: in events that came meanwhile, where it stays, or behind a content that ends within its
    /// page.
    ///
    /// Only a new file is rid of the last; it is made when no gateway waits for it.
    private mutating func goOn(_ writer: JournalWriter, _ store: JournalStore) throws -> Step {
        findings += 1
        if findings == 1 {
            try store.beginTransaction()
            try store.restoreOrder()
            try store.commit()
            stage = .events
            return .next
        }
        guard findings == 2, writer.destinations.isEmpty else { return try finish(store, problem: remains(store)) }
        do {
            try store.rebuild()
        } catch let error as DatabaseError where error.resultCode == .SQLITE_FULL {
            let bytes = try store.usedBytes()
            let words = "traces are left in the file, and the disk has no room to write it anew"
            return try finish(store, problem: words + ": free \(bytes >> 20) MiB and run it again")
        }
        stage = .clearing(offset: 0)
        return .next
    }

    /// Where the number must be, after all that was done.
    private func remains(_ store: JournalStore) -> String {
        let staying = store.requests.first?.staying ?? 0
        if findings > 2 || staying > 0 {
            let events = staying == 1 ? " of 1 event" : staying > 1 ? " of \(staying) events" : ""
            let words =
                "the number stands in an id, a trace or a certificate\(events), which stay until they are pruned"
            return findings > 2 ? words : words + ": whether it stands anywhere else is told with the gateway stopped"
        }
        return
            "the number is in the file again, as calls with it go on: run it again when they are over; should it say "
            + "the same then, with the gateway stopped"
    }

    private func finish(_ store: JournalStore, problem: String?) throws -> Step {
        try store.beginTransaction()
        try store.finishRequest(problem: problem)
        try store.commit()
        try store.overwrite(store.requests.contains { $0.action == .forget })
        return .done
    }

    private enum Look {
        /// With where to go on; nil: that was the end.
        case nothing(next: Int?)
        case found
    }

    /// Looks for the number in a stretch of the file.
    private static func look(for number: NumberSearch, in store: JournalStore, at offset: Int) throws -> Look {
        let bytes = try StoredBytes.read(JournalStore.stretch, at: offset, store.database)
        let isEnd = bytes.count < JournalStore.stretch
        let isFound = bytes.withUnsafeBytes { number.finds(in: $0, isBeginning: offset == 0, isEnd: isEnd) }
        if isFound { return .found }
        return .nothing(next: isEnd ? nil : offset + bytes.count - number.overlap)
    }
}
