internal import COpenSSL
internal import Glibc

/// A moment of a certificate's life, to the second.
package struct CertificateTime: Sendable, Hashable, Comparable, CustomStringConvertible {
    /// Seconds since 1970 without leap seconds.
    package let unixSeconds: Int64

    package init(unixSeconds: Int64) {
        self.unixSeconds = unixSeconds
    }

    /// The system's clock now.
    package static var now: CertificateTime { CertificateTime(unixSeconds: Int64(time(nil))) }

    /// Nil: the certificate holds something that is no time.
    init?(_ time: UnsafePointer<ASN1_TIME>?) {
        var parts = tm()
        guard let time, ASN1_TIME_to_tm(time, &parts) == 1 else { return nil }
        self.init(unixSeconds: Int64(timegm(&parts)))
    }

    /// The moment that many days later, or earlier if negative.
    package func adding(days: Int) -> CertificateTime {
        CertificateTime(unixSeconds: unixSeconds + Int64(days) * 86_400)
    }

    /// Whole days from here to `other`, rounded down.
    package func days(until other: CertificateTime) -> Int {
        Int((Double(other.unixSeconds - unixSeconds) / 86_400).rounded(.down))
    }

    package static func < (left: CertificateTime, right: CertificateTime) -> Bool {
        left.unixSeconds < right.unixSeconds
    }

    /// `2026-01-31 23:59:59 UTC`.
    package var description: String {
        var seconds = time_t(unixSeconds)
        var parts = tm()
        guard gmtime_r(&seconds, &parts) != nil else { return "\(unixSeconds) s" }
        func two(_ number: Int32) -> String { number < 10 ? "0\(number)" : "\(number)" }
        return "\(parts.tm_year + 1900)-\(two(parts.tm_mon + 1))-\(two(parts.tm_mday))"
            + " \(two(parts.tm_hour)):\(two(parts.tm_min)):\(two(parts.tm_sec)) UTC"
    }
}
