extension Breakage {
    static let all: [Breakage] =
        top + listeners + users + routes + destinations + journal + delivery + later + clients + refusals + alarms
        + tracing

    private static let top: [Breakage] = [
        .init("public_url: https://hooks.example.net:8443\n", "", at: "1:1", "public_url", "is missing"),
        .init("public_url: https", "public_url: http", at: "1:13", "public_url", "is not https"),
        .init("net:8443", "net:8443/", at: "1:13", "public_url", "no slash at the end"),
        .init("net:8443", "net:8443?a=b", at: "1:13", "public_url", "goes on behind the host"),
        .init("https://hooks", "https://user:pass@hooks", at: "1:13", "public_url", "user information"),
        .init("https://hooks", "hooks", at: "1:13", "public_url", "no absolute URL"),
        .init("net:8443", "net:84430", at: "1:13", "public_url", "no valid port"),
        .init("https://hooks.example.net:8443", "", at: "1:12", "public_url", "has no value"),
        .init("https://hooks.example.net:8443", "${env:URL}", at: "1:13", "public_url", "only for secrets"),
        .init("https://hooks.example.net:8443", "[a]", at: "1:13", "public_url", "not a list"),
        .init("event_loops: 2", "event_loop: 2", at: "2:1", "event_loop", "did you mean `event_loops`?"),
        .init("event_loops: 2", "event_loops: 0", at: "2:14", "event_loops", "between 1 and 1024"),
        .init("event_loops: 2", "event_loops: two", at: "2:14", "event_loops", "has to be a whole number, not `two`"),
        .init("event_loops: 2", "event_loops: 0x2", at: "2:14", "event_loops", "has to be a whole number"),
        .init("event_loops: 2", "event_loops: \"2\"", at: "2:14", "event_loops", "has to be a whole number"),
        .init("event_loops: 2", "event_loops: 99999999999999999999", at: "2:14", "event_loops", "out of range"),
        .init("event_loops: 2", "on: 2", at: "2:1", "on", "unknown key `on`; one of: `public_url`"),
        .init("event_loops: 2", "public_url: x", at: "2:1", "public_url", "given twice; the first one is in line 1"),
        .init(
            "shutdown_timeout: 1500ms",
            "shutdown_timeout: 0s",
            at: "28:19",
            "shutdown_timeout",
            "between 100ms and 10m"
        ),
        .init("${env:FOLLOW}", "0123456789abcdef0123", at: "27:16", "follow_up_key", "must not stand in the file"),
        .init("${env:FOLLOW}", "${env:SHORT}", at: "27:16", "follow_up_key", "shorter than 16 bytes"),
        .init("${env:FOLLOW}", "${env:NOWHERE}", at: "27:16", "follow_up_key", "variable `NOWHERE` is not set"),
        .init("${env:FOLLOW}", "${credential:key}", at: "27:16", "follow_up_key", "CREDENTIALS_DIRECTORY is not set"),
        .init("${env:FOLLOW}", "${credential:../key}", at: "27:16", "follow_up_key", "is no complete reference"),
        .init("${env:FOLLOW}", "${file:nowhere}", at: "27:16", "follow_up_key", "no such file or directory"),
        .init(
            "follow_up_key",
            "certificate_command: [nowhere]\nfollow_up_key",
            at: "27:23",
            "certificate_command[0]",
            "no such file or directory"
        ),
        .init(
            "follow_up_key",
            "certificate_command: [server.pem]\nfollow_up_key",
            at: "27:23",
            "certificate_command[0]",
            "permission denied"
        ),
        .init(
            "follow_up_key",
            "certificate_command: []\nfollow_up_key",
            at: "27:1",
            "certificate_command",
            "the list is empty"
        ),
        .init(
            "follow_up_key",
            "pid_file: run/\nfollow_up_key",
            at: "27:11",
            "pid_file",
            "name a file: `run/hookgate.pid`"
        ),
        .init("follow_up_key", "pid_file: .\nfollow_up_key", at: "27:11", "pid_file", "names a folder"),
        .init("level: info", "level: inform", at: "29:18", "logging.level", "did you mean `info`?"),
        .init("level: info", "level: off", at: "29:18", "logging.level", "takes `off` for a boolean"),
        .init("format: text", "format: xml", at: "29:32", "logging.format", "one of: `text`, `json`"),
        .init("data: true", "data: yes", at: "29:58", "logging.mask_personal_data", "write `true` or `false`"),
        .init("data: true", "data: \"true\"", at: "29:58", "logging.mask_personal_data", "remove the quotes"),
        .init("data: true", "data: 1", at: "29:58", "logging.mask_personal_data", "not `1`"),
        .init(
            "data: true",
            "data: true, pseudonym_key: 0123456789abcdef0123",
            at: "29:79",
            "logging.pseudonym_key",
            "must not stand in the file"
        ),
        .init(
            "data: true",
            "data: true, pseudonym_key: \"${env:SHORT}\"",
            at: "29:79",
            "logging.pseudonym_key",
            "shorter than 16 bytes"
        ),
        .init(
            "data: true",
            "data: true, pseudonym_keys: x",
            at: "29:64",
            "logging.pseudonym_keys",
            "did you mean `pseudonym_key`?"
        ),
        .init(
            "logging: {level: info, format: text, mask_personal_data: true}",
            "logging: loud",
            at: "29:10",
            "logging",
            "has to be a mapping"
        ),
    ]

