// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

/// An error that a varlink interface defines. A service answers a call with one, a client gets it inside a
/// ``VarlinkError``. The type's fields are the error's parameters.
public protocol VarlinkErrorReply: Codable, Sendable {
    /// The qualified name, as it is on the wire: `org.varlink.service.InvalidParameter`.
    static var name: String { get }
}

/// What a handler throws to answer a call with an error.
public struct VarlinkFailure: Error {
    /// The error reply that the caller gets.
    public let reply: any VarlinkErrorReply

    /// Wraps an error of any interface.
    public init(_ reply: some VarlinkErrorReply) {
        self.reply = reply
    }

    /// The error's qualified name.
    public var name: String { type(of: reply).name }
}

extension VarlinkFailure {
    /// `org.varlink.service.InterfaceNotFound`
    public static func interfaceNotFound(_ interface: String) -> Self {
        Self(StandardInterface.InterfaceNotFound(interface: interface))
    }

    /// `org.varlink.service.MethodNotFound`
    public static func methodNotFound(_ method: String) -> Self {
        Self(StandardInterface.MethodNotFound(method: method))
    }

    /// `org.varlink.service.MethodNotImplemented`
    public static func methodNotImplemented(_ method: String) -> Self {
        Self(StandardInterface.MethodNotImplemented(method: method))
    }

    /// `org.varlink.service.InvalidParameter`; `parameter` is a path such as `denials[3].subject`.
    public static func invalidParameter(_ parameter: String) -> Self {
        Self(StandardInterface.InvalidParameter(parameter: parameter))
    }

    /// `org.varlink.service.PermissionDenied`
    public static var permissionDenied: Self { Self(StandardInterface.PermissionDenied()) }

    /// `org.varlink.service.ExpectedMore`
    public static var expectedMore: Self { Self(StandardInterface.ExpectedMore()) }
}
