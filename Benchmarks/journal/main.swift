import Foundation
import Journal
import NIOCore
import NIOPosix
import Synchronization
import Webhooks

// What an event costs the journal: append, commit, news, settlement. Run it with scripts of your own, or by hand:
//
//     HOOKGATE_BENCHMARKS=1 swift run -c release JournalBenchmark [EVENTS] [BACKLOG]
//
// EVENTS for each line (default 200000), BACKLOG entries that wait at a third destination (default 0). Callers run in a
// closed loop: each appends its next event when the last one is durable. CPU is that of the whole process.

let events = CommandLine.arguments.count > 1 ? Int(CommandLine.arguments[1]) ?? 200_000 : 200_000
let backlog = CommandLine.arguments.count > 2 ? Int(CommandLine.arguments[2]) ?? 0 : 0

/// User and system time of this process, in microseconds.
func processorTime() -> Double {
    var usage = rusage()
    getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
    func microseconds(_ time: timeval) -> Double { Double(time.tv_sec) * 1e6 + Double(time.tv_usec) }
    return microseconds(usage.ru_utime) + microseconds(usage.ru_stime)
}

/// The resident memory of this process, in MiB.
func memory() -> Int {
    let pages = (try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8))?.split(separator: " ")
    return (Int(pages?.dropFirst().first ?? "") ?? 0) * 4096 / (1 << 20)
}

let data = ByteBuffer(string: "{\"leg\":\"" + String(repeating: "x", count: 500) + "\"}")
let type = EventType(namespace: "io.sipgate", name: "call.started")

func entry(_ number: Int, to destinations: DestinationSet) -> NewEntry {
    let time = Timestamp.now()
    return NewEntry(
        event: Event(
            id: EventID(time: time, random: (UInt64(number), UInt64(number))),
            source: "https://hooks.example.net/hooks/sipgate",
            time: time,
            draft: EventDraft(type: type, subject: "call-1234567890-\(number)", data: data)
        ),
        route: "/hooks/sipgate",
        destinations: destinations
    )
}

/// One caller: appends, and appends again when that is durable.
final class Caller: Sendable {
    let journal: SQLiteJournal
    let loop: any EventLoop
    let left: Atomic<Int>
    let done: EventLoopPromise<Void>
    let wanted: DestinationSet

    init(_ journal: SQLiteJournal, _ loop: any EventLoop, count: Int, wanted: DestinationSet) {
        self.journal = journal
        self.loop = loop
        self.wanted = wanted
        left = Atomic(count)
        done = loop.makePromise()
    }

    func next() {
        let number = left.subtract(1, ordering: .relaxed).newValue
        if number < 0 { return done.succeed() }
        let promise = loop.makePromise(of: Void.self)
        journal.append([entry(number, to: wanted)], promise: promise)
        promise.futureResult.whenComplete { result in
            switch result {
            case .success: self.next()
            case .failure(let error): self.done.fail(error)
            }
        }
    }
}

let directory = FileManager.default.currentDirectoryPath + "/.journal-benchmark-\(getpid())"
defer { try? FileManager.default.removeItem(atPath: directory) }
let group = MultiThreadedEventLoopGroup(numberOfThreads: 2)
let loops = Array(group.makeIterator())

var limits = JournalLimits()
if let size = ProcessInfo.processInfo.environment["PAGE_SIZE"].flatMap(Int.init) { limits.pageSize = size }
if let size = ProcessInfo.processInfo.environment["CHECKPOINT"].flatMap(Int.init) { limits.checkpointSize = size << 20 }
limits.maxSize = 16 << 30
let names = ["first", "second", "down"]
var journal = try await SQLiteJournal.open(path: directory + "/journal.sqlite", destinations: names, limits: limits)

func run(_ journal: SQLiteJournal, callers count: Int, events: Int, wanted: DestinationSet) async throws {
    let before = journal.statistics
    let start = NIODeadline.now()
    let processor = processorTime()
    let callers = (0..<count).map { number in
        Caller(journal, loops[number % loops.count], count: events / count, wanted: wanted)
    }
    for caller in callers { caller.loop.execute { caller.next() } }
    for caller in callers { try await caller.done.futureResult.get() }
    let used = processorTime() - processor
    let time = Double((NIODeadline.now() - start).nanoseconds) / 1e9
    let after = journal.statistics
    let appended = after.events - before.events
    let commits = after.commitsWithEvents - before.commitsWithEvents
    print(
        String(
            format: "%4d callers: %6.1f µs CPU an event, %5.1f events a commit, %7.0f events/s, %d MiB in memory",
            count,
            used / Double(appended),
            Double(appended) / Double(max(1, commits)),
            Double(appended) / time,
            memory()
        )
    )
}

if backlog > 0 {
    print("a backlog of \(backlog):")
    try await run(journal, callers: 512, events: backlog, wanted: DestinationSet([2]))
    try await journal.close(on: loops[0]).get()
    let start = NIODeadline.now()
    journal = try await SQLiteJournal.open(path: directory + "/journal.sqlite", destinations: names, limits: limits)
    let time = Double((NIODeadline.now() - start).nanoseconds) / 1e6
    print(String(format: "opened in %.0f ms", time))
}

for place in 0...1 {
    let loop = loops[place]
    let opened = journal
    _ = try await journal.attach(place, on: loop) { news in
        guard case .committed(let entries) = news else { return }
        let now = Timestamp.now()
        opened.settle(
            entries.map { entry in
                Settlement(
                    position: entry.position,
                    subject: entry.event.draft.subject,
                    destination: place,
                    origin: .sequence,
                    outcome: .delivered,
                    attempt: AttemptRecord(number: 1, time: now, latency: 3, outcome: "delivered", status: 200)
                )
            }
        )
    }.get()
}
print("append and one settlement:")
let crowds = ProcessInfo.processInfo.environment["CALLERS"].map { $0.split(separator: ",").compactMap { Int($0) } }
for callers in crowds ?? [1, 8, 30, 64, 256] {
    try await run(journal, callers: callers, events: callers == 1 ? events / 10 : events, wanted: DestinationSet([0]))
}
print("append and two settlements:")
for callers in [30, 64] { try await run(journal, callers: callers, events: events, wanted: DestinationSet([0, 1])) }

if backlog > 0 {
    let start = NIODeadline.now()
    let processor = processorTime()
    var position = JournalPosition.start
    var count = 0
    while true {
        let leases = try await journal.read(2, after: position, limit: 256, on: loops[0]).get()
        guard let last = leases.last else { break }
        count += leases.count
        position = last.entry.position
        journal.settle(
            leases.map { lease in
                Settlement(
                    position: lease.entry.position,
                    subject: lease.entry.event.draft.subject,
                    destination: 2,
                    origin: .sequence,
                    outcome: .delivered,
                    attempt: AttemptRecord(
                        number: lease.attempt,
                        time: .now(),
                        latency: 3,
                        outcome: "delivered",
                        status: 200
                    )
                )
            }
        )
    }
    let used = processorTime() - processor
    let time = Double((NIODeadline.now() - start).nanoseconds) / 1e9
    print(
        String(
            format: "backlog read and settled: %d entries, %.1f µs CPU an entry, %.0f entries/s, %d MiB in memory",
            count,
            used / Double(max(1, count)),
            Double(count) / time,
            memory()
        )
    )
}
try await journal.close(on: loops[0]).get()
