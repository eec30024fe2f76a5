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

let package = Package(
    name: "seed-sentinel",
    platforms: [.macOS(.v15)],
    products: [
        .library(name: "Inet", targets: ["Inet"]),
        .library(name: "Sentinel", targets: ["Sentinel"]),
    ],
    dependencies: [],
    targets: [
        .target(name: "Inet", swiftSettings: settings),
        .testTarget(name: "InetTests", dependencies: ["Inet"], swiftSettings: settings),
        .target(name: "Sentinel", dependencies: ["Inet"], swiftSettings: settings),
        .testTarget(name: "SentinelTests", dependencies: ["Sentinel", "Inet"], swiftSettings: settings),
    ]
)
