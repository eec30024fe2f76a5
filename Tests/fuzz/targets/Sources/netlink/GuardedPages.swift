// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import Glibc

/// Memory behind which nothing can be read: what reads too far ends the process, whether or not a sanitizer has
/// been built into it.
struct GuardedPages {
    private let start: UnsafeMutableRawPointer
    private let end: UnsafeMutableRawPointer

    init(count: Int) {
        let page = Int(sysconf(Int32(_SC_PAGESIZE)))
        let protection = PROT_READ | PROT_WRITE
        guard let start = mmap(nil, (count + 1) * page, protection, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0),
            start != MAP_FAILED, mprotect(start + count * page, page, PROT_NONE) == 0
        else { fatalError("mmap(2) failed") }
        self.start = start
        end = start + count * page
    }

    /// A copy of these bytes at the end of the memory, at an address that 4 divides, as netlink's buffers are; nil
    /// where there are too many.
    func holding(_ bytes: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer? {
        let room = (bytes.count + 3) & ~3
        guard room <= end - start, !bytes.isEmpty else { return nil }
        let place = UnsafeMutableRawBufferPointer(start: end - room, count: bytes.count)
        place.copyMemory(from: bytes)
        return UnsafeRawBufferPointer(place)
    }
}
