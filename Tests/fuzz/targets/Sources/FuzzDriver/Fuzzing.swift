// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import CFuzzer

#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#else
    internal import Darwin
#endif

nonisolated(unsafe) private var fuzzed: (UnsafeRawBufferPointer) -> Void = { _ in }

/// Has libFuzzer call `body` with inputs until it is told to stop. The process's arguments are libFuzzer's.
public func fuzz(_ body: @escaping (UnsafeRawBufferPointer) -> Void) -> Never {
    fuzzed = body
    var count = CommandLine.argc
    var arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>? = CommandLine.unsafeArgv
    exit(
        LLVMFuzzerRunDriver(&count, &arguments) { start, count in
            fuzzed(UnsafeRawBufferPointer(start: start, count: count))
            return 0
        })
}

/// What the environment says, for a target that is several: libFuzzer starts itself again, but not with arguments that
/// it doesn't know.
public func environment(_ name: String) -> String { getenv(name).map { String(cString: $0) } ?? "" }

/// Something that must hold for every input: where it doesn't, that is a finding.
public func require(
    _ holds: Bool, _ promise: @autoclosure () -> String, file: StaticString = #fileID, line: UInt = #line
) {
    guard !holds else { return }
    fatalError("broken promise: \(promise())", file: file, line: line)
}

/// A line that goes to a terminal or into a log has nothing in it that these would act on.
public func requirePlain(_ message: String, file: StaticString = #fileID, line: UInt = #line) {
    let isPlain = message.unicodeScalars.allSatisfy { scalar in
        !(scalar.value < 0x20 || (0x7F..<0xA0).contains(scalar.value))
    }
    require(
        isPlain, "a message has no control character: \(message.debugDescription)", file: file, line: line)
}
