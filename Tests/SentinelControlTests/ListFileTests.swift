// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

import Foundation
import Testing

@testable import SentinelControl

@Suite final class ListFileTests {
    private let directory = FileManager.default.temporaryDirectory.path + "/\(UUID().uuidString)"

    init() throws {
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: directory) }

    private var names: [String] {
        get throws { try FileManager.default.contentsOfDirectory(atPath: directory).sorted() }
    }

    @Test func `A file is replaced whole, stays as readable as it was, and leaves nothing beside it`() throws
    {
        let path = "\(directory)/list"
        try "a longer text than what comes".write(toFile: path, atomically: true, encoding: .utf8)
        try FileManager.default.setAttributes([.posixPermissions: 0o640], ofItemAtPath: path)
        let before = try FileManager.default.attributesOfItem(atPath: path)
        try NamedFile(path: path).write(Array("new\n".utf8))
        let after = try FileManager.default.attributesOfItem(atPath: path)
        #expect(try NamedFile(path: path).read() == Array("new\n".utf8))
        #expect(after[.posixPermissions] as? Int == 0o640)
        // Another file took its name: whoever was reading the old one reads it to its end.
        #expect(before[.systemFileNumber] as? Int != after[.systemFileNumber] as? Int)
        #expect(try names == ["list"])
    }

    @Test func `What a link leads to is replaced, and the link stays`() throws {
        try "old".write(toFile: "\(directory)/real", atomically: true, encoding: .utf8)
        try FileManager.default.createSymbolicLink(
            atPath: "\(directory)/link", withDestinationPath: "real")
        try NamedFile(path: "\(directory)/link").write(Array("new".utf8))
        #expect(try FileManager.default.destinationOfSymbolicLink(atPath: "\(directory)/link") == "real")
        #expect(try NamedFile(path: "\(directory)/real").read() == Array("new".utf8))
        #expect(try names == ["link", "real"])
    }

    @Test func `What can't be written says so, and leaves nothing`() throws {
        let error = #expect(throws: ControlError.self) {
            try NamedFile(path: "\(directory)/nosuch/list").write([1])
        }
        #expect(error?.message.contains("name a file in a directory that may be written") == true)
        // A directory can't be taken the place of.
        #expect(throws: ControlError.self) { try NamedFile(path: directory).write([1]) }
        #expect(throws: ControlError.self) { try NamedFile(path: "/dev/full").write([1]) }
        #expect(throws: ControlError.self) { try NamedFile(path: "\(directory)/nosuch").read() }
        #expect(try names.isEmpty)
    }

    @Test func `A device is written to, not replaced`() throws {
        try NamedFile(path: "/dev/null").write([1, 2, 3])
        #expect(
            try FileManager.default.attributesOfItem(atPath: "/dev/null")[.type] as? FileAttributeType
                == .typeCharacterSpecial)
    }
}