    private static let listeners: [Breakage] = [
        .init("0.0.0.0:8443", "0.0.0.0", at: "4:14", "listeners[0].address", "write `0.0.0.0:8443`"),
        .init("0.0.0.0:8443", "\"*:8443\"", at: "4:14", "listeners[0].address", "write `0.0.0.0:8443` for every"),
        .init("0.0.0.0:8443", "::1:8443", at: "4:14", "listeners[0].address", "in brackets"),
        .init("0.0.0.0:8443", "0.0.0.0:99999", at: "4:14", "listeners[0].address", "no valid port"),
        .init("0.0.0.0:8443", "256.0.0.1:8443", at: "4:14", "listeners[0].address", "no valid host"),
        .init(
            "0.0.0.0:8443",
            "0.0.0.0:8443\n    socket_name: a:b",
            at: "5:18",
            "listeners[0].socket_name",
            "`FileDescriptorName=` in its unit"
        ),
        .init(
            "chain: server.pem",
            "chain: \"${credential:server.pem}\"",
            at: "6:30",
            "listeners[0].tls.certificates[0].chain",
            "`LoadCredential=server.pem:/path` in the unit"
        ),
        .init(
            "- address: 0.0.0.0:8443",
            "- adress: 0.0.0.0:8443\n    address: 0.0.0.0:8443",
            at: "4:5",
            "listeners[0].adress",
            "did you mean `address`?"
        ),
        .init(
            "minimum_version: \"1.3\"",
            "minimum_version: 1.1",
            at: "7:24",
            "listeners[0].tls.minimum_version",
            "one of: `1.2`, `1.3`"
        ),
        .init(
            "minimum_version: \"1.3\"",
            "min_version: 1.2",
            at: "7:7",
            "listeners[0].tls.min_version",
            "`minimum_version`"
        ),
        .init(
            "[{chain: server.pem, key: server.key}]",
            "[]",
            at: "6:7",
            "listeners[0].tls.certificates",
            "the list is empty"
        ),
        .init(
            "key: server.key}",
            "key: server.key}, {chain: server.pem, key: gone.key}",
            at: "6:85",
            "listeners[0].tls.certificates[1].key",
            "no such file"
        ),
        .init(", key: server.key", "", at: "6:22", "listeners[0].tls.certificates[0].key", "is missing"),
        .init(
            "key: server.key",
            "key: nowhere.key",
            at: "6:47",
            "listeners[0].tls.certificates[0].key",
            "no such file"
        ),
        .init(
            "key: server.key",
            "key: server.key, pass_phrase: x",
            at: "6:72",
            "listeners[0].tls.certificates[0].pass_phrase",
            "must not stand in the file"
        ),
        .init(
            "limits: {header_timeout: 10s",
            "deny: [10.0.0.1/8]\n    limits: {header_timeout: 10s",
            at: "8:12",
            "listeners[0].deny[0]",
            "bits behind its prefix"
        ),
        .init(
            "limits: {header_timeout: 10s",
            "allow: example.org\n    limits: {header_timeout: 10s",
            at: "8:12",
            "listeners[0].allow",
            "is no IP address"
        ),
        .init(
            "max_connections: 10000",
            "max_connections_per_address: 0",
            at: "8:117",
            "listeners[0].limits.max_connections_per_address",
            "between 1 and"
        ),
        .init(
            "header_timeout: 10s",
            "header_timeout: 10",
            at: "8:30",
            "listeners[0].limits.header_timeout",
            "a bare number has no unit"
        ),
        .init(
            "header_timeout: 10s",
            "header_timeout: 1.5s",
            at: "8:30",
            "listeners[0].limits.header_timeout",
            "no duration"
        ),
        .init(
            "header_timeout: 10s",
            "header_timeout: 24h",
            at: "8:30",
            "listeners[0].limits.header_timeout",
            "between 100ms and 10m"
        ),
        .init(
            "header_timeout: 10s",
            "header_timeout: 99999999999999h",
            at: "8:30",
            "listeners[0].limits.header_timeout",
            "no duration"
        ),
        .init(
            "header_timeout",
            "headers_timeout",
            at: "8:14",
            "listeners[0].limits.headers_timeout",
            "did you mean `header_timeout`?"
        ),
        .init("64KiB", "64KB", at: "8:81", "listeners[0].limits.max_body", "write `64KiB`"),
        .init("64KiB", "2GiB", at: "8:81", "listeners[0].limits.max_body", "between 1KiB and 16MiB"),
        .init("10000}", "0}", at: "8:105", "listeners[0].limits.max_connections", "between 1 and 1000000"),
        .init(
            "users:\n  - {name",
            "  - address: 127.0.0.1:8443\n    tls: {certificates: [{chain: server.pem, key: server.key}]}\nusers:\n  - {name",
            at: "9:5",
            "listeners[1].address",
            "clashes with the listener in line 4"
        ),
    ]

