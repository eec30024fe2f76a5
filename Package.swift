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

let nioCore = Target.Dependency.product(name: "NIOCore", package: "swift-nio")
let nioPosix = Target.Dependency.product(name: "NIOPosix", package: "swift-nio")
let nioEmbedded = Target.Dependency.product(name: "NIOEmbedded", package: "swift-nio")
let crypto = Target.Dependency.product(name: "Crypto", package: "swift-crypto")
let argumentParser = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")
let systemPackage = Target.Dependency.product(name: "SystemPackage", package: "swift-system")
let unixSignals = Target.Dependency.product(name: "UnixSignals", package: "swift-service-lifecycle")

let package = Package(
    name: "seed-sentinel",
    platforms: [.macOS(.v15)],
    products: [
        .library(name: "Inet", targets: ["Inet"]),
        .library(name: "Sentinel", targets: ["Sentinel"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-system", from: "1.8.1"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
    ],
    targets: [
        .target(name: "Inet", swiftSettings: settings),
        .testTarget(name: "InetTests", dependencies: ["Inet"], swiftSettings: settings),
        .target(name: "Sentinel", dependencies: ["Inet"], swiftSettings: settings),
        .testTarget(name: "SentinelTests", dependencies: ["Sentinel", "Inet"], swiftSettings: settings),

        .target(
            name: "SeedNode", dependencies: ["Inet", "Sentinel", nioCore, nioPosix, crypto],
            path: "Examples/seed-node/Sources/SeedNode", swiftSettings: settings),
        .executableTarget(
            name: "seed-node",
            dependencies: [
                "SeedNode", "Inet", "Sentinel", nioCore, nioPosix, argumentParser, systemPackage, unixSignals,
            ],
            path: "Examples/seed-node/Sources/seed-node", swiftSettings: settings),
        .testTarget(
            name: "SeedNodeTests",
            dependencies: ["SeedNode", "Inet", "Sentinel", nioCore, nioPosix, nioEmbedded, crypto],
            swiftSettings: settings),
    ]
)
