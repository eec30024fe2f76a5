// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import FoundationEssentials
internal import NIOCore

/// The JSON objects that varlink frames are (https://varlink.org/Method-Call). A call is read twice: first
/// for what the protocol needs, then by whoever knows the type of its parameters.
enum Wire {
    /// A call without its parameters.
    struct CallHeader: Decodable {
        let method: String
        let more: Bool?
        let oneway: Bool?
        let upgrade: Bool?
    }

    struct Call<Parameters: Encodable>: Encodable {
        let method: String
        let parameters: Parameters
        var more: Bool?
        var oneway: Bool?
    }

    /// A reply without its parameters.
    struct ReplyHeader: Decodable {
        let continues: Bool?
        let error: String?
    }

    /// A reply as a caller reads it: the type of the parameters counts only where there is no error.
    struct TypedReply<Parameters: Decodable>: Decodable {
        let header: ReplyHeader
        let parameters: Parameters?

        private enum CodingKeys: CodingKey {
            case parameters
        }

        init(from decoder: any Decoder) throws {
            header = try ReplyHeader(from: decoder)
            parameters =
                header.error != nil
                ? nil
                : try decoder.container(keyedBy: CodingKeys.self)
                    .decodeIfPresent(Parameters.self, forKey: .parameters)
        }
    }

    struct Reply<Parameters: Encodable>: Encodable {
        let parameters: Parameters
        var continues: Bool?
        var error: String?
    }

    /// Only the parameters of a call or a reply.
    private struct Body<Parameters: Decodable>: Decodable {
        let parameters: Parameters?
    }

    private static let encoder: JSONEncoder = {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .withoutEscapingSlashes
        return encoder
    }()
    private static let decoder = JSONDecoder()
    private static let emptyObject = Data("{}".utf8)

    /// A whole frame with its NUL.
    static func frame(_ object: some Encodable) throws -> ByteBuffer {
        let json = try encoder.encode(object)
        var buffer = ByteBufferAllocator().buffer(capacity: json.count + 1)
        json.withUnsafeBytes { _ = buffer.writeBytes($0) }
        buffer.writeInteger(UInt8(0))
        return buffer
    }

    static func header<Header: Decodable>(_ type: Header.Type, of frame: Data) throws -> Header {
        try decoder.decode(type, from: frame)
    }

    static func reply<Parameters: Decodable>(
        _ type: Parameters.Type, of frame: Data
    ) throws -> TypedReply<Parameters> {
        try decoder.decode(TypedReply<Parameters>.self, from: frame)
    }

    /// The `parameters` of a frame. Absent ones are as good as `{}`, so that a method whose parameters are
    /// all optional can be called without any.
    static func parameters<Parameters: Decodable>(
        _ type: Parameters.Type, of frame: Data
    ) throws -> Parameters {
        if let parameters = try decoder.decode(Body<Parameters>.self, from: frame).parameters {
            return parameters
        }
        return try absentParameters(type)
    }

    /// What absent parameters mean for a type: the same as `{}`.
    static func absentParameters<Parameters: Decodable>(_ type: Parameters.Type) throws -> Parameters {
        try decoder.decode(type, from: emptyObject)
    }
}

extension DecodingError {
    /// Where in a frame's parameters the trouble is, `denials[3].subject`; nil where it is not within them.
    var parameterPath: String? {
        var path: [any CodingKey]
        switch self {
        case .keyNotFound(let key, let context): path = context.codingPath + [key]
        case .typeMismatch(_, let context), .valueNotFound(_, let context), .dataCorrupted(let context):
            path = context.codingPath
        @unknown default: return nil
        }
        if path.first?.stringValue == "parameters" { path.removeFirst() }
        guard !path.isEmpty else { return nil }
        return path.reduce(into: "") { text, key in
            if let index = key.intValue {
                text += "[\(index)]"
            } else {
                text += text.isEmpty ? key.stringValue : ".\(key.stringValue)"
            }
        }
    }

    /// What the trouble is, in the decoder's words.
    var message: String {
        switch self {
        case .keyNotFound(_, let context), .typeMismatch(_, let context), .valueNotFound(_, let context),
            .dataCorrupted(let context):
            context.debugDescription
        @unknown default: "\(self)"
        }
    }
}
