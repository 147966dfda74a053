// swift-tools-version: 6.2
import PackageDescription

/// Flags of every Swift target.
///
/// `strictMemorySafety` is left out where C is called: there nearly every line is unsafe.
let common: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
]
let callsC: [SwiftSetting] = common + [.enableUpcomingFeature("MemberImportVisibility")]
let safe: [SwiftSetting] = callsC + [.strictMemorySafety()]
/// Where Foundation and C structures meet in one module, the compiler counts the members of `stat` to Glibc or to
/// CDispatch, whichever it happens to load first, and CDispatch cannot be imported: no rule of visibility there.
let besideFoundation: [SwiftSetting] = common + [.strictMemorySafety()]

let nio = (
    core: Target.Dependency.product(name: "NIOCore", package: "swift-nio"),
    posix: Target.Dependency.product(name: "NIOPosix", package: "swift-nio"),
    embedded: Target.Dependency.product(name: "NIOEmbedded", package: "swift-nio"),
    http1: Target.Dependency.product(name: "NIOHTTP1", package: "swift-nio"),
    http2: Target.Dependency.product(name: "NIOHTTP2", package: "swift-nio-http2"),
    hpack: Target.Dependency.product(name: "NIOHPACK", package: "swift-nio-http2"),
    tls: Target.Dependency.product(name: "NIOTLS", package: "swift-nio"),
    extras: Target.Dependency.product(name: "NIOExtras", package: "swift-nio-extras")
)
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let lifecycle = Target.Dependency.product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
let signals = Target.Dependency.product(name: "UnixSignals", package: "swift-service-lifecycle")
let yams = Target.Dependency.product(name: "Yams", package: "Yams")
let metrics = Target.Dependency.product(name: "Metrics", package: "swift-metrics")
let hummingbird = Target.Dependency.product(name: "Hummingbird", package: "hummingbird")
let httpTypes = Target.Dependency.product(name: "HTTPTypes", package: "swift-http-types")
let hummingbirdCore = Target.Dependency.product(name: "HummingbirdCore", package: "hummingbird")
let grdb = (
    core: Target.Dependency.product(name: "GRDB", package: "GRDB.swift"),
    sqlite: Target.Dependency.product(name: "GRDBSQLite", package: "GRDB.swift")
)
let arguments = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")

