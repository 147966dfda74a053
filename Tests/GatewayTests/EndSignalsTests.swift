import Foundation
import Testing

@testable import Gateway

struct EndSignalsTests {
    @Test func `A signal that comes before anybody listens is heard by who listens then`() async {
        let signals = await EndSignals.trap()
        kill(getpid(), SIGTERM)
        await signals.run()
    }
}
