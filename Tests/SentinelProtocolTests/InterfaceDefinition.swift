// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

/// A varlink interface definition, read as far as tests need it (https://varlink.org/Interface-Definition).
struct InterfaceDefinition {
    indirect enum TypeExpression: Equatable {
        case bool, int, float, string, object
        case named(String)
        case array(TypeExpression)
        case dictionary(TypeExpression)
        case optional(TypeExpression)
        case structure([Field])
        case enumeration([String])
    }

    struct Field: Equatable {
        let name: String
        let type: TypeExpression
    }

    struct Method {
        let parameters: TypeExpression
        let reply: TypeExpression
    }

    private(set) var name = ""
    private(set) var types: [String: TypeExpression] = [:]
    private(set) var methods: [String: Method] = [:]
    private(set) var errors: [String: TypeExpression] = [:]

    init(_ text: String) throws(SyntaxError) {
        var scanner = Scanner(text)
        try scanner.expect("interface")
        name = try scanner.next()
        var members: Set<String> = []
        while let keyword = scanner.take() {
            let member = try scanner.next()
            guard members.insert(member).inserted else {
                throw SyntaxError(message: "two are named \(member)")
            }
            switch keyword {
            case "type": types[member] = try scanner.type()
            case "error": errors[member] = try scanner.type()
            case "method":
                let parameters = try scanner.type()
                try scanner.expect("->")
                methods[member] = Method(parameters: parameters, reply: try scanner.type())
            default: throw SyntaxError(message: "unexpected \(keyword)")
            }
        }
    }

    struct SyntaxError: Error {
        let message: String
    }

    private struct Scanner {
        private var tokens: ArraySlice<String>

        init(_ text: String) {
            var tokens: [String] = []
            for line in text.split(separator: "\n") {
                var word = ""
                for character in line.prefix(while: { $0 != "#" }) + " " {
                    if character.isLetter || character.isNumber || "_.->".contains(character) {
                        word.append(character)
                    } else {
                        if !word.isEmpty { tokens.append(word) }
                        word = ""
                        if !character.isWhitespace { tokens.append(String(character)) }
                    }
                }
            }
            self.tokens = tokens[...]
        }

        mutating func take() -> String? { tokens.popFirst() }

        mutating func next() throws(SyntaxError) -> String {
            guard let token = take() else { throw SyntaxError(message: "unexpected end") }
            return token
        }

        mutating func expect(_ wanted: String) throws(SyntaxError) {
            let token = try next()
            guard token == wanted else { throw SyntaxError(message: "\(token) instead of \(wanted)") }
        }

        mutating func type() throws(SyntaxError) -> TypeExpression {
            let token = try next()
            switch token {
            case "bool": return .bool
            case "int": return .int
            case "float": return .float
            case "string": return .string
            case "object": return .object
            case "?": return .optional(try type())
            case "[":
                if tokens.first == "string" {
                    try expect("string")
                    try expect("]")
                    return .dictionary(try type())
                }
                try expect("]")
                return .array(try type())
            case "(": return try list()
            default: return .named(token)
            }
        }

        /// What follows an opening parenthesis: fields, or the words of an enumeration.
        private mutating func list() throws(SyntaxError) -> TypeExpression {
            var fields: [Field] = []
            var words: [String] = []
            if tokens.first == ")" {
                try expect(")")
                return .structure([])
            }
            while true {
                let name = try next()
                if tokens.first == ":" {
                    try expect(":")
                    fields.append(Field(name: name, type: try type()))
                } else {
                    words.append(name)
                }
                let separator = try next()
                if separator == ")" { break }
                guard separator == "," else { throw SyntaxError(message: "\(separator) after \(name)") }
            }
            guard fields.isEmpty || words.isEmpty else {
                throw SyntaxError(message: "fields and words mixed")
            }
            return words.isEmpty ? .structure(fields) : .enumeration(words)
        }
    }
}
