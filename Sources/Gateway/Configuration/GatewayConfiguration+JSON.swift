import Auth
import Delivery
import Edge
import NIOCore
import OpenSSL
import Webhooks

extension GatewayConfiguration {
    /// What is in force, for operators: every part that is no secret, and of the secrets only that they are there.
    var json: ByteBuffer {
        var buffer = ByteBuffer()
        buffer.writeJSON(capacity: 4096) { json in
            json.object { json in
                json.field("public_url", publicURL)
                json.field("event_loops", eventLoops)
                json.array("listeners", listeners) { $0.listener($1) }
                json.array("users", users) { json, user in
                    json.object { json in
                        json.field("name", user.name)
                        json.field("passwords", user.passwords.count)
                    }
                }
                json.array("routes", routes) { $0.route($1) }
                json.array("destinations", destinations) { $0.destination($1) }
                if let journal {
                    json.name("journal")
                    json.object { json in
                        json.field("path", journal.path)
                        json.field("retain", DurationText.format(journal.retain))
                        json.field("max_size", journal.maxBytes)
                    }
                }
                if let refusals {
                    json.name("refusals")
                    json.object { json in
                        json.field("path", refusals.path)
                        json.field("retain", DurationText.format(refusals.retain))
                        json.field("max_size", refusals.maxBytes)
                        json.field("max_rate", refusals.maxRate)
                    }
                }
                json.name("alarms")
                json.alarms(alarms)
                if let tracing {
                    json.name("tracing")
                    json.object { json in
                        json.field("endpoint", tracing.collector.shownURL)
                        json.field("sample", "\(tracing.sample)")
                        json.field("service_name", tracing.serviceName)
                    }
                }
                json.field("follow_up_key", followUpKey != nil)
                if let certificateCommand { json.strings("certificate_command", certificateCommand) }
                json.field("pid_file", pidFile)
                json.name("logging")
                json.object { json in
                    json.field("level", logging.level)
                    json.field("format", logging.format.rawValue)
                    json.field("mask_personal_data", logging.masksPersonalData)
                    json.field("pseudonym_key", logging.pseudonymKey != nil)
                }
                json.field("shutdown_timeout", DurationText.format(shutdownTimeout))
            }
        }
        return buffer
    }
}

extension JSONWriter {
    fileprivate mutating func array<Element>(
        _ name: StaticString,
        _ elements: [Element],
        _ write: (inout JSONWriter, Element) -> Void
    ) {
        self.name(name)
        array { json in
            for element in elements { write(&json, element) }
        }
    }

    fileprivate mutating func strings(_ name: StaticString, _ texts: [String]) {
        array(name, texts) { $0.string($1) }
    }

    fileprivate mutating func listener(_ listener: ListenerConfiguration) {
        object { json in
            json.field("address", listener.shownAddress)
            json.field("socket_name", listener.socketName)
            json.field("minimum_version", listener.tls.minimumVersion)
            json.field("http2", listener.tls.offersHTTP2)
            json.strings("certificates", listener.tls.certificates.map(\.chain))
            json.field("default_name", listener.tls.defaultName)
            json.field("unknown_names", listener.tls.refusesUnknownNames ? "refuse" : "default")
            json.strings("ticket_keys", listener.tls.ticketKeys)
            json.field("client_certificates", listener.tls.clients?.need.rawValue)
            json.strings("proxies", listener.limits.proxies.map(\.description))
            json.strings("forwarded_from", listener.limits.forwarding.from.map(\.description))
            json.field("forwarded_field", listener.limits.forwarding.field.rawValue)
            json.field("max_connections", listener.limits.maxConnections)
            json.field("max_body", listener.limits.maxBodyBytes)
        }
    }

    fileprivate mutating func route(_ route: RouteConfiguration) {
        object { json in
            json.field("path", route.path)
            json.field("provider", route.provider.rawValue)
            json.strings("users", route.users)
            json.strings("destinations", route.destinations)
            json.field("durable", route.isDurable)
            if let clients = route.certificates.allowed { json.strings("clients", clients.sorted()) }
        }
    }

    fileprivate mutating func alarms(_ alarms: AlarmsConfiguration) {
        object { json in
            if let alarm = alarms.missingFollowUps {
                json.name("missing_follow_ups")
                json.object { json in
                    json.field("legs", alarm.legs)
                    json.field("percent", alarm.percent)
                    json.field("within", DurationText.format(alarm.within))
                }
            }
            if let alarm = alarms.silence {
                json.name("silence")
                json.object { json in
                    json.field("weeks", alarm.weeks)
                    json.field("pushes", alarm.pushes)
                    json.strings("holidays", alarm.holidays.sorted())
                }
            }
            if let alarm = alarms.failingDestination {
                json.name("failing_destination")
                json.object { json in
                    json.field("attempts", alarm.attempts)
                    json.field("lasting", DurationText.format(alarm.lasting))
                }
            }
            json.strings("destinations", alarms.destinations)
        }
    }

    fileprivate mutating func destination(_ destination: Destination) {
        object { json in
            json.field("name", destination.name)
            json.field("url", destination.shownURL)
            json.field("format", destination.format.rawValue)
            json.field("timeout", DurationText.format(destination.timeout))
            json.field("concurrency", destination.concurrency)
            if let types = destination.wanted.types { json.strings("types", types.sorted()) }
            json.field("first_delay", DurationText.format(destination.retry.firstDelay))
            json.field("max_delay", DurationText.format(destination.retry.maxDelay))
            json.field("give_up_after", DurationText.format(destination.retry.giveUpAfter))
            json.field("breaker_failures", destination.breaker.failures)
            json.field("breaker_open_for", DurationText.format(destination.breaker.openFor))
        }
    }
}
