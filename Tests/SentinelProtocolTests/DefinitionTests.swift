// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

import Foundation
import SentinelProtocol
import Testing
import Varlink

/// Holds the Swift types against the interface definition that the helper publishes.
@Suite struct DefinitionTests {
    /// A name in the definition and the Swift type that stands for it.
    struct Pair: Sendable, CustomTestStringConvertible {
        let name: String
        let testDescription: String
        /// Decodes and encodes again.
        let roundTrip: @Sendable (JSONValue) throws -> JSONValue

        init<T: Codable & SendableMetatype>(name: String, type: T.Type) {
            self.name = name
            testDescription = "\(name) as \(type)"
            roundTrip = { value in
                let decoded = try JSONDecoder().decode(T.self, from: JSONEncoder().encode(value))
                return try JSONDecoder().decode(JSONValue.self, from: JSONEncoder().encode(decoded))
            }
        }
    }

    static let types: [Pair] = [
        Pair(name: "Denial", type: Denial.self), Pair(name: "BanRequest", type: BanRequest.self),
        Pair(name: "BanRecord", type: Ban.self), Pair(name: "Refusal", type: Refusal.self),
        Pair(name: "Receipt", type: Receipt.self), Pair(name: "ImportPart", type: ImportPart.self),
        Pair(name: "ImportRefusal", type: ImportRefusal.self),
        Pair(name: "ImportResult", type: ImportResult.self), Pair(name: "Filter", type: Filter.self),
        Pair(name: "Event", type: Event.self), Pair(name: "Element", type: SetElement.self),
        Pair(name: "Change", type: HelperInterface.Reload.Change.self),
        Pair(name: "Set", type: SetInfo.self), Pair(name: "Kernel", type: KernelInfo.self),
        Pair(name: "EventCount", type: EventCount.self), Pair(name: "Feed", type: Feed.self),
        Pair(name: "GuardCount", type: GuardCount.self), Pair(name: "GuardEntry", type: GuardEntry.self),
        Pair(name: "Schedule", type: Schedule.self), Pair(name: "ShadowReason", type: ShadowReason.self),
        Pair(name: "ShadowSource", type: ShadowSource.self),
        Pair(name: "ShadowContact", type: ShadowContact.self),
    ]

    static let errors: [Pair] = [
        pair(HelperInterface.PermissionDenied.self), pair(HelperInterface.InvalidRequest.self),
        pair(HelperInterface.ReloadRefused.self), pair(HelperInterface.Released.self),
        pair(HelperInterface.HistoryUnavailable.self),
        pair(HelperInterface.KernelRefused.self),
    ]

    static let parameters: [Pair] = methods.map(\.parameters)
    static let replies: [Pair] = methods.map(\.reply)

    private static let methods: [(parameters: Pair, reply: Pair)] = [
        pairs(HelperInterface.submit), pairs(HelperInterface.guardAddresses), pairs(HelperInterface.ban),
        pairs(HelperInterface.importBans), pairs(HelperInterface.lift),
        pairs(HelperInterface.list), pairs(HelperInterface.history), pairs(HelperInterface.durations),
        pairs(HelperInterface.sets), pairs(HelperInterface.counters), pairs(HelperInterface.shadow),
        pairs(HelperInterface.feeds), pairs(HelperInterface.guarded), pairs(HelperInterface.explain),
        pairs(HelperInterface.status), pairs(HelperInterface.watch), pairs(HelperInterface.reload),
        pairs(HelperInterface.release),
    ]

    private static func pair<E: VarlinkErrorReply>(_ type: E.Type) -> Pair {
        Pair(name: E.name, type: type)
    }

    private static func pairs<P, R>(_ method: VarlinkMethod<P, R>) -> (parameters: Pair, reply: Pair) {
        (Pair(name: method.name, type: P.self), Pair(name: method.name, type: R.self))
    }

    let definition: InterfaceDefinition

    init() throws {
        definition = try InterfaceDefinition(HelperInterface.interface.description)
    }

    // MARK: Names

    @Test func `Everything in the definition has its Swift type, and nothing else has`() {
        #expect(definition.name == HelperInterface.name)
        #expect(HelperInterface.interface.name == HelperInterface.name)
        let prefix = HelperInterface.name + "."
        #expect(Set(definition.types.keys) == Set(Self.types.map(\.name) + ["Check"]))
        #expect(Set(definition.methods.keys.map { prefix + $0 }) == Set(Self.parameters.map(\.name)))
        #expect(Set(definition.errors.keys.map { prefix + $0 }) == Set(Self.errors.map(\.name)))
    }

    @Test func `The checks are those of the definition`() {
        #expect(definition.types["Check"] == .enumeration(Check.allCases.map(\.rawValue)))
    }

    // MARK: Fields

    @Test(arguments: types)
    func `A type has the fields of its definition`(pair: Pair) throws {
        try hold(pair, against: try #require(definition.types[pair.name]))
    }

    @Test(arguments: errors)
    func `An error has the fields of its definition`(pair: Pair) throws {
        try hold(pair, against: try #require(definition.errors[member(pair)]))
    }

    @Test(arguments: parameters)
    func `A method's parameters have the fields of its definition`(pair: Pair) throws {
        try hold(pair, against: try #require(definition.methods[member(pair)]?.parameters))
    }

    @Test(arguments: replies)
    func `A method's reply has the fields of its definition`(pair: Pair) throws {
        try hold(pair, against: try #require(definition.methods[member(pair)]?.reply))
    }

    private func member(_ pair: Pair) -> String {
        String(pair.name.dropFirst(HelperInterface.name.count + 1))
    }

    /// A full value passes unchanged; each optional may be absent, and is then absent again; nothing required
    /// may; and nothing may be of another JSON type.
    private func hold(_ pair: Pair, against type: InterfaceDefinition.TypeExpression) throws {
        let sample = definition.sample(of: type)
        #expect(try pair.roundTrip(sample.value) == sample.value)
        for (path, isOptional) in sample.fields {
            var without = sample.value
            without[path[...]] = nil
            var null = sample.value
            null[path[...]] = .null
            var other = sample.value
            other[path[...]] = other[path[...]]?.isArray == true ? .bool(true) : .array([])
            if isOptional {
                #expect(try pair.roundTrip(without) == without, "without \(path)")
                #expect(try pair.roundTrip(null) == without, "null \(path)")
            } else {
                #expect(throws: DecodingError.self, "without \(path)") { try pair.roundTrip(without) }
                #expect(throws: DecodingError.self, "null \(path)") { try pair.roundTrip(null) }
            }
            #expect(throws: DecodingError.self, "another type at \(path)") { try pair.roundTrip(other) }
        }
    }
}
