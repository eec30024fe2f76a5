// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

/// A method of a varlink interface with the types of its parameters and its reply, shared by client and
/// service.
public struct VarlinkMethod<
    Parameters: Codable & Sendable, Reply: Codable & Sendable
>: Hashable, Sendable {
    /// The qualified name, as it is on the wire: `org.varlink.service.GetInfo`.
    public let name: String

    /// Makes the method with this qualified name.
    public init(_ name: String) {
        self.name = name
    }
}

/// The parameters of a method without any, and the reply of one that only says that it is done: `{}`.
public struct VarlinkEmpty: Codable, Hashable, Sendable {
    public init() {}
}

/// An interface that a service implements.
public struct VarlinkInterface: Hashable, Sendable {
    /// The interface's name: `org.varlink.service`.
    public let name: String
    /// The interface's definition in varlink's own language (https://varlink.org/Interface-Definition).
    public let description: String

    /// Makes an interface of its name and its definition, which must be of the same interface.
    public init(name: String, description: String) {
        self.name = name
        self.description = description
    }
}
