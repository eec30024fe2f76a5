// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

import Foundation
import Testing

@testable import SentinelControl

/// A directory with a configuration's file in it, which ends with its owner.
struct ConfigurationDirectory: ~Copyable {
    let path: String
    var file: String { "\(path)/sentinel.toml" }

    init(_ text: String) throws {
        path = FileManager.default.temporaryDirectory.path + "/edit-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
        try Data(text.utf8).write(to: URL(filePath: file))
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    /// What is in the file, or in another one beside it.
    func text(_ name: String = "sentinel.toml") -> String? {
        (try? Data(contentsOf: URL(filePath: "\(path)/\(name)"))).map { String(decoding: $0, as: UTF8.self) }
    }

    func names() throws -> [String] { try FileManager.default.contentsOfDirectory(atPath: path).sorted() }
}

private func locked(_ path: String) throws(ControlError) -> ConfigurationFile {
    try ConfigurationFile(path, lock: .held(waiting: {}))
}

@Suite struct ConfigurationFileTests {
    @Test func `What replaces a file has its mode and its owner, and the file as it was is kept`() throws {
        let directory = try ConfigurationDirectory("old\n")
        try FileManager.default.setAttributes([.posixPermissions: 0o640], ofItemAtPath: directory.file)
        if geteuid() == 0 { chown(directory.file, 1234, 2345) }
        let before = try FileManager.default.attributesOfItem(atPath: directory.file)
        var file = try locked(directory.file)
        #expect(file.text == Array("old\n".utf8))
        try file.replace(with: Array("new\n".utf8))
        file.keep()
        #expect(directory.text() == "new\n")
        #expect(directory.text("sentinel.toml.previous") == "old\n")
        #expect(try directory.names() == ["sentinel.toml", "sentinel.toml.previous"])
        let after = try FileManager.default.attributesOfItem(atPath: directory.file)
        for key in [FileAttributeKey.posixPermissions, .ownerAccountID, .groupOwnerAccountID] {
            #expect(after[key] as? Int == before[key] as? Int)
        }
    }

    @Test func `A file that is put back is as it was, and so is what was kept before`() throws {
        let directory = try ConfigurationDirectory("1\n")
        var first = try locked(directory.file)
        try first.replace(with: Array("2\n".utf8))
        first.keep()
        do {
            var second = try ConfigurationFile(directory.file, lock: .none)
            try second.replace(with: Array("3\n".utf8))
            #expect(directory.text() == "3\n")
            try second.restore()
        }
        #expect(directory.text() == "2\n")
        #expect(directory.text("sentinel.toml.previous") == "1\n")
        #expect(try directory.names() == ["sentinel.toml", "sentinel.toml.previous"])
        // The change that stands can still be undone.
        #expect(try ConfigurationFile(directory.file, lock: .none).previousText() == Array("1\n".utf8))
    }

    @Test func `Behind a link the file itself is replaced`() throws {
        let directory = try ConfigurationDirectory("old\n")
        try FileManager.default.createDirectory(
            atPath: "\(directory.path)/etc", withIntermediateDirectories: false)
        let link = "\(directory.path)/etc/link.toml"
        try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: "../sentinel.toml")
        var file = try locked(link)
        #expect(file.path.hasSuffix("/sentinel.toml"))
        try file.replace(with: Array("new\n".utf8))
        file.keep()
        #expect(directory.text() == "new\n")
        #expect(try FileManager.default.destinationOfSymbolicLink(atPath: link) == "../sentinel.toml")
    }

    @Test(arguments: [true, false])
    func `A file that somebody has changed meanwhile is left alone`(isReplaced: Bool) throws {
        let directory = try ConfigurationDirectory("old\n")
        var file = try locked(directory.file)
        try Data("other\n".utf8).write(
            to: URL(filePath: directory.file), options: isReplaced ? .atomic : [])
        let error = try #require(throws: ControlError.self) { try file.replace(with: Array("new\n".utf8)) }
        #expect(error.status == .refused)
        #expect(error.message.contains("changed by somebody else"))
        #expect(directory.text() == "other\n")
        #expect(try directory.names() == ["sentinel.toml"])
    }

    @Test func `Whoever wants to change a file that is being changed waits`() async throws {
        let directory = try ConfigurationDirectory("old\n")
        let path = directory.file
        let waits = AsyncStream.makeStream(of: Void.self)
        let other: Task<[UInt8], any Error>
        do {
            var file = try locked(path)
            other = Task.detached {
                try ConfigurationFile(path, lock: .held { waits.continuation.yield() }).text
            }
            for await _ in waits.stream { break }
            try file.replace(with: Array("new\n".utf8))
            file.keep()
        }
        #expect(try await other.value == Array("new\n".utf8))
    }

    @Test func `What is no file, isn't there or is too large is refused by its name`() throws {
        let directory = try ConfigurationDirectory(String(repeating: "#", count: 1 << 20) + "\n")
        for path in [directory.path, "\(directory.path)/absent", directory.file] {
            let error = try #require(throws: ControlError.self) {
                _ = try ConfigurationFile(path, lock: .none)
            }
            #expect(error.status == .refused)
            #expect(error.message.contains(path))
        }
    }
}
