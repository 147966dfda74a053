extension Breakage {
    /// What is wrong with `refusals`.
    static let refusals: [Breakage] = [
        .init("event_loops: 2", "refusals: {}", at: "2:1", "refusals", "add `path: ../var/refusals.sqlite`"),
        .init("event_loops: 2", "refusals: x", at: "2:11", "refusals", "has to be a mapping"),
        .init("event_loops: 2", "refusals: {path: var/}", at: "2:18", "refusals.path", "names a folder"),
        .init("event_loops: 2", "refusals: {path: r, retain: 3}", at: "2:29", "refusals.retain", "no unit"),
        .init("event_loops: 2", "refusals: {path: r, max_size: 1KiB}", at: "2:31", "refusals.max_size", "between 1MiB"),
        .init("event_loops: 2", "refusals: {path: r, max_rate: -1}", at: "2:31", "refusals.max_rate", "between 0 and"),
        .init("event_loops: 2", "refusals: {path: r, rate: 5}", at: "2:21", "refusals.rate", "unknown key `rate`"),
        .init(
            "event_loops: 2\n",
            "journal: {path: j}\nrefusals: {path: j}\n",
            at: "3:18",
            "refusals.path",
            "is the journal's file"
        ),
    ]
}
