import Admin
import OpenSSL
import Testing

@testable import Gateway

struct HealthTests {
    @Test func `A certificate past its end makes the gateway not ready, and says which`() {
        func end(_ listener: String, _ seconds: Int64) -> GatewayMetrics.CertificateEnd {
            GatewayMetrics.CertificateEnd(listener: listener, subject: "CN=gate", unixSeconds: seconds)
        }
        let report = HealthReport(checks: [.init(name: "drain", problem: nil)])
        let now = CertificateTime(unixSeconds: 1000)
        #expect(report.with([end("a:1", 1000), end("b:2", 1001)], now: now).isReady)
        let late = report.with([end("a:1", 999), end("b:2", 1001)], now: now)
        #expect(late.checks.last == .init(name: "certificates", problem: "that of a:1, CN=gate, has ended"))
        #expect(!late.isReady)
    }
}