    private static let users: [Breakage] = [
        .init(
            "{name: sipgate, password_hash",
            "{name: sipgate, pasword_hash",
            at: "10:21",
            "users[0].pasword_hash",
            "`password_hash`"
        ),
        .init(
            "\"$2y$04$abc",
            "\"$1$04$abc",
            at: "10:36",
            "users[0].password_hash",
            "of the scheme $1$ are not accepted"
        ),
        .init("\"$2y$04$abc", "\"$2y$04$", at: "10:36", "users[0].password_hash", "not a whole hash"),
        .init("\"$2y$04$abc", "\"hunter2", at: "10:36", "users[0].password_hash", "no usable password hash"),
        .init("    password: ${env:SECOND}\n", "", at: "11:5", "users[1].password_hash", "the user has no password"),
        .init("${env:SECOND}", "hunter2", at: "12:15", "users[1].password", "must not stand in the file"),
        .init("${env:SECOND}", "x${env:SECOND}", at: "12:15", "users[1].password", "no complete reference"),
        .init("${env:SECOND}", "${SECOND}", at: "12:15", "users[1].password", "no complete reference"),
        .init("${env:SECOND}", "${env:EMPTY}", at: "12:15", "users[1].password", "is empty"),
        .init("${env:SECOND}", "${env:CONTROL}", at: "12:15", "users[1].password", "control character"),
        .init("${env:SECOND}", "[a]", at: "12:15", "users[1].password", "a single value, not a list"),
        .init(
            "routes:",
            "  - name: sipgate\n    password: ${env:SECOND}\nroutes:",
            at: "13:5",
            "users[2].name",
            "the user `sipgate` is given twice"
        ),
        .init(
            "routes:",
            "  - name: a:b\n    password: ${env:SECOND}\nroutes:",
            at: "13:11",
            "users[2].name",
            "holds a colon"
        ),
        .init(
            "routes:",
            "  - name: no\n    password: ${env:SECOND}\nroutes:",
            at: "13:11",
            "users[2].name",
            "takes `no` for a boolean"
        ),
    ]

