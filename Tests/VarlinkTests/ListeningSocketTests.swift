// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

import Foundation
import NIOCore
import NIOPosix
import Testing

@testable import Varlink

@Suite(.timeLimit(.minutes(1))) struct ListeningSocketTests {
    @Test(arguments: [0o600, 0o660, 0o666] as [UInt16])
    func `The socket file has the permissions asked for`(mode: UInt16) async throws {
        try await TestService.with(listener: { .path($0, mode: mode) }) { service in
            let attributes = try FileManager.default.attributesOfItem(atPath: service.path)
            #expect(attributes[.posixPermissions] as? UInt16 == mode)
        }
    }

    @Test func `A socket that nobody listens at is replaced`() async throws {
        let listener: (String) throws -> VarlinkService.Listener = { path in
            close(try makeListener(at: path))
            return .path(path)
        }
        try await TestService.with(listener: listener) { service in
            try await service.expectToServe()
        }
    }

    @Test func `A service that listens is not disturbed by another that wants its path`() async throws {
        try await TestService.with { service in
            let error = await #expect(throws: VarlinkServiceError.self) {
                try await TestService.with(listener: { _ in .path(service.path) }) { _ in }
            }
            #expect(error?.code == .inUse)
            #expect(error?.description.contains(service.path) == true)
            try await service.expectToServe()
        }
    }

    @Test func `What is no socket is left alone`() async throws {
        let listener: (String) throws -> VarlinkService.Listener = { path in
            try Data("precious".utf8).write(to: URL(fileURLWithPath: path))
            return .path(path)
        }
        let error = await #expect(throws: VarlinkServiceError.self) {
            try await TestService.with(listener: listener) { _ in }
        }
        #expect(error?.code == .notASocket)
    }

    @Test func `A path that can't be is refused with a remedy`() async throws {
        let paths: [(path: String, code: VarlinkServiceError.Code)] = [
            ("", .invalidPath), (String(repeating: "x", count: 108), .invalidPath), ("/a\0b", .invalidPath),
            ("/nowhere-at-all/socket", .system),
        ]
        for (path, code) in paths {
            let error = await #expect(throws: VarlinkServiceError.self) {
                try await TestService.with(listener: { _ in .path(path) }) { _ in }
            }
            #expect(error?.code == code)
            #expect(error?.remedy.isEmpty == false)
        }
    }

    @Test func `A listening descriptor is adopted, and its file left to whom made it`() async throws {
        try await withTemporaryDirectory { directory in
            let path = directory + "/activated"
            try await TestService.with(listener: { _ in .descriptor(try makeListener(at: path)) }) {
                service in
                try await RawClient.with(path) { client in
                    try await client.send(echo("a"))
                    #expect(await client.next() == #"{"parameters":{"text":"a"}}"#)
                }
            }
            #expect(FileManager.default.fileExists(atPath: path))
        }
    }

    @Test func `A client that came before the service is served`() async throws {
        try await withTemporaryDirectory { directory in
            let path = directory + "/activated"
            let listener = try makeListener(at: path)
            try await RawClient.with(path) { client in
                try await client.send(echo("early"))
                try await TestService.with(listener: { _ in .descriptor(listener) }) { _ in
                    #expect(await client.next() == #"{"parameters":{"text":"early"}}"#)
                }
            }
        }
    }

    @Test func `A descriptor that is no listening Unix stream socket is refused`() async throws {
        var pipes: [CInt] = [0, 0]
        try #require(pipe(&pipes) == 0)
        let sockets = [
            socket(AF_UNIX, CInt(SOCK_STREAM.rawValue), 0), socket(AF_UNIX, CInt(SOCK_DGRAM.rawValue), 0),
            socket(AF_INET, CInt(SOCK_STREAM.rawValue), 0),
        ]
        defer { for descriptor in pipes + sockets { close(descriptor) } }
        for descriptor in pipes + sockets + [-1] {
            let error = await #expect(throws: VarlinkServiceError.self) {
                try await TestService.with(listener: { _ in .descriptor(descriptor) }) { _ in }
            }
            #expect(error?.code == .unfitDescriptor)
            #expect(descriptor < 0 || fcntl(descriptor, F_GETFD) >= 0, "it is still its owner's")
        }
    }
}

/// A socket that listens at `path`, as systemd would make it.
private func makeListener(at path: String) throws -> CInt {
    let descriptor = socket(AF_UNIX, CInt(SOCK_STREAM.rawValue), 0)
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
    let bound = withUnsafePointer(to: &address) { pointer in
        pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
            bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
        }
    }
    try #require(bound == 0)
    try #require(listen(descriptor, 8) == 0)
    return descriptor
}
