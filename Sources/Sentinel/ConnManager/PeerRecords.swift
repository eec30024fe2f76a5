// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

/// A connection that is open.
struct OpenConnection: Sendable {
    let connection: Connection
    let opened: MonotonicInstant
}

/// A peer that is connected or protected, or both.
struct TrackedPeer: Sendable {
    /// There where the peer is connected, or has tags.
    var metadata: PeerMetadata?
    var connections: [Connection.ID: OpenConnection] = [:]
    /// The tags that the peer is protected by.
    var protections: Set<String> = []

    /// Records a connection; false where it is recorded already. With the first one the peer is seen first,
    /// whatever was known of it before.
    mutating func open(_ connection: Connection, now: MonotonicInstant) -> Bool {
        guard connections[connection.id] == nil else { return false }
        if metadata == nil { metadata = PeerMetadata(firstSeen: now) }
        if connections.isEmpty { metadata?.firstSeen = now }
        connections[connection.id] = OpenConnection(connection: connection, opened: now)
        return true
    }

    /// Adds a protection; true where it is the first.
    mutating func protect(_ tag: String) -> Bool {
        let isFirst = protections.isEmpty
        protections.insert(tag)
        return isFirst
    }

    /// Changes the metadata in its place, where there is any.
    mutating func withMetadata(_ change: (inout PeerMetadata) -> Void) {
        guard metadata != nil else { return }
        change(&metadata!)
    }

    /// Forgets metadata without a tag, unless the peer is connected.
    mutating func dropEmptyMetadata() {
        if connections.isEmpty, let held = metadata, held.isEmpty { metadata = nil }
    }
}

/// What a peer is worth, and since when it is known.
struct PeerMetadata: Sendable {
    var firstSeen: MonotonicInstant
    var tags = TagValues()
    var decaying: [DecayingEntry] = []

    init(firstSeen: MonotonicInstant) {
        self.firstSeen = firstSeen
    }

    /// Whether there is no tag.
    var isEmpty: Bool { tags.isEmpty && decaying.isEmpty }

    /// The sum of all tags, stopped at the ends of the type. It is added up each time: peers have few tags,
    /// and a sum that was kept would have to be exact beyond the type.
    var value: Int {
        Int(clamping: decaying.reduce(tags.sum) { $0 + Int128($1.value) })
    }

    /// The value of each tag, decaying or not.
    var allTags: [String: Int] {
        var all = tags.all
        for entry in decaying {
            let sum = Int128(all[entry.tag.name] ?? 0) + Int128(entry.value)
            all[entry.tag.name] = Int(clamping: sum)
        }
        return all
    }
}

/// The values of a peer's tags, those that don't decay. The first one lies in the value itself: most peers
/// have no other, and of them there may be a million.
struct TagValues: Sendable {
    private var firstName: String?
    private var firstValue = 0
    private var others: [String: Int] = [:]

    var isEmpty: Bool { firstName == nil && others.isEmpty }

    /// The exact sum.
    var sum: Int128 {
        let first = firstName == nil ? 0 : Int128(firstValue)
        return others.isEmpty ? first : others.values.reduce(first) { $0 + Int128($1) }
    }

    var all: [String: Int] {
        var all = others
        if let firstName { all[firstName] = firstValue }
        return all
    }

    /// A tag's value, nil where there is no such tag.
    subscript(name: String) -> Int? {
        get {
            firstName == name ? firstValue : others.isEmpty ? nil : others[name]
        }
        set {
            if firstName == name {
                firstName = newValue == nil ? nil : name
                firstValue = newValue ?? 0
            } else if let newValue {
                if firstName == nil && (others.isEmpty || others[name] == nil) {
                    firstName = name
                    firstValue = newValue
                } else {
                    others[name] = newValue
                }
            } else if !others.isEmpty {
                others[name] = nil
            }
        }
    }
}
