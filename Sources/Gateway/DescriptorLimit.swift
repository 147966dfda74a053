import Glibc
import Logging

/// The process's bound on open descriptors, setrlimit(2): one for every connection.
enum DescriptorLimit {
    /// Raises the soft limit to the hard one, and warns when that is less than the configuration can use.
    ///
    /// - Parameters:
    ///   - logger: for the warning.
    ///   - wanted: connections of all listeners and destinations together.
    static func raise(logger: Logger, wanted: Int) {
        var limit = rlimit()
        guard unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return }
        if limit.rlim_cur < limit.rlim_max {
            limit.rlim_cur = limit.rlim_max
            guard unsafe setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return }
        }
        guard limit.rlim_cur < rlim_t(wanted) else { return }
        logger.warning(
            "fewer descriptors than connections: raise the limit (LimitNOFILE=) or lower max_connections",
            metadata: ["limit": "\(limit.rlim_cur)", "wanted": "\(wanted)"]
        )
    }
}
