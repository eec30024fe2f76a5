// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import Glibc

/// Users and groups by name and number, as the system's databases have them (getpwnam_r(3), getgrnam_r(3)).
struct AccountNames: Hashable, Sendable {
    private var users: [UInt32: String] = [:]

    /// The user's name, or the number where there is none.
    mutating func name(ofUser number: UInt32) -> String {
        if let known = users[number] { return known }
        let name = Self.lookUp { (buffer, found: inout String?) in
            var entry = passwd()
            var result: UnsafeMutablePointer<passwd>?
            let code = getpwuid_r(number, &entry, buffer.start, buffer.count, &result)
            found = result == nil ? nil : String(cString: entry.pw_name)
            return code
        }
        let text = name ?? "\(number)"
        // A host has few users that may connect at all; without them there is nothing to bound.
        users[number] = text
        return text
    }

    /// The number of a user given by name or number; nil where there is no such name.
    static func user(_ name: String) -> UInt32? {
        if let number = UInt32(name) { return number }
        return lookUp { (buffer, found: inout UInt32?) in
            var entry = passwd()
            var result: UnsafeMutablePointer<passwd>?
            let code = getpwnam_r(name, &entry, buffer.start, buffer.count, &result)
            found = result == nil ? nil : entry.pw_uid
            return code
        }
    }

    /// The number of a group given by name or number; nil where there is no such name.
    static func group(_ name: String) -> UInt32? {
        if let number = UInt32(name) { return number }
        return lookUp { (buffer, found: inout UInt32?) in
            var entry = Glibc.group()
            var result: UnsafeMutablePointer<Glibc.group>?
            let code = getgrnam_r(name, &entry, buffer.start, buffer.count, &result)
            found = result == nil ? nil : entry.gr_gid
            return code
        }
    }

    /// Where an entry's texts are written to.
    private struct Room {
        let start: UnsafeMutablePointer<CChar>
        let count: Int
    }

    /// Calls `body` with growing room until the entry fits.
    private static func lookUp<T>(
        _ body: (Room, inout T?) -> Int32
    ) -> T? {
        var size = 1024
        while size <= 1 << 20 {
            var found: T?
            let code = withUnsafeTemporaryAllocation(of: CChar.self, capacity: size) { buffer -> Int32 in
                guard let start = buffer.baseAddress else { return ENOMEM }
                return body(Room(start: start, count: size), &found)
            }
            guard code == ERANGE else { return found }
            size *= 2
        }
        return nil
    }
}
