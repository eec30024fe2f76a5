// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import FuzzDriver

// A bug made to be found: it takes four right bytes to reach, and reads one byte too many, which only
// AddressSanitizer sees.

nonisolated(unsafe) var sum = 0

fuzz { input in
    guard input.count >= 4, input[0] == 0x42, input[1] == 0x61, input[2] == 0x6E, input[3] == 0x21 else {
        return
    }
    let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: input.count, alignment: 1)
    defer { copy.deallocate() }
    copy.copyMemory(from: input)
    guard let start = copy.baseAddress else { return }
    for index in 0...input.count { sum &+= Int(start.load(fromByteOffset: index, as: UInt8.self)) }
}
