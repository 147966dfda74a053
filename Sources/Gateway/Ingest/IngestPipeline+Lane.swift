import Delivery
import NIOCore
import Webhooks

extension IngestPipeline {
    /// A route with what only this loop may touch.
    final class Lane {
        /// Its position in the configuration.
        let index: Int
        /// The route.
        let route: Route
        /// The provider of the route: decodes its pushes and writes its replies.
        let provider: any Provider
        /// The CloudEvents `source` of the route's events.
        let source: String
        /// Who may post, by address.
        let addresses: AddressRules
        /// Who may post, by certificate.
        let certificates: CertificateRules
        /// Whether the reply waits for the journal; else for the destinations.
        let isDurable: Bool
        /// What proves that a push to a follow-up address is the provider's.
        let followUps: FollowUpPolicy
        /// Who is asked before the reply, and for how long; nil: nobody.
        let inquiry: (inquirer: Inquirer, deadline: TimeAmount)?

        init(
            index: Int,
            route: Route,
            provider: any Provider,
            source: String,
            addresses: AddressRules,
            certificates: CertificateRules,
            isDurable: Bool,
            followUps: FollowUpPolicy,
            inquiry: (inquirer: Inquirer, deadline: TimeAmount)?
        ) {
            self.index = index
            self.route = route
            self.provider = provider
            self.source = source
            self.addresses = addresses
            self.certificates = certificates
            self.isDurable = isDurable
            self.followUps = followUps
            self.inquiry = inquiry
        }
    }
}
