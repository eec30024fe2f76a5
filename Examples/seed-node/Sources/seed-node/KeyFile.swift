// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

import SeedNode
import SystemPackage

/// A node's private key in a file that only its owner may read.
enum KeyFile {
    struct Malformed: Error, CustomStringConvertible {
        let path: String
        var description: String {
            "\(path): a key file has 32 bytes; remove it to have a new one made"
        }
    }

    /// Reads the key, or makes one.
    static func identity(at path: String?) throws -> NodeIdentity {
        guard let path else { return NodeIdentity() }
        do {
            return try read(FilePath(path))
        } catch Errno.noSuchFileOrDirectory {
            return try create(FilePath(path))
        }
    }

    private static func read(_ path: FilePath) throws -> NodeIdentity {
        let file = try FileDescriptor.open(path, .readOnly, options: .closeOnExec)
        return try file.closeAfter {
            let bytes = try [UInt8](unsafeUninitializedCapacity: 64) { buffer, count in
                count = try file.read(into: UnsafeMutableRawBufferPointer(buffer))
            }
            guard let identity = NodeIdentity(privateKey: bytes) else { throw Malformed(path: path.string) }
            return identity
        }
    }

    private static func create(_ path: FilePath) throws -> NodeIdentity {
        let identity = NodeIdentity()
        let file = try FileDescriptor.open(
            path, .writeOnly, options: [.create, .exclusiveCreate, .closeOnExec],
            permissions: .ownerReadWrite)
        try file.closeAfter { _ = try file.writeAll(identity.privateKey) }
        return identity
    }
}
