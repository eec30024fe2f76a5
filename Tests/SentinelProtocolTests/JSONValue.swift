// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

/// JSON as a value, made of an interface definition's types.
indirect enum JSONValue: Hashable, Codable {
    case null
    case bool(Bool)
    case int(Int64)
    case string(String)
    case array([JSONValue])
    case object([String: JSONValue])

    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if container.decodeNil() {
            self = .null
        } else if let value = try? container.decode(Bool.self) {
            self = .bool(value)
        } else if let value = try? container.decode(Int64.self) {
            self = .int(value)
        } else if let value = try? container.decode(String.self) {
            self = .string(value)
        } else if let value = try? container.decode([JSONValue].self) {
            self = .array(value)
        } else {
            self = .object(try container.decode([String: JSONValue].self))
        }
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .null: try container.encodeNil()
        case .bool(let value): try container.encode(value)
        case .int(let value): try container.encode(value)
        case .string(let value): try container.encode(value)
        case .array(let value): try container.encode(value)
        case .object(let value): try container.encode(value)
        }
    }

    var isArray: Bool { if case .array = self { true } else { false } }
}

extension JSONValue {
    /// One step into a value.
    enum Step: Hashable {
        case key(String)
        case index(Int)
    }

    subscript(path: ArraySlice<Step>) -> JSONValue? {
        get {
            guard let step = path.first else { return self }
            switch (step, self) {
            case (.key(let key), .object(let object)): return object[key]?[path.dropFirst()]
            case (.index(let index), .array(let array)): return array[index][path.dropFirst()]
            default: return nil
            }
        }
        set {
            guard let step = path.first else {
                self = newValue ?? .null
                return
            }
            switch (step, self) {
            case (.key(let key), .object(var object)):
                if path.count == 1 {
                    object[key] = newValue
                } else {
                    object[key]?[path.dropFirst()] = newValue
                }
                self = .object(object)
            case (.index(let index), .array(var array)):
                array[index][path.dropFirst()] = newValue
                self = .array(array)
            default: break
            }
        }
    }
}

extension InterfaceDefinition {
    /// A value of a type with every optional present, and where each of its fields is.
    struct Sample {
        var value: JSONValue
        var fields: [(path: [JSONValue.Step], isOptional: Bool)] = []
    }

    /// Makes a value of a type. Numbers and strings differ from each other, so that a mix-up shows.
    func sample(of type: TypeExpression) -> Sample {
        var sample = Sample(value: .null)
        var count: Int64 = 0
        sample.value = value(of: type, at: [], into: &sample, &count)
        return sample
    }

    private func value(
        of type: TypeExpression, at path: [JSONValue.Step], into sample: inout Sample, _ count: inout Int64
    ) -> JSONValue {
        count += 1
        switch type {
        case .bool: return .bool(count % 2 == 0)
        // No float that an integer could hold would do.
        case .int, .float: return .int(count)
        case .string, .object: return .string("text \(count)")
        case .enumeration(let words): return .string(words[Int(count) % words.count])
        case .optional(let type): return value(of: type, at: path, into: &sample, &count)
        case .named(let name): return value(of: types[name] ?? .object, at: path, into: &sample, &count)
        case .array(let element):
            return .array([value(of: element, at: path + [.index(0)], into: &sample, &count)])
        case .dictionary(let element):
            return .object(["key": value(of: element, at: path + [.key("key")], into: &sample, &count)])
        case .structure(let fields):
            var object: [String: JSONValue] = [:]
            for field in fields {
                let path = path + [.key(field.name)]
                var isOptional = false
                if case .optional = field.type { isOptional = true }
                sample.fields.append((path, isOptional))
                object[field.name] = value(of: field.type, at: path, into: &sample, &count)
            }
            return .object(object)
        }
    }
}
