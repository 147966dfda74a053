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
            let isThrough = try erase.map { try rewrite(store, request, $0) } ?? true
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
            let trace = number.flatMap { writer.eraser?.trace($0) } ?? []
            switch try Erasure.look(for: trace, in: store, at: offset) {
            case .nothing(let next?): stage = .looking(offset: next)
            case .nothing: return try finish(store, problem: nil)
            case .found: return try goOn(writer, store)
            }
        }
        return .next
    }

    /// - Returns: whether all events were looked at.
    private func rewrite(
        _ store: JournalStore,
        _ request: JournalStore.Request,
        _ erase: (ByteBuffer) -> ByteBuffer?
    ) throws -> Bool {
        var request = request
        try store.rewrite(&request, erase)
        store.requests[0] = request
        return request.resume >= store.last
    }

    /// The number is still there: in events that came meanwhile, or behind a content that ends within its page.
    ///
    /// Only a new file is rid of the latter; it is made when no gateway waits for it.
    private mutating func goOn(_ writer: JournalWriter, _ store: JournalStore) throws -> Step {
        findings += 1
        if findings == 1 {
            stage = .events
            return .next
        }
        guard findings == 2, writer.destinations.isEmpty else {
            let words = "the number is in the file again, as calls with it go on: run it again when they are over"
            return try finish(store, problem: words + "; should it say the same then, with the gateway stopped")
        }
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

    /// Looks for bytes in a stretch of the file.
    private static func look(for trace: [UInt8], in store: JournalStore, at offset: Int) throws -> Look {
        guard !trace.isEmpty else { return .nothing(next: nil) }
        let bytes = try StoredBytes.read(JournalStore.stretch, at: offset, store.database)
        let isFound = bytes.withUnsafeBytes { holds(trace, $0) }
        if isFound { return .found }
        return .nothing(next: bytes.count < JournalStore.stretch ? nil : offset + bytes.count - trace.count)
    }

    /// Whether bytes stand among others (Horspool's way: what cannot be the end of them is passed over at once).
    static func holds(_ wanted: [UInt8], _ bytes: UnsafeRawBufferPointer) -> Bool {
        guard let last = wanted.indices.last else { return true }
        var steps = [Int](repeating: wanted.count, count: 256)
        for (place, byte) in wanted.dropLast().enumerated() { steps[Int(byte)] = last - place }
        var start = 0
        while start + wanted.count <= bytes.count {
            if bytes[start + last] == wanted[last], bytes[start..<start + wanted.count].elementsEqual(wanted) {
                return true
            }
            start += steps[Int(bytes[start + last])]
        }
        return false
    }
}
