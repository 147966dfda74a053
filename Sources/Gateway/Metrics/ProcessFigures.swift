import Foundation
import Glibc

/// What the system says of this process: Linux's /proc, and getrusage(2).
struct ProcessFigures: Sendable {
    /// User and system time, in seconds.
    let cpuSeconds: Double
    /// Nil where there is no /proc.
    let residentBytes: Int?
    let virtualBytes: Int?
    let openDescriptors: Int?
    /// The soft limit.
    let maxDescriptors: Int?

    /// Asks the system.
    static func now() -> ProcessFigures {
        var usage = rusage()
        _ = unsafe getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
        func seconds(_ time: timeval) -> Double { Double(time.tv_sec) + Double(time.tv_usec) / 1e6 }
        // In pages: size, then what of it is in memory; see proc(5).
        let pages = (try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8))?
            .split(separator: " ").compactMap { Int($0) }
        let pageSize = sysconf(Int32(_SC_PAGESIZE))
        var limit = rlimit()
        let hasLimit = unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0
        return ProcessFigures(
            cpuSeconds: seconds(usage.ru_utime) + seconds(usage.ru_stime),
            residentBytes: pages.flatMap { $0.count > 1 ? $0[1] * pageSize : nil },
            virtualBytes: pages.flatMap { $0.first.map { $0 * pageSize } },
            openDescriptors: try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count,
            maxDescriptors: hasLimit ? Int(clamping: limit.rlim_cur) : nil
        )
    }
}
