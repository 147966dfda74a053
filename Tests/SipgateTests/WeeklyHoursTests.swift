import Foundation
import HookgateTesting
import Testing
import Webhooks

@testable import Sipgate

@Suite("Hours of the week")
struct WeeklyHoursTests {
    private static let directory = "/usr/share/zoneinfo/"

    private static func zone(_ name: String) throws -> TimeZoneTable {
        let data = try #require(FileManager.default.contents(atPath: directory + name), "needs the package tzdata")
        return try TimeZoneFile.table(from: Array(data))
    }

    /// A moment, from its name in universal time: `2026-03-29T00:59:59Z`.
    private func time(_ text: String) throws -> Timestamp {
        Timestamp(milliseconds: Int64(try Date(text, strategy: .iso8601).timeIntervalSince1970) * 1000)
    }

    private static let office = Result {
        WeeklyHours(
            [
                try WeeklyHours.Window(
                    days: [.monday, .tuesday, .wednesday, .thursday, .friday],
                    start: "08:30",
                    end: "17:00"
                )
            ],
            in: try zone("Europe/Berlin")
        )
    }

    @Test(
        "office hours are those of the clock on the wall, in winter and in summer",
        arguments: [
            ("2026-11-23T07:29:59Z", false), ("2026-11-23T07:30:00Z", true), ("2026-11-23T15:59:59Z", true),
            ("2026-11-23T16:00:00Z", false), ("2026-07-20T06:29:59Z", false), ("2026-07-20T06:30:00Z", true),
            ("2026-07-20T14:59:59Z", true), ("2026-07-20T15:00:00Z", false), ("2026-11-21T10:00:00Z", false),
            ("2026-11-22T10:00:00Z", false), ("1969-12-31T10:00:00Z", true), ("2099-07-20T06:30:00Z", true),
        ]
    )
    func officeHours(_ moment: String, _ isOpen: Bool) throws {
        #expect(try WeeklyHoursTests.office.get().contains(try time(moment)) == isOpen)
    }

    @Test(
        "on the night of spring the hour from two to three does not exist",
        arguments: [
            // A window from 02:00 to 03:00 on Sunday: empty that day. One from 01:30 to 03:30 has an hour only.
            ("02:00", "03:00", "2026-03-29T00:59:59Z", false), ("02:00", "03:00", "2026-03-29T01:00:00Z", false),
            ("01:30", "03:30", "2026-03-29T00:29:59Z", false), ("01:30", "03:30", "2026-03-29T00:30:00Z", true),
            ("01:30", "03:30", "2026-03-29T01:29:59Z", true), ("01:30", "03:30", "2026-03-29T01:30:00Z", false),
        ]
    )
    func spring(_ start: String, _ end: String, _ moment: String, _ isOpen: Bool) throws {
        let window = try WeeklyHours.Window(days: [.sunday], start: start, end: end)
        let hours = WeeklyHours([window], in: try WeeklyHoursTests.zone("Europe/Berlin"))
        #expect(hours.contains(try time(moment)) == isOpen)
    }

    @Test(
        "on the night of autumn the hour from two to three comes twice",
        arguments: [
            ("2026-10-24T23:59:59Z", false), ("2026-10-25T00:00:00Z", true), ("2026-10-25T00:59:59Z", true),
            ("2026-10-25T01:00:00Z", true), ("2026-10-25T01:59:59Z", true), ("2026-10-25T02:00:00Z", false),
        ]
    )
    func autumn(_ moment: String, _ isOpen: Bool) throws {
        let window = try WeeklyHours.Window(days: [.sunday], start: "02:00", end: "03:00")
        let hours = WeeklyHours([window], in: try WeeklyHoursTests.zone("Europe/Berlin"))
        #expect(hours.contains(try time(moment)) == isOpen)
    }

