import Glibc

/// Tells glibc's allocator to keep more freed memory at hand than it does unasked.
///
/// A thread keeps seven freed blocks of each size, which suits programs that do one thing after another. An event loop
/// frees as many of a size at once as it has requests in flight, and what is beyond those seven takes the long way:
/// 3 % of a push and of a handshake. Only the environment at the start of a process can say so ("Memory Allocation
/// Tunables" in the glibc manual), so the process executes itself once: with the same id, arguments and descriptors.
package enum MallocTuning {
    private static let variable = "GLIBC_TUNABLES"
    /// Set meanwhile, so that one execution is enough whatever came of it.
    private static let mark = "HOOKGATE_MALLOC_TUNED"
    /// At most 64 sizes up to 1 KiB: 4 MiB for a thread that was busy once.
    private static let setting = "glibc.malloc.tcache_count=128"

    /// Returns when the process runs with the setting, or when it cannot or need not have it: with tunables of the
    /// operator's choice, or with a preloaded library, which may bring an allocator of its own.
    ///
    /// To be called before anything is opened, and where nothing of this process is needed any more.
    package static func apply() {
        if unsafe getenv(mark) != nil {
            // Not for the programs that it runs.
            unsafe unsetenv(mark)
            unsafe unsetenv(variable)
            return
        }
        guard unsafe getenv(variable) == nil, unsafe getenv("LD_PRELOAD") == nil, let path = executable else { return }
        unsafe setenv(variable, setting, 1)
        unsafe setenv(mark, "1", 1)
        // By its own path: that of the link would be the name that `ps` and `top` show.
        unsafe execv(path, CommandLine.unsafeArgv)
        unsafe unsetenv(mark)
        unsafe unsetenv(variable)
    }

    /// The file that runs; nil where that is the dynamic loader, ld.so(8), which would take our arguments for its own.
    private static var executable: String? {
        var path = [CChar](repeating: 0, count: Int(PATH_MAX))
        let length = unsafe readlink("/proc/self/exe", &path, path.count)
        guard length > 0, length < path.count else { return nil }
        let file = String(decoding: path[..<length].map { UInt8(bitPattern: $0) }, as: UTF8.self)
        return file.split(separator: "/").last?.hasPrefix("ld-") == true ? nil : file
    }
}
