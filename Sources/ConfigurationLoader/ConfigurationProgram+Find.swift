// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import Glibc
public import SentinelConfiguration

extension ConfigurationProgram {
    /// The program's name.
    public static let name = "sentinel-config"
    /// Where packages install it.
    public static let libexec = "/usr/libexec/seed-sentinel"

    /// Looks for the program beside the calling process's own executable, then where it is installed with that
    /// executable, then where packages install it.
    ///
    /// - Throws: which places were looked at.
    public static func find() throws(ConfigurationError) -> ConfigurationProgram {
        let own = ownDirectory.map { [$0, "\($0)/../libexec/seed-sentinel"] } ?? []
        let places = (own + [libexec]).map { "\($0)/\(name)" }
        guard let found = places.first(where: isExecutable) else {
            throw ConfigurationError(
                fault: "there is no \(places.joined(separator: ", and no "))",
                remedy: "install \(name), which comes with sentineld, in one of these places")
        }
        return ConfigurationProgram(path: found)
    }

    private static var ownDirectory: String? {
        let path = withUnsafeTemporaryAllocation(of: CChar.self, capacity: Int(PATH_MAX)) {
            buffer -> String? in
            guard let start = buffer.baseAddress else { return nil }
            let length = readlink("/proc/self/exe", start, buffer.count)
            // One that fills the buffer may have been cut off.
            guard length > 0, length < buffer.count else { return nil }
            return String(decoding: buffer[..<length].map { UInt8(bitPattern: $0) }, as: UTF8.self)
        }
        guard let path, let slash = path.lastIndex(of: "/") else { return nil }
        return String(path[..<slash])
    }

    private static func isExecutable(_ path: String) -> Bool {
        var status = stat()
        return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFREG && access(path, X_OK) == 0
    }
}