let package = Package(
    name: "hookgate",
    platforms: [.macOS(.v15)],
    products: [.executable(name: "hookgate", targets: ["hookgate"])],
    dependencies: [
        .package(url: "https://github.com/apple/swift-nio.git", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-extras.git", from: "1.35.2"),
        .package(url: "https://github.com/apple/swift-nio-http2.git", from: "1.46.0"),
        .package(url: "https://github.com/apple/swift-log.git", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-argument-parser.git", from: "1.8.2"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle.git", from: "2.13.0"),
        .package(url: "https://github.com/jpsim/Yams.git", from: "6.2.2"),
        .package(url: "https://github.com/groue/GRDB.swift.git", from: "7.10.0"),
        .package(url: "https://github.com/apple/swift-metrics.git", from: "2.7.0"),
        .package(url: "https://github.com/hummingbird-project/hummingbird.git", from: "2.28.1"),
        .package(url: "https://github.com/apple/swift-http-types.git", from: "1.0.0"),
    ],
    targets: [
        // C libraries: a module map and one header each.
        .systemLibrary(name: "COpenSSL", pkgConfig: "openssl", providers: [.apt(["libssl-dev"])]),
        .systemLibrary(name: "CCrypt", pkgConfig: "libcrypt", providers: [.apt(["libcrypt-dev"])]),

        // The walk.
        .target(name: "OpenSSL", dependencies: ["COpenSSL", nio.core], swiftSettings: callsC),
        .target(name: "TLS", dependencies: ["OpenSSL", nio.core, nio.tls], swiftSettings: safe),
        .target(name: "Webhooks", dependencies: [nio.core], swiftSettings: safe),
        .target(name: "Sipgate", dependencies: ["Webhooks", "OpenSSL", nio.core], swiftSettings: safe),
        .target(
            name: "Edge",
            dependencies: [
                "TLS", "Webhooks", nio.core, nio.posix, nio.http1, nio.http2, nio.hpack, nio.tls, nio.extras, logging,
            ],
            swiftSettings: safe
        ),
        .target(
            name: "Auth",
            dependencies: ["Webhooks", "OpenSSL", "CCrypt", nio.core, nio.posix],
            swiftSettings: callsC
        ),
        .target(
            name: "Journal",
            dependencies: ["Webhooks", nio.core, nio.posix, grdb.core, grdb.sqlite],
            swiftSettings: callsC
        ),
        .target(
            name: "Delivery",
            dependencies: ["Webhooks", "TLS", "OpenSSL", "Journal", nio.core, nio.posix, nio.http1, logging],
            swiftSettings: safe
        ),
        .target(
            name: "Admin",
            dependencies: [
                "Webhooks", "Journal", "Delivery", nio.core, nio.posix, logging, lifecycle, hummingbird,
                hummingbirdCore, httpTypes,
            ],
            resources: [.embedInCode("Page/page.html"), .embedInCode("Page/openapi.json")],
            swiftSettings: safe
        ),
        .target(
            name: "Gateway",
            dependencies: [
                "OpenSSL", "TLS", "Webhooks", "Sipgate", "Edge", "Auth", "Delivery", "Journal", "Admin",
                nio.core, nio.posix, nio.http1, logging, lifecycle, signals, yams, metrics,
            ],
            swiftSettings: besideFoundation
        ),
        .target(
            name: "Simulator",
            dependencies: ["TLS", "Sipgate", "OpenSSL", "Webhooks", nio.core, nio.posix, nio.http1, yams],
            swiftSettings: safe
        ),
        .executableTarget(
            name: "hookgate",
            dependencies: ["Gateway", "Simulator", "OpenSSL", arguments],
            swiftSettings: safe
        ),

        // Fixtures that several test targets share.
        .target(
            name: "HookgateTesting",
            dependencies: ["OpenSSL", "TLS", nio.core, nio.posix, nio.http1],
            path: "Tests/HookgateTesting",
            swiftSettings: callsC
        ),
        .target(
            name: "JournalTesting",
            dependencies: ["Journal", "Webhooks", nio.core, nio.posix],
            path: "Tests/JournalTesting",
            swiftSettings: callsC
        ),

        .testTarget(
            name: "OpenSSLTests",
            dependencies: ["OpenSSL", "HookgateTesting", nio.core],
            swiftSettings: callsC
        ),
        .testTarget(
            name: "TLSTests",
            dependencies: ["TLS", "OpenSSL", "HookgateTesting", nio.core, nio.posix, nio.embedded, nio.tls],
            swiftSettings: callsC
        ),
        .testTarget(name: "WebhooksTests", dependencies: ["Webhooks", nio.core], swiftSettings: callsC),
        .testTarget(
            name: "SipgateTests",
            dependencies: ["Sipgate", "Webhooks", "OpenSSL", "HookgateTesting", nio.core],
            resources: [.copy("Vectors")],
            swiftSettings: callsC
        ),
        .testTarget(
            name: "EdgeTests",
            dependencies: [
                "Edge", "Webhooks", "TLS", "HookgateTesting", nio.core, nio.posix, nio.embedded, nio.http1, nio.http2,
                nio.hpack, nio.tls, logging,
            ],
            swiftSettings: callsC
        ),
        .testTarget(
            name: "AuthTests",
            dependencies: ["Auth", "Webhooks", "OpenSSL", nio.core, nio.posix],
            swiftSettings: callsC
        ),
        .testTarget(
            name: "JournalTests",
            dependencies: [
                "Journal", "JournalTesting", "Webhooks", "HookgateTesting", nio.core, nio.posix, grdb.core,
            ],
            swiftSettings: callsC
        ),
        .testTarget(
            name: "DeliveryTests",
            dependencies: [
                "Delivery", "Journal", "Webhooks", "OpenSSL", "TLS", "HookgateTesting", nio.core, nio.posix,
                nio.embedded,
                nio.http1, logging,
            ],
            swiftSettings: callsC
        ),
        .testTarget(
            name: "AdminTests",
            dependencies: [
                "Admin", "Journal", "JournalTesting", "HookgateTesting", "Webhooks", nio.core, nio.posix, nio.embedded,
                logging, hummingbird, httpTypes,
            ],
            swiftSettings: callsC
        ),
        .testTarget(
            name: "GatewayTests",
            dependencies: [
                "Gateway", "Admin", "Edge", "Auth", "Delivery", "Journal", "Sipgate", "Webhooks", "OpenSSL",
                "HookgateTesting", nio.core, nio.posix, nio.embedded, nio.http1, logging, metrics,
            ],
            swiftSettings: callsC
        ),
        .testTarget(
            name: "SimulatorTests",
            dependencies: ["Simulator", "TLS", "OpenSSL", "HookgateTesting", nio.core, nio.posix, nio.http1],
            swiftSettings: callsC
        ),
        .testTarget(
            name: "EndToEndTests",
            dependencies: ["HookgateTesting", "OpenSSL", nio.core, nio.posix],
            swiftSettings: callsC
        ),
    ]
)

// Fuzzing needs a build of its own, instrumented throughout: Fuzz/run makes it.
if Context.environment["HOOKGATE_FUZZ"] != nil {
    package.targets += [
        .systemLibrary(name: "CFuzzer", path: "Fuzz/CFuzzer"),
        .executableTarget(
            name: "FuzzPush",
            dependencies: ["CFuzzer", "Sipgate", "Webhooks", nio.core],
            path: "Fuzz/FuzzPush",
            swiftSettings: callsC
        ),
        .executableTarget(
            name: "FuzzAuthorization",
            dependencies: ["CFuzzer", "Auth"],
            path: "Fuzz/FuzzAuthorization",
            swiftSettings: callsC
        ),
        .executableTarget(
            name: "FuzzDecision",
            dependencies: ["CFuzzer", "Sipgate", nio.core],
            path: "Fuzz/FuzzDecision",
            swiftSettings: callsC
        ),
    ]
}

// Benchmarks are built by those who run them.
if Context.environment["HOOKGATE_BENCHMARKS"] != nil {
    for target in package.targets where target.name == "Delivery" {
        // A pool that does nothing has to take the place of the real one.
        target.swiftSettings = safe + [.unsafeFlags(["-enable-testing"])]
    }
    package.targets += [
        .executableTarget(
            name: "JournalBenchmark",
            dependencies: ["Journal", "Webhooks", nio.core, nio.posix],
            path: "Benchmarks/journal",
            swiftSettings: callsC
        ),
        .executableTarget(
            name: "DeliveryBenchmark",
            dependencies: ["Delivery", "Journal", "Webhooks", nio.core, nio.posix, logging],
            path: "Benchmarks/delivery",
            swiftSettings: callsC
        ),
    ]
}
