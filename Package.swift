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
        .library(name: "Nftables", targets: ["Nftables"]),
    ],
    dependencies: [
        .package(url: "https://github.com/LebJe/TOMLKit", from: "0.6.0"),
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    ],
    targets: [
        .target(name: "Inet", swiftSettings: settings),
        .systemLibrary(
            name: "CNetfilter", providers: [.apt(["libmnl-dev", "libnftnl-dev"])]),
        .target(name: "Nftables", dependencies: ["CNetfilter", "Inet"], swiftSettings: settings),
        .testTarget(name: "InetTests", dependencies: ["Inet"], swiftSettings: settings),
        .target(
            name: "NamespaceSupport", dependencies: ["CLinux"], path: "Tests/NamespaceSupport",
            swiftSettings: settings),
        .target(name: "CLinux"),
        .testTarget(
            name: "NftablesTests", dependencies: ["Nftables", "Inet"], resources: [.copy("Golden")],
            swiftSettings: settings),
        .testTarget(
            name: "NftablesKernelTests", dependencies: ["Nftables", "Inet", "NamespaceSupport"],
            swiftSettings: settings),
        .target(name: "SentinelConfiguration", dependencies: ["Inet"], swiftSettings: settings),
        .target(
            name: "ConfigurationReader",
            dependencies: ["SentinelConfiguration", "Inet", .product(name: "TOMLKit", package: "TOMLKit")],
            swiftSettings: settings),
        .target(
            name: "ConfigurationLoader", dependencies: ["SentinelConfiguration", "CLinux"],
            swiftSettings: settings),
        .executableTarget(
            name: "sentinel-config",
            dependencies: [
                "SentinelConfiguration", "ConfigurationReader", "CLinux",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            swiftSettings: settings),
        .testTarget(
            name: "SentinelConfigurationTests", dependencies: ["SentinelConfiguration", "Inet"],
            swiftSettings: settings),
        .testTarget(
            name: "ConfigurationReaderTests",
            dependencies: ["ConfigurationReader", "SentinelConfiguration", "Inet"], swiftSettings: settings),
        .testTarget(
            name: "ConfigurationLoaderTests",
            dependencies: [
                "ConfigurationLoader", "SentinelConfiguration", "CLinux", "sentinel-config",
            ],
            swiftSettings: settings),
    ]
)
