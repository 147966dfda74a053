import Testing
import Webhooks

@testable import Edge

/// The origins of connections are made once for each kind, and few of them are kept.
struct ConnectionOriginsTests {
    private static func handshake(_ number: Int) -> ConnectionOrigin.Handshake {
        ConnectionOrigin.Handshake(version: "TLSv1.3", suite: "\(number)", isResumed: false, certificate: nil)
    }

    @Test func `With more kinds than are kept each new one takes the place of the oldest alone`() {
        let origins = ConnectionOrigins()
        func find(_ number: Int) -> ConnectionOrigin {
            origins.find("127.0.0.1:8443", http: "1.1", ConnectionOriginsTests.handshake(number))
        }
        let most = ConnectionOrigins.most
        let first = (0..<most).map(find)
        #expect((0..<most).allSatisfy { find($0) === first[$0] })
        let later = (most..<most + 2).map(find)
        #expect(
            later.map(\.handshake) == [
                ConnectionOriginsTests.handshake(most), ConnectionOriginsTests.handshake(most + 1),
            ]
        )
        #expect((2..<most).allSatisfy { find($0) === first[$0] })
        #expect(find(most) === later[0] && find(most + 1) === later[1])
        #expect(find(0) !== first[0])
    }
}
