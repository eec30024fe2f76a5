// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import SentinelConfiguration
internal import TOMLKit

/// What a text says, without how: two texts that say the same have equal nodes.
indirect enum Node: Hashable {
    /// A section without anything in it is as good as none, and left out.
    case section([String: Node])
    case list([Node])
    case text(String)
    case integer(Int)
    /// By its bits, so that what is no number equals itself.
    case number(UInt64)
    case boolean(Bool)
    /// A date or time.
    case moment(String)

    init(_ table: TOMLTable) {
        var entries: [String: Node] = [:]
        for key in table.keys {
            guard let value = table[key] else { continue }
            let node = Node(value)
            if node != .section([:]) { entries[key] = node }
        }
        self = .section(entries)
    }

    private init(_ value: any TOMLValueConvertible) {
        if let table = value.table {
            self = Node(table)
        } else if let list = value.array {
            self = .list((0..<list.count).map { Node(list[$0]) })
        } else if let text = value.string {
            self = .text(text)
        } else if let number = value.int {
            self = .integer(number)
        } else if let number = value.double {
            self = .number(number.bitPattern)
        } else if let boolean = value.bool {
            self = .boolean(boolean)
        } else if let moment = value.dateTime {
            let offset = moment.offset.map { "\($0.offset)" } ?? ""
            self = .moment("\(Self.text(moment.date)) \(Self.text(moment.time)) \(offset)")
        } else if let date = value.date {
            self = .moment(Self.text(date))
        } else if let time = value.time {
            self = .moment(Self.text(time))
        } else {
            self = .moment("")
        }
    }

    private static func text(_ date: TOMLDate) -> String { "\(date.year)-\(date.month)-\(date.day)" }
    private static func text(_ time: TOMLTime) -> String {
        "\(time.hour):\(time.minute):\(time.second).\(time.nanoSecond)"
    }

    init(_ value: ConfigurationEdit.Value) {
        switch value {
        case .text(let text): self = .text(text)
        case .integer(let number): self = .integer(number)
        case .number(let number): self = .number(number.bitPattern)
        case .boolean(let boolean): self = .boolean(boolean)
        }
    }

    /// Whether it has no parts.
    var isPlain: Bool {
        switch self {
        case .section, .list: false
        default: true
        }
    }
}

extension Node {
    /// What a key says; nil where there is nothing.
    subscript(key: ConfigurationKey) -> Node? {
        key.components.reduce(Optional(self)) { node, component in
            switch (node, component) {
            case (.section(let entries), .key(let name)): entries[name]
            case (.list(let elements), .index(let index)):
                elements.indices.contains(index) ? elements[index] : nil
            default: nil
            }
        }
    }

    /// Puts a node in the place of another, or of nothing at a section's key or a list's end.
    ///
    /// - Returns: whether there is such a place.
    mutating func put(_ new: Node, at path: ArraySlice<ConfigurationKey.Component>) -> Bool {
        guard let first = path.first else {
            self = new
            return true
        }
        let rest = path.dropFirst()
        switch (self, first) {
        case (.section(var entries), .key(let name)):
            var node = entries[name] ?? (Self.isIndex(rest.first) ? .list([]) : .section([:]))
            guard node.put(new, at: rest) else { return false }
            entries[name] = node
            self = .section(entries)
        case (.list(var elements), .index(let index)) where index <= elements.count:
            var node = index < elements.count ? elements[index] : .section([:])
            guard node.put(new, at: rest) else { return false }
            if index < elements.count { elements[index] = node } else { elements.append(node) }
            self = .list(elements)
        default: return false
        }
        return true
    }

    /// Takes out what is at a key, with sections that nothing is left in.
    mutating func remove(_ path: ArraySlice<ConfigurationKey.Component>) {
        guard let first = path.first else { return }
        let rest = path.dropFirst()
        switch (self, first) {
        case (.section(var entries), .key(let name)):
            if rest.isEmpty {
                entries[name] = nil
            } else if var node = entries[name] {
                node.remove(rest)
                entries[name] = node == .section([:]) ? nil : node
            }
            self = .section(entries)
        case (.list(var elements), .index(let index)) where elements.indices.contains(index):
            if rest.isEmpty { elements.remove(at: index) } else { elements[index].remove(rest) }
            self = .list(elements)
        default: break
        }
    }

    private static func isIndex(_ component: ConfigurationKey.Component?) -> Bool {
        if case .index = component { true } else { false }
    }
}
