// swift-tools-version: 6.2
// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

import PackageDescription

/// CI sets this so that a new compiler's new warning never breaks a user's build, only ours.
let warningsAreErrors = Context.environment["SENTINEL_WARNINGS_AS_ERRORS"] == "1"

let settings: [SwiftSetting] =
    [
        .swiftLanguageMode(.v6),
        .enableUpcomingFeature("InternalImportsByDefault"),
        .enableUpcomingFeature("ExistentialAny"),
        .enableUpcomingFeature("MemberImportVisibility"),
    ] + (warningsAreErrors ? [.treatAllWarnings(as: .error)] : [])

let argumentParser = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")
let deque = Target.Dependency.product(name: "DequeModule", package: "swift-collections")
let crypto = Target.Dependency.product(name: "Crypto", package: "swift-crypto")
let heap = Target.Dependency.product(name: "HeapModule", package: "swift-collections")
let lifecycle = Target.Dependency.product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let nioCore = Target.Dependency.product(name: "NIOCore", package: "swift-nio")
let nioEmbedded = Target.Dependency.product(name: "NIOEmbedded", package: "swift-nio")
let nioPosix = Target.Dependency.product(name: "NIOPosix", package: "swift-nio")

let systemPackage = Target.Dependency.product(name: "SystemPackage", package: "swift-system")
let unixSignals = Target.Dependency.product(name: "UnixSignals", package: "swift-service-lifecycle")

