extension Breakage {
    static let journal: [Breakage] = [
        .init("durable: false", "durable: true", at: "18:14", "routes[0].durable", "needs a journal; add `journal:"),
        .init("event_loops: 2", "journal: {}", at: "2:10", "journal.path", "is missing; add `path: ../var/journal"),
        .init("event_loops: 2", "journal: x", at: "2:10", "journal", "has to be a mapping"),
        .init("event_loops: 2", "journal: {path: var/}", at: "2:17", "journal.path", "names a folder"),
        .init("event_loops: 2", "journal: {path: .}", at: "2:17", "journal.path", "it is a folder"),
        .init("event_loops: 2", "journal: {path: j, retain: 7}", at: "2:28", "journal.retain", "no unit"),
        .init("event_loops: 2", "journal: {path: j, retain: 1s}", at: "2:28", "journal.retain", "between 1m and 3650d"),
        .init("event_loops: 2", "journal: {path: j, max_size: 1MiB}", at: "2:30", "journal.max_size", "between 16MiB"),
        .init("event_loops: 2", "journal: {path: j, size: 1GiB}", at: "2:20", "journal.size", "unknown key `size`"),
    ]

    static let delivery: [Breakage] = [
        .init(
            "timeout: 5s",
            "expire: {started: 1s}",
            at: "23:14",
            "destinations[0].expire.started",
            "one of: `call.started`"
        ),
        .init(
            "timeout: 5s",
            "expire: {call.started: soon}",
            at: "23:28",
            "destinations[0].expire.call.started",
            "no duration"
        ),
        .init(
            "timeout: 5s",
            "retry: {first_delay: 1ms}",
            at: "23:26",
            "destinations[0].retry.first_delay",
            "between 10ms and 1d"
        ),
        .init(
            "timeout: 5s",
            "retry: {max_delay: 500ms}",
            at: "23:13",
            "destinations[0].retry.max_delay",
            "shorter than `first_delay`"
        ),
        .init(
            "timeout: 5s",
            "retry: {statuses: [200]}",
            at: "23:24",
            "destinations[0].retry.statuses[0]",
            "between 300 and 599"
        ),
        .init(
            "timeout: 5s",
            "retry: {statuses: [404], dead: [404]}",
            at: "23:30",
            "destinations[0].retry.dead",
            "also one of `statuses`"
        ),
        .init(
            "timeout: 5s",
            "breaker: {failures: 0}",
            at: "23:25",
            "destinations[0].breaker.failures",
            "between 1 and 10000"
        ),
        .init(
            "timeout: 5s",
            "breaker: {open_for: 1h, max_open: 1m}",
            at: "23:29",
            "destinations[0].breaker.max_open",
            "shorter than `open_for`"
        ),
        .init("timeout: 5s", "rate: 0", at: "23:11", "destinations[0].rate", "between 1 and 100000"),
        .init("timeout: 5s", "order: call", at: "23:12", "destinations[0].order", "one of: `subject`, `none`"),
        .init("timeout: 5s", "directions: [up]", at: "23:18", "destinations[0].directions[0]", "one of: `in`, `out`"),
        .init("timeout: 5s", "directions: [in, in]", at: "23:22", "destinations[0].directions[1]", "named twice"),
        .init(
            "timeout: 5s",
            "signing_secret: whsec_abc",
            at: "23:21",
            "destinations[0].signing_secret",
            "must not stand in the file"
        ),
        .init("timeout: 5s", "signing_secret: ${env:EMPTY}", at: "23:21", "destinations[0].signing_secret", "is empty"),
        .init(
            "timeout: 5s",
            "signing_secret: ${env:WHSEC}",
            at: "23:21",
            "destinations[0].signing_secret",
            "is not base64"
        ),
    ]

    static let later: [Breakage] = [
        .init(
            "event_loops: 2",
            "admin: {address: x}",
            at: "2:18",
            "admin.address",
            "has no port; write `127.0.0.1:9443`"
        ),
        .init(
            "durable: false",
            "durable: false\n    track: false\n    rules: [{name: a, actions: []}]",
            at: "19:5",
            "routes[0].track",
            "is needed by"
        ),
        .init("event_loops: 2", "admin: {address: 0.0.0.0:1}", at: "2:18", "admin.address", "loopback interface"),
        .init(
            "event_loops: 2",
            "admin: {address: 0.0.0.0:1, users: [sipgate]}",
            at: "2:18",
            "admin.address",
            "needs `tls` and `users`"
        ),
        .init(
            "event_loops: 2",
            "admin: {address: 127.0.0.1:1, users: [sipgat]}",
            at: "2:39",
            "admin.users[0]",
            "there is no user `sipgat`; did you mean `sipgate`?"
        ),
        .init(
            "event_loops: 2",
            "admin: {address: 127.0.0.1:1, names: [gate.example:9443]}",
            at: "2:39",
            "admin.names[0]",
            "is no name of a host"
        ),
        .init("event_loops: 2", "admin: {}", at: "2:8", "admin.address", "is missing"),
    ]
}
