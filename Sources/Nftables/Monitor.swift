// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import CNetfilter

/// Listens to changes of the ruleset, whoever makes them.
///
/// The kernel drops events under load, even that a table was deleted, and says nothing of elements that rules
/// add to sets. Take events as hints and ``NetlinkSocket/generation()`` as the truth.
public struct Monitor: ~Copyable {
    /// A change of the ruleset.
    public enum Event: Hashable, Sendable {
        case tableAdded(Table)
        case tableDeleted(Table)
        case chainAdded(Chain)
        case chainDeleted(Chain)
        case setAdded(NamedSet)
        case setDeleted(NamedSet)
        case elementsAdded([Element], set: String, table: Table)
        case elementsDeleted([Element], set: String, table: Table)
        /// A rule was added to, deleted from or replaced in a chain.
        case rulesChanged(table: Table)
        /// The transaction that the events before this belong to is complete.
        case generation(Generation, processID: UInt32, processName: String)
        /// Events were lost. Read the ruleset.
        case lost
    }

    private let socket: NetlinkSocket

    /// Starts to listen.
    public init(options: NetlinkSocket.Options = .init()) throws(NftablesError) {
        let socket = try NetlinkSocket(options: options)
        try socket.join(group: Int32(NFNLGRP_NFTABLES.rawValue))
        self.socket = socket
    }

    /// The descriptor, to wait on. It stays the monitor's own.
    public var descriptor: Int32 { socket.descriptor }

    /// Takes the events that have come; none where nothing has.
    public func events() throws(NftablesError) -> [Event] {
        var events: [Event] = []
        while true {
            do {
                guard let datagram = try socket.receive(until: nil) else { return events }
                for message in Messages(datagram) {
                    if let event = Event(message: message) { events.append(event) }
                }
            } catch  where error.code == .outcomeUnknown {
                events.append(.lost)
            }
        }
    }

    /// Waits for events until the deadline; none where it passes.
    public func events(within patience: Duration) throws(NftablesError) -> [Event] {
        do {
            guard let datagram = try socket.receive(until: .now + patience) else { return [] }
            return try Messages(datagram).compactMap { Event(message: $0) } + events()
        } catch  where error.code == .outcomeUnknown {
            return [.lost]
        } catch  where error.code == .timedOut {
            return []
        }
    }
}

extension Monitor.Event {
    init?(message: UnsafePointer<nlmsghdr>) {
        guard let type = MessageType(header: message) else { return nil }
        switch type {
        case .newTable: self.init(Table(message: message), Self.tableAdded)
        case .deleteTable: self.init(Table(message: message), Self.tableDeleted)
        case .newChain: self.init(Chain(message: message), Self.chainAdded)
        case .deleteChain: self.init(Chain(message: message), Self.chainDeleted)
        case .newSet: self.init(NamedSet(message: message), Self.setAdded)
        case .deleteSet: self.init(NamedSet(message: message), Self.setDeleted)
        case .newElement:
            let names = Self.names(message)
            self = .elementsAdded(ElementCoding.elements(of: message), set: names.second, table: names.table)
        case .deleteElement:
            let names = Self.names(message)
            self = .elementsDeleted(
                ElementCoding.elements(of: message), set: names.second, table: names.table)
        case .newRule, .deleteRule: self = .rulesChanged(table: Self.names(message).table)
        case .newGeneration: self = Self.generation(message)
        default: return nil
        }
    }

    private init?<T>(_ object: T?, _ make: (T) -> Self) {
        guard let object else { return nil }
        self = make(object)
    }

    /// The table, and the set or chain, that a message about an element or a rule names first.
    private static func names(_ message: UnsafePointer<nlmsghdr>) -> (table: Table, second: String) {
        var names = ["", ""]
        for attribute in Attributes(message: message)
        where attribute.type == Int32(NFTA_SET_ELEM_LIST_TABLE.rawValue)
            || attribute.type == Int32(NFTA_SET_ELEM_LIST_SET.rawValue)
        {
            names[Int(attribute.type) - 1] = attribute.string
        }
        return (Table(message.family, names[0]), names[1])
    }

    private static func generation(_ message: UnsafePointer<nlmsghdr>) -> Self {
        var number: UInt32 = 0
        var process: UInt32 = 0
        var name = ""
        for attribute in Attributes(message: message) {
            switch UInt32(attribute.type) {
            case NFTA_GEN_ID.rawValue: number = attribute.bigEndian(UInt32.self) ?? 0
            case NFTA_GEN_PROC_PID.rawValue: process = attribute.bigEndian(UInt32.self) ?? 0
            case NFTA_GEN_PROC_NAME.rawValue: name = attribute.string
            default: break
            }
        }
        return .generation(Generation(number: number), processID: process, processName: name)
    }
}
