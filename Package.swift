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

let package = Package(
    name: "seed-sentinel",
    platforms: [.macOS(.v15)],
    products: [
        .library(name: "Inet", targets: ["Inet"]),
        .library(name: "Varlink", targets: ["Varlink"]),
        .library(name: "SentinelProtocol", targets: ["SentinelProtocol"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2")
    ],
    targets: [
        .target(name: "Inet", swiftSettings: settings),
        .testTarget(name: "InetTests", dependencies: ["Inet"], swiftSettings: settings),

        .target(name: "CLinux"),

        .target(
            name: "Varlink", dependencies: ["CLinux", nioCore, nioPosix],
            resources: [
                .embedInCode("org.varlink.service.varlink"),
                .embedInCode("org.seedsentinel.Connection.varlink"),
            ],
            swiftSettings: settings),
        .testTarget(
            name: "VarlinkTests", dependencies: ["Varlink", nioCore, nioPosix, nioEmbedded],
            resources: [.embedInCode("org.example.Test.varlink"), .embedInCode("interop.py")],
            swiftSettings: settings),

        .target(
            name: "SentinelProtocol", dependencies: ["Varlink"],
            resources: [.embedInCode("org.seedsentinel.Helper.varlink")],
            swiftSettings: settings),
        .testTarget(
            name: "SentinelProtocolTests", dependencies: ["SentinelProtocol", "Varlink", nioCore, nioPosix],
            resources: [.embedInCode("interop.py")],
            swiftSettings: settings),
    ]
)
