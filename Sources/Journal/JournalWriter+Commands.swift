import GRDB
import NIOCore
import Webhooks

/// What follows from commands once their commit has succeeded.
struct Answers {
    var attached: [(Attachment, JournalStanding)] = []
    var reads: [LineRead] = []
    var read: [(EventLoopPromise<[Lease]>, [Lease])] = []
    var leases: [(LeaseRequest, claims: [Claim], nextDue: Timestamp?)] = []
}

extension JournalWriter {
    /// Does the part of a command that belongs into the open transaction.
    func prepare(_ command: JournalCommand, _ store: JournalStore, _ answers: inout Answers) throws {
        switch command {
        case .attach(let attachment):
            answers.attached.append((attachment, try store.standing(attachment.destination)))
        case .read(let read):
            try prepare(read, store, &answers)
        case .lease(let request):
            let (claims, nextDue) = try store.claim(
                request.destination,
                dueBy: request.now,
                expiry: request.expiry,
                limit: request.limit
            )
            answers.leases.append((request, claims, nextDue))
        case .damaged(let reason):
            throw JournalStore.damage(reason)
        case .record(let activity):
            try store.record(activity)
        case .close:
            break
        }
    }

    /// Leaves out of a page what has left the line, and counts the attempts of the rest.
    private func prepare(_ read: LineRead, _ store: JournalStore, _ answers: inout Answers) throws {
        guard let page = read.page else {
            answers.reads.append(read)
            return
        }
        let place = read.destination
        var read = read
        let before = place < handedBefore.count ? handedBefore[place] : 0
        for entry in page.entries where !store.places[place].line.hasLeft(entry.position.value) {
            let attempt = entry.position.value <= before ? 2 : 1
            read.leases.append(Lease(entry: entry, attempt: attempt, origin: .sequence))
        }
        try store.pass(place, page, after: read.position)
        if let last = read.leases.last?.entry.position.value { store.hand(place, last) }
        if !page.damaged.isEmpty { file.report(.damagedEvents(page.damaged)) }
        if page.isLast || read.leases.count >= read.limit {
            answers.read.append((read.promise, read.leases))
        } else {
            read.position = page.through
            read.page = nil
            answers.reads.append(read)
        }
    }
}

extension Answers {
    /// Answers what can be answered, and sends the reader for the rest.
    func deliver(_ writer: JournalWriter, _ store: JournalStore) {
        for (attachment, standing) in attached {
            writer.attachments[attachment.destination] = attachment
            attachment.promise.succeed(standing)
        }
        for (promise, leases) in read { promise.succeed(leases) }
        let inbox = writer.inbox
        for read in reads {
            writer.reader.page(read, audiences: store.audiences) { result in
                switch result {
                case .success(let page):
                    var read = read
                    read.page = page
                    inbox.send(.read(read))
                case .failure(let error):
                    read.promise.fail(Answers.failure(error))
                    Answers.reportDamage(error, inbox)
                }
            }
        }
        for (request, claims, nextDue) in leases {
            guard !claims.isEmpty else {
                request.promise.succeed(LeaseBatch(leases: [], nextDue: nextDue))
                continue
            }
            let report = writer.file.report
            writer.reader.entries(claims, audiences: store.audiences) { result in
                switch result {
                case .success(let (leases, damaged)):
                    if !damaged.isEmpty {
                        report(.damagedEvents(damaged.map(\.position)))
                        inbox.settle(damaged.map { $0.asDead(at: request.destination) })
                    }
                    request.promise.succeed(LeaseBatch(leases: leases, nextDue: nextDue))
                case .failure(let error):
                    request.promise.fail(Answers.failure(error))
                    Answers.reportDamage(error, inbox)
                }
            }
        }
    }
}

extension Answers {
    /// What reading failed with, as callers of the journal know it.
    private static func failure(_ error: any Error) -> JournalError {
        error as? JournalError ?? .unavailable(words(error))
    }

    /// A file that is damaged is repaired by the writer.
    private static func reportDamage(_ error: any Error, _ inbox: Inbox) {
        if let error = error as? DatabaseError, error.isDamage { inbox.send(.damaged(words(error))) }
    }
}

extension Claim {
    /// An event that is damaged beyond use.
    fileprivate func asDead(at destination: Int) -> Settlement {
        Settlement(
            position: JournalPosition(position),
            subject: subject,
            destination: destination,
            origin: origin,
            outcome: .dead(reason: "damaged"),
            attempt: nil
        )
    }
}
