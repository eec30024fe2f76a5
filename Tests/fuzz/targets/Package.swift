// swift-tools-version: 6.2
// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: The Seed Sentinel authors

import PackageDescription

// A package of its own, for the sanitizers' flags go for everything that is built with it: Tests/fuzz/run has them.

let settings: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
]

/// Something to fuzz: an executable that links no more than it needs, for libFuzzer looks through the counters of all
/// that is linked after each execution.
func fuzzer(_ name: String, _ products: String...) -> Target {
    .executableTarget(
        name: name,
        dependencies: ["FuzzDriver"]
            + products.map { product in
                product.hasPrefix("NIO")
                    ? .product(name: product, package: "swift-nio")
                    : .product(name: product, package: "seed-sentinel")
            },
        swiftSettings: settings)
}

let package = Package(
    name: "fuzz-targets",
    platforms: [.macOS(.v15)],
    dependencies: [
        .package(name: "seed-sentinel", path: "../../.."),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
    ],
    targets: [
        .target(name: "CFuzzer"),
        .target(name: "FuzzDriver", dependencies: ["CFuzzer"], swiftSettings: settings),

        fuzzer("planted"),
        fuzzer("inet", "Inet"),
        fuzzer("peer-id", "Sentinel"),
        fuzzer("multiaddr", "Sentinel", "Inet"),
        fuzzer("values", "SentinelConfiguration", "Inet"),
        fuzzer("configuration-json", "SentinelConfiguration"),
        fuzzer("configuration-toml", "ConfigurationReader", "SentinelConfiguration"),
        fuzzer("lists", "BanLists"),
        fuzzer("feeds", "FeedReader", "Feeds", "SentinelConfiguration"),
        fuzzer("editing", "ConfigurationReader", "SentinelConfiguration"),
        fuzzer("policies", "PolicyReader", "Sentinel", "SentinelConfiguration"),
        fuzzer("varlink-calls", "Varlink", "NIOCore", "NIOEmbedded"),
        fuzzer("varlink-replies", "SentinelProtocol", "Varlink", "NIOCore"),
        fuzzer(
            "parameters", "SentinelHelper", "SentinelProtocol", "SentinelConfiguration", "Sentinel",
            "Varlink", "Inet",
            "NIOCore"),
        fuzzer("netlink", "Nftables", "Inet"),
        fuzzer("adoption", "SentinelHelper", "SentinelProtocol", "Nftables", "Inet"),
    ]
)
