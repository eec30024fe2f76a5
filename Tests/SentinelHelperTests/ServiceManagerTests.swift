// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: The Seed Sentinel authors

import CLinux
import Foundation
import Glibc
import Testing

@testable import SentinelHelper

/// A manager that listens when it is asked to.
private final class Listener {
    let path = FileManager.default.temporaryDirectory.appending(path: "notify-\(UUID().uuidString)").path
    let descriptor = clinux_notify_open()

    init() throws {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let bytes = Array(path.utf8)
        try #require(bytes.count < MemoryLayout.size(ofValue: address.sun_path))
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
        let status = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        try #require(status == 0)
    }

    deinit {
        close(descriptor)
        unlink(path)
    }

    /// All messages that lie there.
    func messages() -> [String] {
        var messages: [String] = []
        var buffer = [UInt8](repeating: 0, count: 4096)
        while true {
            let count = recv(descriptor, &buffer, buffer.count, Int32(MSG_DONTWAIT))
            guard count >= 0 else { return messages }
            messages.append(String(decoding: buffer[..<count], as: UTF8.self))
        }
    }
}

@Suite struct ServiceManagerTests {
    @Test func `A manager that doesn't listen isn't waited for, and hears the latest when it does`() throws {
        let listener = try Listener()
        let manager = ServiceManager(environment: ["NOTIFY_SOCKET": listener.path], processID: 1)
        for number in 1...1000 {
            manager.notify(.watchdog)
            manager.announceWork(on: number)
            manager.notify(.status("\(number)"))
        }
        manager.store(listener.descriptor, name: "forgotten")
        manager.forget(name: "forgotten")
        manager.store(listener.descriptor, name: "kept")
        manager.notify(.ready)

        var heard: [String] = []
        while true {
            let messages = listener.messages()
            guard !messages.isEmpty else { break }
            heard += messages
            manager.sendUnsent()
        }
        #expect(heard.first == "WATCHDOG=1")
        // What fitted at the beginning, and nothing of what was said in between.
        #expect(heard.count < 600)
        #expect(
            heard.suffix(8) == [
                "WATCHDOG=1", "EXTEND_TIMEOUT_USEC=30100000", "STATUS=1000",
                "FDSTOREREMOVE=1\nFDNAME=forgotten",
                "FDSTOREREMOVE=1\nFDNAME=forgotten", "FDSTOREREMOVE=1\nFDNAME=kept",
                "FDSTORE=1\nFDNAME=kept", "READY=1",
            ])
    }

    @Test func `A manager that is gone is no error`() throws {
        let path = try Listener().path
        let manager = ServiceManager(environment: ["NOTIFY_SOCKET": path], processID: 1)
        manager.notify(.ready)
        let listener = try Listener()
        let other = ServiceManager(environment: ["NOTIFY_SOCKET": listener.path], processID: 1)
        other.notify(.ready)
        #expect(listener.messages() == ["READY=1"])
    }
}
