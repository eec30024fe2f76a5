// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import Inet
internal import SentinelProtocol

/// Prints sets with their elements as their pages come. Of a set that isn't too large, the elements come in the order of
/// their keys.
struct SetOutput {
    private let console: Console
    private let isJSON: Bool
    private let isSorted: Bool
    private let showsEmpty: Bool
    private var pages: SetPages
    /// The set that is being read, with what is to be printed of it.
    private var current: SetInfo?
    /// Whether a part of the current set has been printed.
    private var isBegun = false
    private var absent: [String] = []
    private var strangers = 0
    /// Whether no element has come at all.
    private(set) var isEmpty = true

    private static var mostSorted: Int { 10_000 }

    init(_ console: Console, isJSON: Bool, isSorted: Bool, showsEmpty: Bool) {
        self.console = console
        self.isJSON = isJSON
        self.isSorted = isSorted
        self.showsEmpty = showsEmpty
        pages = SetPages(console)
    }

    /// - Throws: ``OutputClosed``
    mutating func add(_ page: SetInfo) throws {
        if current?.name != page.name {
            try finish()
            current = page
            current?.elements = []
        }
        let elements = page.elements ?? []
        if !elements.isEmpty { isEmpty = false }
        absent += page.absent ?? []
        if page.holdsBans { strangers += elements.count { $0.ban == nil } }
        current?.elements?.append(contentsOf: elements)
        if isBegun || !isSorted || current?.elements?.count ?? 0 > Self.mostSorted { try printPart() }
    }

    /// Prints what is left of the current set, and what is wrong with it.
    ///
    /// - Throws: ``OutputClosed``
    mutating func finish() throws {
        guard let set = current else { return }
        if isSorted, !isBegun { current?.elements?.sort { $0.precedes($1) } }
        if !isBegun || set.elements?.isEmpty == false { try printPart() }
        if !absent.isEmpty {
            let named = absent.prefix(5).joined(separator: ", ") + (absent.count > 5 ? ", …" : "")
            console.complain(
                "the kernel doesn't have \(Quantity.count(absent.count, "ban")) of \(set.name): \(named)")
        }
        if strangers > 0 {
            let what = strangers == 1 ? "element of \(set.name) belongs" : "elements of \(set.name) belong"
            console.complain("\(Quantity.number(strangers)) \(what) to no ban")
        }
        current = nil
        isBegun = false
        absent = []
        strangers = 0
    }

    private mutating func printPart() throws {
        guard let set = current else { return }
        current?.elements = []
        let elements = set.elements ?? []
        if isJSON {
            isBegun = true
            try console.write(elements.map { try JSONText.line(SetRow(set: set.name, $0)) }.joined())
        } else if showsEmpty || isBegun || !elements.isEmpty {
            isBegun = true
            try console.print(pages.lines(set))
        }
    }
}

/// An element with the name of its set, for JSON.
private struct SetRow: Encodable {
    let set: String
    let element: SetElement

    init(set: String, _ element: SetElement) {
        self.set = set
        self.element = element
    }

    private enum CodingKeys: CodingKey {
        case set
    }

    func encode(to encoder: any Encoder) throws {
        try element.encode(to: encoder)
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(set, forKey: .set)
    }
}

extension SetInfo {
    /// Whether each of its elements belongs to a ban.
    fileprivate var holdsBans: Bool { ["accept", "dial", "net"].contains(name.filter { !$0.isNumber }) }
}

extension SetElement {
    /// Whether it comes before another: addresses by their number, whatever else by its text.
    fileprivate func precedes(_ other: SetElement) -> Bool {
        guard let address = first, let others = other.first, address != others else { return key < other.key }
        return address < others
    }

    /// The address that the key begins with.
    private var first: IPAddress? {
        IPNetwork(key)?.first ?? Endpoint(key)?.address ?? IPAddress(String(key.prefix { $0 != "-" }))
    }
}
