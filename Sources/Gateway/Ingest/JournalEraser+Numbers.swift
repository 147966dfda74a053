import Journal
import Sipgate

extension JournalEraser {
    /// Takes telephone numbers out of the events of all providers.
    static let numbers = JournalEraser(
        eraser: { number in
            guard let eraser = try? NumberEraser(number) else { return nil }
            return { eraser.erase($0) }
        },
        trace: { (try? NumberEraser($0))?.digits ?? [] }
    )
}
