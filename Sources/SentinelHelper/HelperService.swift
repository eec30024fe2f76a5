// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: The Seed Sentinel authors

public import Logging
public import NIOCore
public import SentinelConfiguration
internal import SentinelProtocol
internal import Varlink

/// The helper with the socket that it answers at: what sentineld runs.
public struct HelperService: Sendable {
    let helper: Helper
    private let service: VarlinkService
    private let manager: ServiceManager

    /// Brings the kernel's table about, then listens, then tells the service manager that it is ready.
    ///
    /// - Parameters:
    ///   - configuration: validated.
    ///   - eventLoop: where everything runs.
    ///   - manager: passes the listening socket as `varlink` and the socket that owns the table as `nftables`, where it
    ///     has them.
    ///   - source: where the configuration is read again from; nil where it can't be. That is done on a thread of its
    ///     own, and may block it.
    ///   - feedReading: how the file of a feed is read; nil where none can be. As with `source`.
    /// - Throws: ``HelperError``, or why the socket can't be listened at.
    public static func start(
        _ configuration: Configuration, on eventLoop: any EventLoop, manager: ServiceManager, logger: Logger,
        clock: HostClock = .system, source: Helper.ConfigurationSource? = nil,
        feedReading: Helper.FeedReading? = nil
    ) async throws -> HelperService {
        try await start(
            configuration, on: eventLoop, manager: manager, logger: logger, clock: clock, limit: .all,
            source: source, feedReading: feedReading)
    }

    /// - Parameter limit: what is made use of at most of what the kernel offers.
    static func start(
        _ configuration: Configuration, on eventLoop: any EventLoop, manager: ServiceManager, logger: Logger,
        clock: HostClock, limit: KernelFeatures, resolverFiles: Resolvers.Files = .system,
        source: Helper.ConfigurationSource? = nil, feedReading: Helper.FeedReading? = nil
    ) async throws -> HelperService {
        let helper = try await eventLoop.submit {
            let helper = try Helper(
                configuration, on: eventLoop, manager: manager, logger: logger, clock: clock, limit: limit,
                resolverFiles: resolverFiles)
            helper.assumeIsolated {
                $0.reloading.source = source
                $0.feeds.read = feedReading
            }
            return helper
        }.get()
        try await helper.start()
        let limits = CallerLimits(configuration.socket)
        let listener: VarlinkService.Listener =
            if let passed = manager.takeDescriptor(named: "varlink") {
                .descriptor(passed)
            } else {
                .path(configuration.socket.path, mode: configuration.socket.mode.bits)
            }
        let service = try await VarlinkService.start(
            on: eventLoop, listener: listener,
            identity: .init(
                vendor: "Seed Sentinel", product: "sentineld", version: Helper.version,
                url: "https://varlink.org"),
            interfaces: [HelperInterface.interface], limits: limits.limits, handler: helper)
        await helper.answer(at: service, limits)
        return HelperService(helper: helper, service: service, manager: manager)
    }

    /// Reads the configuration again, and takes it or not; the log tells.
    public func reload() async {
        await helper.reload(for: "a signal")
    }

    /// Stops answering. The kernel goes on enforcing.
    public func stop() async {
        manager.notify(.stopping)
        await service.close()
        await helper.stop()
    }
}