let package = Package(
    name: "seed-sentinel",
    platforms: [.macOS(.v15)],
    products: [
        .library(name: "BanLists", targets: ["BanLists"]),
        .library(name: "ConfigurationReader", targets: ["ConfigurationReader"]),
        .library(name: "FeedReader", targets: ["FeedReader"]),
        .library(name: "Feeds", targets: ["Feeds"]),
        .library(name: "Inet", targets: ["Inet"]),
        .library(name: "Nftables", targets: ["Nftables"]),
        .library(name: "PolicyReader", targets: ["PolicyReader"]),
        .library(name: "Sentinel", targets: ["Sentinel"]),
        .library(name: "SentinelClient", targets: ["SentinelClient"]),
        .library(name: "SentinelConfiguration", targets: ["SentinelConfiguration"]),
        .library(name: "SentinelHelper", targets: ["SentinelHelper"]),
        .library(name: "SentinelProtocol", targets: ["SentinelProtocol"]),
        .library(name: "Varlink", targets: ["Varlink"]),
    ],
    dependencies: [
        .package(url: "https://github.com/LebJe/TOMLKit", from: "0.6.0"),
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-system", from: "1.8.1"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
    ],
    targets: [
        // What everything else speaks in, and the system.
        .target(name: "Inet", swiftSettings: settings),
        .target(name: "PlainText", swiftSettings: settings),
        .target(name: "Precedence", swiftSettings: settings),
        .target(name: "CLinux"),
        .systemLibrary(name: "CSQLite", providers: [.apt(["libsqlite3-dev"])]),
        .systemLibrary(name: "CNetfilter", providers: [.apt(["libmnl-dev", "libnftnl-dev"])]),

        // Each on its own, and of use to others.
        .target(name: "Nftables", dependencies: ["CLinux", "CNetfilter", "Inet"], swiftSettings: settings),
        .target(name: "Sentinel", dependencies: ["Inet", "Precedence"], swiftSettings: settings),
        .target(
            name: "Varlink", dependencies: ["CLinux", nioCore, nioPosix],
            resources: [
                .embedInCode("org.varlink.service.varlink"),
                .embedInCode("org.seedsentinel.Connection.varlink"),
            ],
            swiftSettings: settings),

        .target(name: "Ledger", dependencies: ["CSQLite"], swiftSettings: settings),

        // The helper, and what it shares with those who call it.
        .target(
            name: "SentinelProtocol", dependencies: ["Precedence", "Varlink"],
            resources: [.embedInCode("org.seedsentinel.Helper.varlink")], swiftSettings: settings),
        .target(
            name: "SentinelClient",
            dependencies: ["Inet", "Sentinel", "SentinelProtocol", "Varlink", deque, logging, nioCore],
            swiftSettings: settings),
        .target(
            name: "SentinelConfiguration", dependencies: ["Inet", "PlainText", "Precedence"],
            swiftSettings: settings),
        .target(
            name: "ConfigurationLoader",
            dependencies: ["Feeds", "PlainText", "SentinelConfiguration", "CLinux"],
            swiftSettings: settings),
        .target(
            name: "SentinelHelper",
            dependencies: [
                "CLinux", "CNetfilter", "Feeds", "Inet", "Ledger", "Nftables", "PlainText", "Sentinel",
                "SentinelConfiguration", "SentinelProtocol", "Varlink", heap, logging, nioCore, nioPosix,
            ],
            swiftSettings: settings),

        .executableTarget(
            name: "sentineld",
            dependencies: [
                "ConfigurationLoader", "Feeds", "SentinelConfiguration", "SentinelHelper", "SentinelProtocol",
                "Varlink",
                argumentParser, lifecycle, logging, nioCore, nioPosix,
            ],
            swiftSettings: settings),

        // Lists of bans that other programs keep.
        .target(name: "BanLists", dependencies: ["Inet", "PlainText", "Sentinel"], swiftSettings: settings),
        .target(
            name: "Fail2banDatabase", dependencies: ["BanLists", "CSQLite", "Inet"], swiftSettings: settings),

        // Feeds: lists of addresses that the helper takes from files, and what they come to.
        .target(name: "Feeds", dependencies: ["Inet"], swiftSettings: settings),
        .target(
            name: "FeedReader", dependencies: ["BanLists", "Feeds", "Inet", "SentinelConfiguration"],
            swiftSettings: settings),

        // The operator's command: it talks to the helper, and links nothing of it.
        .target(
            name: "SentinelControl",
            dependencies: [
                "BanLists", "ConfigurationLoader", "Fail2banDatabase", "Inet", "PlainText", "Sentinel",
                "SentinelConfiguration", "SentinelProtocol", "Varlink", argumentParser, nioCore, nioPosix,
                unixSignals,
            ],
            swiftSettings: settings),
        .executableTarget(name: "sentinelctl", dependencies: ["SentinelControl"], swiftSettings: settings),

        // Reads TOML where nothing can be lost: the only place that needs full Foundation.
        .target(
            name: "TOMLDocument",
            dependencies: [
                "SentinelConfiguration", "Inet", "PlainText", .product(name: "TOMLKit", package: "TOMLKit"),
            ],
            swiftSettings: settings),
        .target(
            name: "ConfigurationReader", dependencies: ["SentinelConfiguration", "Inet", "TOMLDocument"],
            swiftSettings: settings),
        .target(
            name: "PolicyReader",
            dependencies: ["Inet", "Sentinel", "SentinelConfiguration", "TOMLDocument"],
            swiftSettings: settings),
        .executableTarget(
            name: "sentinel-config",
            dependencies: [
                "CLinux", "ConfigurationReader", "FeedReader", "Feeds", "PolicyReader", "Sentinel",
                "SentinelConfiguration", "TOMLDocument", argumentParser,
            ],
            swiftSettings: settings),

        // A node to show it with.
        .target(
            name: "SeedNode", dependencies: ["Inet", "Sentinel", nioCore, nioPosix, crypto],
            path: "Examples/seed-node/Sources/SeedNode", swiftSettings: settings),
        .executableTarget(
            name: "seed-node",
            dependencies: [
                "SeedNode", "Inet", "PolicyReader", "Sentinel", "SentinelClient", "SentinelConfiguration",
                nioCore, nioPosix, argumentParser, logging,
                systemPackage, unixSignals,
            ],
            path: "Examples/seed-node/Sources/seed-node", swiftSettings: settings),
        .testTarget(
            name: "SeedNodeTests",
            dependencies: [
                "SeedNode", "Inet", "Sentinel", nioCore, nioPosix, nioEmbedded,
                crypto,
            ],
            swiftSettings: settings),

        // Measurements.
        .target(name: "CAllocations", path: "Benchmarks/Sources/CAllocations"),
        .executableTarget(
            name: "sentinel-bench",
            dependencies: [
                "CAllocations", "Inet", "Nftables", "Sentinel", "SentinelProtocol", "Varlink", argumentParser,
                nioCore, nioPosix,
            ],
            path: "Benchmarks/Sources/sentinel-bench", swiftSettings: settings),

        .target(
            name: "Simulation", dependencies: ["Inet", "Sentinel", heap],
            path: "Benchmarks/Sources/Simulation", swiftSettings: settings),
        .executableTarget(
            name: "sentinel-simulate", dependencies: ["Simulation", argumentParser],
            path: "Benchmarks/Sources/sentinel-simulate", swiftSettings: settings),

        // Tests.
        .executableTarget(
            name: "sentinel-stress", dependencies: ["Inet", "Sentinel"], path: "Tests/Stress",
            swiftSettings: settings),
        .target(name: "TestRandom", path: "Tests/TestRandom", swiftSettings: settings),
        .target(
            name: "LedgerSupport", dependencies: ["Ledger", "TestRandom"], path: "Tests/LedgerSupport",
            swiftSettings: settings),
        .executableTarget(
            name: "ledger-faults", dependencies: ["Ledger", "LedgerSupport", "TestRandom"],
            path: "Tests/LedgerFaults",
            swiftSettings: settings),
        .testTarget(
            name: "LedgerTests", dependencies: ["CSQLite", "Ledger", "LedgerSupport", "TestRandom"],
            swiftSettings: settings),
        .testTarget(
            name: "BanListsTests",
            dependencies: ["BanLists", "CSQLite", "Fail2banDatabase", "Inet", "TestRandom"],
            swiftSettings: settings),
        .testTarget(
            name: "FeedsTests",
            dependencies: ["BanLists", "FeedReader", "Feeds", "Inet", "SentinelConfiguration", "TestRandom"],
            swiftSettings: settings),
        .testTarget(name: "PrecedenceTests", dependencies: ["Precedence"], swiftSettings: settings),
        .testTarget(name: "InetTests", dependencies: ["Inet", "TestRandom"], swiftSettings: settings),
        .target(
            name: "NamespaceSupport", dependencies: ["CLinux", "Inet"], path: "Tests/NamespaceSupport",
            swiftSettings: settings),
        .testTarget(
            name: "NftablesTests", dependencies: ["CNetfilter", "Nftables", "Inet"],
            exclude: ["record-golden.py"],
            resources: [.copy("Golden")],
            swiftSettings: settings),
        .testTarget(
            name: "NftablesKernelTests", dependencies: ["Nftables", "Inet", "NamespaceSupport"],
            swiftSettings: settings),
        .testTarget(
            name: "SentinelTests", dependencies: ["Sentinel", "Inet", "TestRandom"], swiftSettings: settings),
        .testTarget(
            name: "SimulationTests", dependencies: ["Simulation", "Inet", "Sentinel"], swiftSettings: settings
        ),
        .testTarget(
            name: "SentinelHelperTests",
            dependencies: [
                "Feeds", "SentinelConfiguration", "SentinelHelper", "SentinelProtocol", "Inet", "Nftables",
                "TestRandom", logging,
            ],
            swiftSettings: settings),
        .testTarget(
            name: "SentinelHelperKernelTests",
            dependencies: [
                "ConfigurationLoader", "Feeds", "SentinelHelper", "SentinelProtocol", "SentinelConfiguration",
                "Inet", "Nftables", "Varlink", "NamespaceSupport", "TestRandom", "sentinel-config", logging,
                nioCore, nioPosix,
            ],
            swiftSettings: settings),
        .target(
            name: "SentineldSupport",
            dependencies: ["NamespaceSupport", "SentinelProtocol", "Varlink", nioCore, nioPosix],
            path: "Tests/SentineldSupport", swiftSettings: settings),
        .testTarget(
            name: "SystemTests",
            dependencies: [
                "Inet", "SentinelProtocol", "Varlink", "NamespaceSupport", "SentineldSupport", "seed-node",
                "sentineld", "sentinel-config", nioCore, nioPosix,
            ],
            swiftSettings: settings),
        .executableTarget(
            name: "kernel-scenario",
            dependencies: ["Inet", "NamespaceSupport", "SentinelProtocol", "SentineldSupport", "Varlink"],
            path: "Tests/kernels/Scenario", swiftSettings: settings),
        .testTarget(
            name: "SentinelControlTests",
            dependencies: [
                "BanLists", "ConfigurationLoader", "PlainText", "SentinelConfiguration", "SentinelControl",
                "SentinelProtocol", "TestRandom", "Varlink", "Inet", "sentinel-config", nioCore, nioPosix,
            ],
            swiftSettings: settings),
        .testTarget(
            name: "SentinelClientTests",
            dependencies: [
                "Inet", "Sentinel", "SentinelClient", "SentinelProtocol", "Varlink", logging, nioCore,
                nioPosix,
            ],
            swiftSettings: settings),
        .testTarget(
            name: "SentinelClientKernelTests",
            dependencies: [
                "Inet", "NamespaceSupport", "Sentinel", "SentinelClient", "SentinelConfiguration",
                "SentinelHelper",
                "SentinelProtocol", "Varlink", logging, nioCore, nioPosix,
            ],
            swiftSettings: settings),
        .testTarget(
            name: "SentinelControlKernelTests", dependencies: ["NamespaceSupport", "CLinux", "Inet"],
            swiftSettings: settings),
        .testTarget(
            name: "VarlinkTests", dependencies: ["Varlink", nioCore, nioPosix, nioEmbedded],
            resources: [.embedInCode("org.example.Test.varlink"), .embedInCode("interop.py")],
            swiftSettings: settings),
        .testTarget(
            name: "SentinelConfigurationTests", dependencies: ["SentinelConfiguration", "Inet"],
            swiftSettings: settings),
        .testTarget(
            name: "ConfigurationReaderTests",
            dependencies: ["ConfigurationReader", "SentinelConfiguration", "Inet"], swiftSettings: settings),
        .testTarget(
            name: "TOMLDocumentTests", dependencies: ["TOMLDocument", "SentinelConfiguration"],
            swiftSettings: settings),
        .testTarget(
            name: "PolicyReaderTests",
            dependencies: [
                "PolicyReader", "Inet", "Sentinel", "SentinelConfiguration", "TOMLDocument",
                "sentinel-config",
            ],
            swiftSettings: settings),
        .testTarget(
            name: "ConfigurationLoaderTests",
            dependencies: [
                "ConfigurationLoader", "Feeds", "SentinelConfiguration", "CLinux", "sentinel-config",
            ],
            swiftSettings: settings),
        .testTarget(
            name: "SentinelProtocolTests", dependencies: ["SentinelProtocol", "Varlink", nioCore, nioPosix],
            resources: [.embedInCode("interop.py")],
            swiftSettings: settings),
    ]
)