    private static let routes: [Breakage] = [
        .init("/hooks/sipgate", "hooks/sipgate", at: "14:11", "routes[0].path", "write `/hooks/sipgate`"),
        .init("/hooks/sipgate", "/hooks/sipgate?a", at: "14:11", "routes[0].path", "holds a query"),
        .init("/hooks/sipgate", "/hooks/sipgate#a", at: "14:11", "routes[0].path", "holds a fragment"),
        .init("/hooks/sipgate", "/hooks/%73", at: "14:11", "routes[0].path", "percent-encoded"),
        .init("/hooks/sipgate", "/hooks/../x", at: "14:11", "routes[0].path", "holds `.` or `..`"),
        .init("/hooks/sipgate", "/hooks//x", at: "14:11", "routes[0].path", "single slashes"),
        .init("/hooks/sipgate", "/hooks/", at: "14:11", "routes[0].path", "write `/hooks`"),
        .init("/hooks/sipgate", "/", at: "14:11", "routes[0].path", "is the root"),
        .init("/hooks/sipgate", "/hooks/ü", at: "14:11", "routes[0].path", "no path may hold"),
        .init("provider: sipgate", "provider: sipgaet", at: "15:15", "routes[0].provider", "did you mean `sipgate`?"),
        .init(
            "    users: [sipgate, second]\n",
            "",
            at: "14:5",
            "routes[0].users",
            "a route without users is not served"
        ),
        .init("users: [sipgate, second]", "users: []", at: "16:5", "routes[0].users", "the list is empty"),
        .init("users: [sipgate, second]", "users: sipgate", at: "16:12", "routes[0].users", "has to be a list"),
        .init(
            "users: [sipgate, second]",
            "users: [sipgate, secnd]",
            at: "16:22",
            "routes[0].users[1]",
            "did you mean `second`?"
        ),
        .init("users: [sipgate, second]", "users: [second, second]", at: "16:21", "routes[0].users[1]", "named twice"),
        .init(
            "[crm, call-log]",
            "[crm, call_log]",
            at: "17:25",
            "routes[0].destinations[1]",
            "did you mean `call-log`?"
        ),
        .init(
            "durable: false\n",
            "durable: false\n  - path: /hooks/sipgate\n    provider: sipgate\n    users: [second]\n    destinations: [crm]\n",
            at: "19:5",
            "routes[1].path",
            "another route has this path"
        ),
        .init(
            "durable: false\n",
            "durable: false\n  - path: /hooks/sipgate/answer/x\n    provider: sipgate\n    users: [second]\n    destinations: [crm]\n",
            at: "19:5",
            "routes[1].path",
            "clashes with the follow-up"
        ),
    ]

    private static let destinations: [Breakage] = [
        .init(
            "http://127.0.0.1:9000/events",
            "http://127.0.0.1:9000/events\n    tls: {ca: server.pem}",
            at: "22:5",
            "destinations[0].tls",
            "is for https addresses"
        ),
        .init(
            "http://127.0.0.1:9000/events",
            "https://127.0.0.1:9000/events\n    tls: {pins: [abc]}",
            at: "22:18",
            "destinations[0].tls.pins[0]",
            "is no pin of a public key"
        ),
        .init(
            "http://127.0.0.1:9000/events",
            "https://127.0.0.1:9000/events\n    tls: {ca: nowhere.pem}",
            at: "22:15",
            "destinations[0].tls.ca",
            "no such file"
        ),
        .init(
            "http://127.0.0.1:9000/events",
            "http://user:pass@127.0.0.1:9000/",
            at: "21:10",
            "destinations[0].url",
            "user information"
        ),
        .init(
            "http://127.0.0.1:9000/events",
            "http://127.0.0.1:9000/a#b",
            at: "21:10",
            "destinations[0].url",
            "has a fragment"
        ),
        .init(
            "http://127.0.0.1:9000/events",
            "http://127.0.0.1:x/",
            at: "21:10",
            "destinations[0].url",
            "no valid port"
        ),
        .init(
            "http://127.0.0.1:9000/events",
            "ftp://127.0.0.1/",
            at: "21:10",
            "destinations[0].url",
            "neither http nor https"
        ),
        .init("http://127.0.0.1:9000/events", "http:///events", at: "21:10", "destinations[0].url", "no valid host"),
        .init(
            "http://127.0.0.1:9000/events",
            "\"http://a/b c\"",
            at: "21:10",
            "destinations[0].url",
            "percent-encoded"
        ),
        .init(
            "format: cloudevents",
            "format: cloudevent",
            at: "22:13",
            "destinations[0].format",
            "did you mean `cloudevents`?"
        ),
        .init("timeout: 5s", "timeout: 1h", at: "23:14", "destinations[0].timeout", "between 10ms and 1m"),
        .init(
            "concurrency: 16",
            "concurrency: -1",
            at: "24:18",
            "destinations[0].concurrency",
            "has to be a whole number"
        ),
        .init("call.ended", "call.end", at: "25:27", "destinations[0].types[1]", "did you mean `call.ended`?"),
        .init("call.ended", "call.started", at: "25:27", "destinations[0].types[1]", "named twice"),
        .init(
            "follow_up_key",
            "  - {name: crm, url: \"http://a\"}\nfollow_up_key",
            at: "27:12",
            "destinations[2].name",
            "is given twice"
        ),
    ]
}