    @Test("a window past midnight belongs to the day it begins on")
    func pastMidnight() throws {
        let night = WeeklyHours([try WeeklyHours.Window(days: [.friday], start: "22:00", end: "06:00")], in: .utc)
        for (moment, isIn) in [
            ("2026-11-20T21:59:59Z", false), ("2026-11-20T22:00:00Z", true), ("2026-11-21T05:59:59Z", true),
            ("2026-11-21T06:00:00Z", false), ("2026-11-20T03:00:00Z", false), ("2026-11-21T22:00:00Z", false),
        ] {
            #expect(night.contains(try time(moment)) == isIn, "\(moment)")
        }
        let until = WeeklyHours([try WeeklyHours.Window(days: [.sunday], start: "12:00", end: "24:00")], in: .utc)
        #expect(until.contains(try time("2026-11-22T23:59:59Z")))
        #expect(!until.contains(try time("2026-11-23T00:00:00Z")))
        let everyDay = WeeklyHours([try WeeklyHours.Window(start: "00:00", end: "24:00")], in: .utc)
        for day in 1...7 { #expect(everyDay.contains(try time("2026-11-0\(day)T12:00:00Z"))) }
        #expect(!WeeklyHours([], in: .utc).contains(try time("2026-11-20T22:00:00Z")))
    }

    @Test(
        "what is no time is refused",
        arguments: [
            ("8:30", "17:00"), ("08:30", "24:01"), ("08:60", "17:00"), ("08.30", "17:00"), ("", "17:00"),
            ("08:30", "08:30"),
            ("24:00", "01:00"), ("-1:00", "17:00"), ("+1:00", "17:00"), ("08:30:00", "17:00"), ("٠٨:٣٠", "17:00"),
        ]
    )
    func badTimes(_ start: String, _ end: String) {
        #expect(throws: WeeklyHours.Problem.self) { try WeeklyHours.Window(start: start, end: end) }
    }

    @Test(
        "clocks of the world show what Python says, from 1970 to 2100",
        arguments: [
            "Europe/Berlin", "Europe/London", "Europe/Dublin", "America/New_York", "America/St_Johns",
            "America/Santiago",
            "Asia/Kolkata", "Asia/Tehran", "Australia/Lord_Howe", "Pacific/Chatham", "Pacific/Apia",
            "Africa/Casablanca",
            "America/Nuuk", "Etc/UTC", "Asia/Tokyo",
        ]
    )
    func zones(_ name: String) throws {
        let table = try WeeklyHoursTests.zone(name)
        var random = SeededRandom(seed: 7)
        var moments = (0..<2000).map { _ in Int64.random(in: 0...4_102_444_799, using: &random) }
        // And the seconds around each change of two years.
        for start in [1_767_225_600, 2_556_144_000] as [Int64] {
            for hour in 0..<(366 * 24) as Range<Int64>
            where table.offset(at: start + hour * 3600) != table.offset(at: start + (hour + 1) * 3600) {
                moments += (-1...3601).filter { $0 % 300 < 2 || $0 < 0 }.map { start + hour * 3600 + $0 }
            }
        }
        let script = """
            import sys, zoneinfo, datetime
            zone = zoneinfo.ZoneInfo(sys.argv[1])
            for line in sys.stdin:
                print(int(datetime.datetime.fromtimestamp(int(line), zone).utcoffset().total_seconds()))
            """
        let result = try Command.runBlocking(
            "python3",
            ["-c", script, name],
            input: moments.map(String.init).joined(separator: "\n")
        )
        try #require(result.status == 0, "\(result.error)")
        let expected = result.output.split(separator: "\n").compactMap { Int32($0) }
        #expect(moments.map(table.offset) == expected)
    }

    @Test("the rule of the future is read in all its forms")
    func rules() throws {
        for good in [
            "UTC0", "CET-1CEST,M3.5.0,M10.5.0/3", "<+1030>-10:30<+11>-11,M10.1.0,M4.1.0", "IST-1GMT0,M10.5.0,M3.5.0/1",
            "EST5EDT,M3.2.0,M11.1.0", "<-02>2<-01>,M3.5.0/-1,M10.5.0/0", "AAA3BBB,J60/2:30:15,300/167",
        ] {
            #expect(ClockRule(good) != nil, "\(good)")
        }
        for bad in [
            "", "CET", "CE-1", "CET-25", "CET-1CEST", "CET-1CEST,M3.5.0", "CET-1CEST,M13.5.0,M10.5.0",
            "CET-1CEST,M3.6.0,M10.5.0",
            "CET-1CEST,M3.5.7,M10.5.0", "CET-1CEST,J0,J365", "CET-1CEST,M3.5.0,M10.5.0/168",
            "CET-1CEST,M3.5.0,M10.5.0x", "<CET-1",
        ] {
            #expect(ClockRule(bad) == nil, "\(bad)")
        }
        // J60 is March 1 in every year; number 60 is February 29 of a leap year's next day.
        let julian = try #require(ClockRule("AAA0BBB,J60/0,J365/0")).changes(after: 1_704_067_200)
        #expect(julian.first?.moment == 1_709_251_200)  // 2024-03-01
        let counted = try #require(ClockRule("AAA0BBB,59/0,364/0")).changes(after: 1_704_067_200)
        #expect(counted.first?.moment == 1_709_164_800)  // 2024-02-29
    }

    @Test("a file that is cut short or changed anywhere gives clocks or a fault, never a crash")
    func damaged() throws {
        let bytes = Array(
            try #require(FileManager.default.contents(atPath: WeeklyHoursTests.directory + "Europe/Berlin"))
        )
        for count in stride(from: 0, to: bytes.count, by: 3) {
            #expect(throws: TimeZoneFile.Fault.self) { try TimeZoneFile.table(from: Array(bytes.prefix(count))) }
        }
        var random = SeededRandom(seed: 3)
        for _ in 0..<3000 {
            var damaged = bytes
            for _ in 0..<3 {
                damaged[Int.random(in: damaged.indices, using: &random)] = UInt8.random(in: 0...255, using: &random)
            }
            if let table = try? TimeZoneFile.table(from: damaged) {
                for moment in [Int64.min, -1, 0, 1_795_415_105, Int64.max] {
                    #expect(abs(table.offset(at: moment)) < 700_000)
                }
            }
        }
        #expect(throws: TimeZoneFile.Fault.malformed) { try TimeZoneFile.table(from: Array("UTC".utf8)) }
    }
}
