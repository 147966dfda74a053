extension Breakage {
    private static func alarm(_ text: String, column: Int, _ key: String, _ words: String) -> Breakage {
        .init("event_loops: 2", "alarms: {\(text)}", at: "2:\(column)", "alarms.\(key)", words)
    }

    static let alarms: [Breakage] = [
        .init("event_loops: 2", "alarms: true", at: "2:9", "alarms", "has to be a mapping"),
        alarm("silent: {}", column: 10, "silent", "did you mean `silence`?"),
        alarm("silence: {weeks: 9}", column: 27, "silence.weeks", "between 1 and 8"),
        alarm("silence: {pushes: few}", column: 28, "silence.pushes", "has to be a whole number"),
        alarm("silence: {time_zone: Berlin}", column: 31, "silence.time_zone", "Europe/Berlin"),
        alarm("silence: {holidays: [\"13-01\"]}", column: 31, "silence.holidays[0]", "is no day"),
        alarm("silence: {holidays: [2026-2-30]}", column: 31, "silence.holidays[0]", "write `2026-04-06`"),
        alarm("silence: {enabled: no}", column: 29, "silence.enabled", "write `true` or `false`"),
        alarm("missing_follow_ups: {within: 1s}", column: 39, "missing_follow_ups.within", "between 1m and 1d"),
        alarm("missing_follow_ups: {percent: 10%}", column: 40, "missing_follow_ups.percent", "whole number"),
        alarm("failing_destination: {for: 1h}", column: 32, "failing_destination.for", "one of: `enabled`"),
        alarm("failing_destination: {lasting: 1}", column: 41, "failing_destination.lasting", "is no duration"),
        alarm("destinations: [crmm]", column: 25, "destinations[0]", "did you mean `crm`?"),
        alarm("destinations: [crm, crm]", column: 30, "destinations[1]", "is named twice"),
    ]

    private static func trace(_ text: String, column: Int, _ key: String, _ words: String) -> Breakage {
        .init("event_loops: 2", "tracing: {\(text)}", at: "2:\(column)", "tracing.\(key)", words)
    }

    static let tracing: [Breakage] = [
        .init("event_loops: 2", "tracing: {sample: 0.1}", at: "2:10", "tracing.endpoint", "is missing"),
        trace("endpoint: \"ftp://127.0.0.1:4318\"", column: 21, "endpoint", "write `http://127.0.0.1:4318`"),
        trace("endpoint: \"http://a:0\"", column: 21, "endpoint", "has port 0"),
        trace("endpoint: \"http://a\", tls: {}", column: 33, "tls", "is for https addresses"),
        trace("endpoint: \"https://a\", tls: {pin: x}", column: 40, "tls.pin", "one of: `ca`"),
        trace("endpoint: \"https://a\", tls: {ca: none.pem}", column: 44, "tls.ca", "cannot open"),
        trace("endpoint: collector", column: 21, "endpoint", "write `http://127.0.0.1:4318`"),
        trace("endpoint: \"http://a\", sample: 10%", column: 41, "sample", "from 0 to 1"),
        trace("endpoint: \"http://a\", sampel: 1", column: 33, "sampel", "did you mean `sample`?"),
    ]
}
