// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: The Seed Sentinel authors

import ArgumentParser
import ConfigurationLoader
import Feeds
import Glibc
import Logging
import NIOCore
import NIOPosix
import SentinelConfiguration
import SentinelHelper
import ServiceLifecycle
internal import UnixSignals

@main
struct Sentineld: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sentineld",
        abstract: "Keeps an nftables table equal to the bans that a P2P node and its operators ask for.",
        discussion: """
            A node hands over whom it denies, through a Unix socket; sentineld puts them into the sets of the table \
            "inet sentinel", and the kernel refuses them from then on, before the node hears of them. Each ban ends by \
            itself in the kernel. If sentineld dies, the kernel goes on enforcing.

            Needs CAP_NET_ADMIN and nothing else; don't run it as root but by its systemd unit, as user sentinel.

            How the table is held:
              owned-persistent  kernel 6.9 and later: nobody else can change or flush it, and it outlives sentineld
              owned             kernel 5.12 and later under systemd: the same, as long as the unit isn't stopped
              watched           otherwise: a foreign flush is repaired within 1.5 s
              shared            with [table] mode = "shared": the sets are in a ruleset of yours (rules/shared.nft), \
            and are filled again within 1.5 s of a flush or a reload

            Signals: SIGHUP has the configuration read again ("sentinelctl reload" does the same, and says what came \
            of it). SIGTERM and SIGINT end sentineld; the bans stay in force until they expire. To stop enforcing, \
            call "sentinelctl release". If nothing of this works any more: "nft delete table inet sentinel", once \
            sentineld has ended.

            Exit codes: 0 ended by a signal; 1 the kernel or the system refused; 2 the configuration or the command \
            line is wrong.
            """,
        version: Helper.version)

    @Option(
        name: .shortAndLong,
        help: "The configuration; an example comes with sentineld, with every key explained.",
        completion: .file(extensions: ["toml"]))
    var config = "/etc/sentinel/sentinel.toml"

    @Option(help: "The socket to listen at, instead of the one that the configuration names.")
    var socket: String?

    @Flag(help: "Read and check the configuration, say whether it is right, and end.")
    var check = false

    /// Where the configuration is read from, as at the start so when it is told to.
    private var source: Helper.ConfigurationSource {
        let (file, socket) = (config, socket)
        let directory =
            config.hasPrefix("/")
            ? nil
            : getcwd(nil, 0).map { path in
                defer { free(path) }
                return String(cString: path) + "/"
            }
        return .init(file: (directory ?? "") + file) { () throws(ConfigurationError) in
            var configuration = try ConfigurationProgram.find().run(file: file)
            if let socket { configuration.socket.path = socket }
            return configuration
        }
    }

    /// Reads the file of a feed.
    private static let feedReading: Helper.FeedReading = { feed, capacity throws(ConfigurationError) in
        try ConfigurationProgram.find().feed(feed, capacity: capacity)
    }

    func run() async throws {
        // Before all else: a SIGHUP that nobody waits for ends the process.
        let hangups = await UnixSignalsSequence(trapping: .sighup)
        let configuration: Configuration
        do {
            configuration = try source.read()
        } catch {
            complain("\(error)")
            throw ExitCode(2)
        }
        if check {
            print("\(config): ok")
            return
        }
        let environment = ProcessEnvironment.current
        let level = Logger.Level(rawValue: configuration.log.level.rawValue) ?? .info
        let isForJournal = environment["JOURNAL_STREAM"] != nil
        let lines = LogLines(ConsoleLogHandler(isForJournal: isForJournal))
        var logger = Logger(label: "sentineld") { _ in CountingLogHandler(lines) }
        logger.logLevel = level
        defer { lines.finish() }
        do {
            try await serve(
                configuration, ServiceManager(environment: environment, processID: getpid()), logger, lines,
                hangups)
        } catch {
            complain("\(error)")
            throw ExitCode(1)
        }
    }

    private func serve(
        _ configuration: Configuration, _ manager: ServiceManager, _ logger: Logger, _ lines: LogLines,
        _ hangups: UnixSignalsSequence
    ) async throws {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let service = try await HelperService.start(
            configuration, on: group.next(), manager: manager, logger: logger,
            clock: .system(boot: ProcessEnvironment.current["SENTINEL_BOOT_ID"]), source: source,
            feedReading: Self.feedReading)
        group.next().scheduleRepeatedTask(initialDelay: .seconds(1), delay: .seconds(1)) { _ in lines.flush()
        }
        let lifecycle = ServiceGroup(
            configuration: .init(
                services: [
                    .init(service: UntilStopped(service: service)),
                    .init(service: ReloadOnHangup(service: service, hangups: hangups)),
                ],
                gracefulShutdownSignals: [.sigterm, .sigint], logger: logger))
        try await lifecycle.run()
        try await group.shutdownGracefully()
    }

    private func complain(_ message: String) {
        let text = Array("sentineld: \(message)\n".utf8)
        _ = write(STDERR_FILENO, text, text.count)
    }
}

/// Runs until the process is told to end.
private struct UntilStopped: Service {
    let service: HelperService

    func run() async throws {
        try await gracefulShutdown()
        await service.stop()
    }
}

/// Has the configuration read again for each SIGHUP.
private struct ReloadOnHangup: Service {
    let service: HelperService
    let hangups: UnixSignalsSequence

    func run() async throws {
        for await _ in hangups.cancelOnGracefulShutdown() { await service.reload() }
    }
}

/// The environment that the process was started with.
private enum ProcessEnvironment {
    static var current: [String: String] {
        var values: [String: String] = [:]
        var next = environ
        while let entry = next.pointee {
            let text = String(cString: entry)
            if let equals = text.firstIndex(of: "=") {
                values[String(text[..<equals])] = String(text[text.index(after: equals)...])
            }
            next += 1
        }
        return values
    }
}
