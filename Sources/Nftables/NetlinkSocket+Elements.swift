// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import CNetfilter

extension NetlinkSocket {
    /// Reads elements by their keys: a million take about two seconds, where listing them takes a minute.
    ///
    /// - Parameters:
    ///   - keys: what to look for; in interval sets the key that an interval begins with.
    ///   - body: called for each key in order, with the element or nil where the set has none (any more).
    public func readElements(
        _ keys: some Sequence<ElementKey>, of set: NamedSet, _ body: (ElementKey, Element?) -> Void
    ) throws(NftablesError) {
        try read(keys, of: set, as: ElementCoding.element, body)
    }

    /// What elements have counted, by their keys, and nothing else of them: faster than whole elements. Zero where
    /// a set doesn't count.
    ///
    /// - Parameter body: called for each key in order, with nil where the set has none (any more).
    public func readCounters(
        _ keys: some Sequence<ElementKey>, of set: NamedSet, _ body: (ElementKey, Element.Counter?) -> Void
    ) throws(NftablesError) {
        try read(keys, of: set, as: ElementCoding.counter, body)
    }

    private func read<Answer>(
        _ keys: some Sequence<ElementKey>, of set: NamedSet, as answer: (Attribute) -> Answer?,
        _ body: (ElementKey, Answer?) -> Void
    ) throws(NftablesError) {
        var iterator = keys.makeIterator()
        var window: [ElementKey] = []
        window.reserveCapacity(Self.keysPerMessage)
        while true {
            while window.count < Self.keysPerMessage, let key = iterator.next() { window.append(key) }
            guard !window.isEmpty else { return }
            let read = try readWindow(window[...], of: set, as: answer, body)
            window.removeFirst(read)
        }
    }

    /// The element with this key, or nil.
    public func element(_ key: ElementKey, of set: NamedSet) throws(NftablesError) -> Element? {
        var found: Element?
        try readElements(CollectionOfOne(key), of: set) { found = $1 }
        return found
    }

    /// How many keys one question asks for. Each answer takes a buffer of its own in the kernel's queue, so more would need
    /// a larger receive buffer and gain little.
    private static var keysPerMessage: Int { 200 }

    /// Reads keys until the first that is absent, and returns how many it dealt with. The kernel answers keys in
    /// order and stops at the first that it doesn't find.
    private func readWindow<Answer>(
        _ keys: ArraySlice<ElementKey>, of set: NamedSet, as answer: (Attribute) -> Answer?,
        _ body: (ElementKey, Answer?) -> Void
    ) throws(NftablesError) -> Int {
        var position = keys.startIndex
        do {
            try askForMany(.getElement, set.table.family, "read elements", set.description) { header in
                header.put(NFTA_SET_ELEM_LIST_TABLE.rawValue, string: set.table.name)
                header.put(NFTA_SET_ELEM_LIST_SET.rawValue, string: set.name)
                header.nest(NFTA_SET_ELEM_LIST_ELEMENTS.rawValue) {
                    for key in keys { ElementCoding.put(Element(key), in: header) }
                }
            } answer: { message in
                ElementCoding.forEachAttribute(of: message) { attribute in
                    guard position < keys.endIndex, let answer = answer(attribute) else { return }
                    body(keys[position], answer)
                    position += 1
                }
            }
        } catch  where error.code == .notFound && position < keys.endIndex {
            // An absent set says the same as an absent element; only the second is an answer.
            guard try self.set(set) != nil else { throw error }
            body(keys[position], nil)
            position += 1
        }
        return position - keys.startIndex
    }
}
