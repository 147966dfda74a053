import NIOCore

#if canImport(Glibc)
import Glibc
#endif

/// Wakes one waiting thread; a POSIX condition, because it can wait on the clock that nobody sets.
///
/// `@unchecked Sendable`: `isGiven` is touched with the mutex held only; mutex and condition are made for several
/// threads (POSIX.1-2017, pthread_mutex_lock and pthread_cond_timedwait), and their addresses never change.
final class WakeSignal: @unchecked Sendable {
    private let mutex: UnsafeMutablePointer<pthread_mutex_t>
    private let condition: UnsafeMutablePointer<pthread_cond_t>
    private var isGiven = false

    init() {
        mutex = .allocate(capacity: 1)
        pthread_mutex_init(mutex, nil)
        condition = .allocate(capacity: 1)
        var attributes = pthread_condattr_t()
        pthread_condattr_init(&attributes)
        pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
        pthread_cond_init(condition, &attributes)
        pthread_condattr_destroy(&attributes)
    }

    deinit {
        pthread_cond_destroy(condition)
        condition.deallocate()
        pthread_mutex_destroy(mutex)
        mutex.deallocate()
    }

    /// Lets one `wait` return, the present one or the next.
    func post() {
        pthread_mutex_lock(mutex)
        isGiven = true
        pthread_mutex_unlock(mutex)
        pthread_cond_signal(condition)
    }

    /// Blocks until a `post`, or the deadline.
    ///
    /// - Returns: Whether there was a `post`.
    func wait(until deadline: NIODeadline) -> Bool {
        let nanoseconds = deadline.uptimeNanoseconds
        var time = timespec(
            tv_sec: Int(nanoseconds / 1_000_000_000),
            tv_nsec: Int(nanoseconds % 1_000_000_000)
        )
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        while !isGiven {
            // It returns an error number: ETIMEDOUT, as nothing else can go wrong here.
            if pthread_cond_timedwait(condition, mutex, &time) != 0 { return false }
        }
        isGiven = false
        return true
    }
}
