// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import Inet
internal import Nftables

/// The elements that a range of addresses takes in an interval set: where it begins and, unless the family's last
/// address is in it, the first address behind it.
func intervalElements(from first: IPAddress, through last: IPAddress, beginning: (ElementKey) -> Element)
    -> [Element]
{
    let start = beginning(ElementKey(first))
    guard let end = last.successor else { return [start] }
    return [start, Element(ElementKey(end), isIntervalEnd: true)]
}
