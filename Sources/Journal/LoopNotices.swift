import NIOCore

/// What event loops have to hear after a commit: one wake-up for each.
struct LoopNotices {
    private struct Notice: Sendable {
        let eventLoop: any EventLoop
        var news: [(receive: @Sendable (JournalNews) -> Void, news: JournalNews)] = []
        var appends: [EventLoopPromise<Void>] = []
        var others: [@Sendable () -> Void] = []
    }

    private var notices: [Notice] = []

    mutating func add(_ news: JournalNews, for attachment: Attachment) {
        notices[index(attachment.eventLoop)].news.append((attachment.receive, news))
    }

    mutating func add(_ promise: EventLoopPromise<Void>) {
        notices[index(promise.futureResult.eventLoop)].appends.append(promise)
    }

    mutating func add<Value: Sendable>(_ promise: EventLoopPromise<Value>, _ value: Value) {
        notices[index(promise.futureResult.eventLoop)].others.append { promise.succeed(value) }
    }

    /// Hands everything over: the news first, then the promises.
    mutating func deliver(_ result: Result<Void, JournalError>) {
        for notice in notices {
            notice.eventLoop.execute {
                for (receive, news) in notice.news { receive(news) }
                switch result {
                case .success:
                    for promise in notice.appends { promise.succeed() }
                case .failure(let error):
                    for promise in notice.appends { promise.fail(error) }
                }
                for other in notice.others { other() }
            }
        }
        notices.removeAll(keepingCapacity: true)
    }

    /// A gateway has a loop for each core: a search from the front is the quickest.
    private mutating func index(_ eventLoop: any EventLoop) -> Int {
        if let index = notices.firstIndex(where: { $0.eventLoop === eventLoop }) { return index }
        notices.append(Notice(eventLoop: eventLoop))
        return notices.count - 1
    }
}
