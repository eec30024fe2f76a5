// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import CLinux
internal import Glibc
internal import Synchronization

/// The service manager that started this process, as far as there is one: sd_notify(3) and sd_listen_fds(3), whose
/// protocols are a datagram and three environment variables.
public final class ServiceManager: Sendable {
    /// What the manager is told.
    public enum Notification: Sendable {
        case ready
        /// The configuration is being read again; when that is done, ready comes again. Since when, in microseconds of
        /// the monotonic clock.
        case reloading(since: Int64)
        case stopping
        case watchdog
        /// Something goes on that lets through no sign of life, for so many microseconds at most: neither the watchdog nor
        /// what limits a start or a reload is to end it before.
        case working(microseconds: Int64)
        /// A line for `systemctl status`.
        case status(String)

        fileprivate var text: String {
            switch self {
            case .ready: "READY=1"
            case .reloading(let since): "RELOADING=1\nMONOTONIC_USEC=\(since)"
            case .stopping: "STOPPING=1"
            case .watchdog: "WATCHDOG=1"
            case .working(let time): "EXTEND_TIMEOUT_USEC=\(time)"
            case .status(let line): "STATUS=\(line.prefix { $0 != "\n" })"
            }
        }
    }

    private let notifySocket: String?
    private let sender: Int32
    private let descriptors: Mutex<[(name: String, descriptor: Int32)]>
    private let unsent = Mutex<[Message]>([])

    private struct Message {
        var text: String
        /// Goes with it; -1 where none does.
        var descriptor: Int32 = -1
        /// What a later message of the same kind makes superfluous.
        var kind: String?
    }

    /// - Parameters:
    ///   - environment: NOTIFY_SOCKET, WATCHDOG_PID, WATCHDOG_USEC, LISTEN_PID, LISTEN_FDS and LISTEN_FDNAMES are
    ///     read.
    ///   - processID: descriptors and a watchdog that are meant for another process are left alone.
    public init(environment: [String: String], processID: Int32) {
        notifySocket = environment["NOTIFY_SOCKET"].flatMap { $0.isEmpty ? nil : $0 }
        let promised = environment["FDSTORE"].flatMap { Int($0) } ?? 0
        hasStore = notifySocket != nil && (promised > 0 || environment["SENTINEL_DESCRIPTOR_STORE"] == "1")
        let watched = environment["WATCHDOG_PID"].map { $0 == "\(processID)" } ?? true
        watchdog =
            watched ? environment["WATCHDOG_USEC"].flatMap { Int64($0) }.flatMap { $0 > 0 ? $0 : nil } : nil
        // Opened now: there may be no descriptor left when there is something to tell.
        sender = notifySocket == nil ? -1 : clinux_notify_open()
        var passed: [(String, Int32)] = []
        if environment["LISTEN_PID"] == "\(processID)",
            let count = environment["LISTEN_FDS"].flatMap({ Int32($0) })
        {
            let names = (environment["LISTEN_FDNAMES"] ?? "").split(
                separator: ":", omittingEmptySubsequences: false)
            for index in 0..<max(0, min(count, Self.mostDescriptors)) {
                let descriptor = Self.firstDescriptor + index
                guard fcntl(descriptor, F_SETFD, FD_CLOEXEC) == 0 else { continue }
                passed.append((Int(index) < names.count ? String(names[Int(index)]) : "", descriptor))
            }
        }
        descriptors = Mutex(passed)
    }

    deinit { if sender >= 0 { close(sender) } }

    /// No service manager.
    public static var none: ServiceManager { ServiceManager(environment: [:], processID: 0) }

    /// SD_LISTEN_FDS_START
    private static var firstDescriptor: Int32 { 3 }
    /// More than any unit of ours passes.
    private static var mostDescriptors: Int32 { 64 }

    /// Whether there is a manager that keeps descriptors for us. systemd says so by FDSTORE since version 254; before,
    /// the unit does by SENTINEL_DESCRIPTOR_STORE=1 beside its FileDescriptorStoreMax.
    public let hasStore: Bool

    /// How long the manager waits for a sign of life, in microseconds; nil where it doesn't.
    public let watchdog: Int64?

    /// Takes a descriptor that the manager passed, by its name; nil where there is none (any more). The caller owns
    /// it. Of several with the same name all but the first are closed: an older run stored them.
    public func takeDescriptor(named name: String) -> Int32? {
        descriptors.withLock { descriptors in
            let matching = descriptors.filter { $0.name == name }
            descriptors.removeAll { $0.name == name }
            for extra in matching.dropFirst() { close(extra.descriptor) }
            return matching.first?.descriptor
        }
    }

    /// Tells the manager something. Without one nothing happens, and a manager that doesn't listen is no error: it is
    /// never waited for, and hears the latest as soon as it does.
    public func notify(_ notification: Notification) {
        let kind: String? =
            switch notification {
            case .status: "STATUS"
            case .watchdog: "WATCHDOG"
            case .working: "EXTEND_TIMEOUT"
            case .ready, .reloading, .stopping: nil
            }
        send(Message(text: notification.text, kind: kind))
    }

    /// Tells the manager that it takes a while until there is a sign of life, as for so many bans or elements that are
    /// changed at once. It takes microseconds for each; the manager is to wait for much longer.
    func announceWork(on count: Int) {
        notify(.working(microseconds: Self.patience + Self.patienceForEach * Int64(clamping: count)))
    }

    /// In microseconds.
    private static var patience: Int64 { 30_000_000 }
    private static var patienceForEach: Int64 { 100 }

    /// Has the manager keep a copy of a descriptor, and pass it to the next run under this name. It stays open until it
    /// is forgotten.
    public func store(_ descriptor: Int32, name: String) {
        forget(name: name)
        send(Message(text: "FDSTORE=1\nFDNAME=\(name)", descriptor: descriptor, kind: "FDNAME=\(name)"))
    }

    /// Has the manager forget the descriptors of this name.
    public func forget(name: String) {
        unsent.withLock { unsent in unsent.removeAll { $0.kind == "FDNAME=\(name)" } }
        send(Message(text: "FDSTOREREMOVE=1\nFDNAME=\(name)"))
    }

    /// Tells the manager what it had no room for.
    public func sendUnsent() {
        unsent.withLock { unsent in
            guard let notifySocket, !unsent.isEmpty else { return }
            let sent = unsent.prefix { message in
                clinux_notify(sender, notifySocket, message.text, message.descriptor) == 0 || errno != EAGAIN
            }
            unsent.removeFirst(sent.count)
        }
    }

    private func send(_ message: Message) {
        guard notifySocket != nil else { return }
        unsent.withLock { unsent in
            if let kind = message.kind { unsent.removeAll { $0.kind == kind } }
            unsent.append(message)
            if unsent.count > Self.mostUnsent { unsent.removeFirst() }
        }
        sendUnsent()
    }

    /// More than one reload after another of a manager that doesn't listen.
    private static var mostUnsent: Int { 64 }
}
