// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

/// `org.varlink.service`, the interface of every varlink service (https://varlink.org/Service).
public enum StandardInterface {
    /// `org.varlink.service`
    public static let name = "org.varlink.service"

    /// Who made the service, and which interfaces it has.
    public static let getInfo = VarlinkMethod<VarlinkEmpty, Info>("org.varlink.service.GetInfo")

    /// The definition of one interface.
    public static let getInterfaceDescription = VarlinkMethod<InterfaceName, InterfaceDescription>(
        "org.varlink.service.GetInterfaceDescription")

    /// The reply of ``getInfo``.
    public struct Info: Codable, Hashable, Sendable {
        public var vendor: String
        public var product: String
        public var version: String
        public var url: String
        public var interfaces: [String]
    }

    /// The parameters of ``getInterfaceDescription``.
    public struct InterfaceName: Codable, Hashable, Sendable {
        public var interface: String

        public init(interface: String) {
            self.interface = interface
        }
    }

    /// The reply of ``getInterfaceDescription``.
    public struct InterfaceDescription: Codable, Hashable, Sendable {
        public var description: String
    }

    /// The service has no such interface.
    public struct InterfaceNotFound: VarlinkErrorReply, Hashable {
        public static let name = "org.varlink.service.InterfaceNotFound"
        public var interface: String
    }

    /// The interface has no such method.
    public struct MethodNotFound: VarlinkErrorReply, Hashable {
        public static let name = "org.varlink.service.MethodNotFound"
        public var method: String
    }

    /// The interface defines the method, the service does not implement it.
    public struct MethodNotImplemented: VarlinkErrorReply, Hashable {
        public static let name = "org.varlink.service.MethodNotImplemented"
        public var method: String
    }

    /// A parameter is missing, of the wrong type or has no valid value.
    public struct InvalidParameter: VarlinkErrorReply, Hashable {
        public static let name = "org.varlink.service.InvalidParameter"
        /// Where in the parameters: `denials[3].subject`; `parameters` where none is to blame alone.
        public var parameter: String
    }

    /// The caller may not do this.
    public struct PermissionDenied: VarlinkErrorReply, Hashable {
        public static let name = "org.varlink.service.PermissionDenied"
    }

    /// The method answers by a stream of replies, and was called without `more`.
    public struct ExpectedMore: VarlinkErrorReply, Hashable {
        public static let name = "org.varlink.service.ExpectedMore"
    }

    static let interface = VarlinkInterface(
        name: name, description: String(decoding: PackageResources.org_varlink_service_varlink, as: UTF8.self)
    )
}

/// `org.seedsentinel.Connection`: what this module's services say before they close a connection.
public enum ConnectionInterface {
    /// `org.seedsentinel.Connection`
    public static let name = "org.seedsentinel.Connection"

    /// There are as many connections as the service allows.
    public struct TooManyConnections: VarlinkErrorReply, Hashable {
        public static let name = "org.seedsentinel.Connection.TooManyConnections"
        /// Whose connections count: `service` for all, `user` for those of the same user.
        public var scope: String
        /// How many there may be.
        public var limit: Int
    }

    /// The user's connections hold more than they may: calls that aren't whole, and replies that aren't read.
    public struct TooManyBytes: VarlinkErrorReply, Hashable {
        public static let name = "org.seedsentinel.Connection.TooManyBytes"
        /// How many bytes a user's connections may hold together.
        public var limit: Int
        /// What to do about it.
        public var message: String

        init(limit: Int) {
            self.limit = limit
            message =
                "this user's connections hold more than \(limit) bytes; finish the calls that were begun, read the "
                + "replies that wait, or use fewer connections"
        }
    }

    /// The call is longer than the service reads.
    public struct FrameTooLong: VarlinkErrorReply, Hashable {
        public static let name = "org.seedsentinel.Connection.FrameTooLong"
        /// How many bytes there may be.
        public var limit: Int
    }

    /// The frame is no varlink call.
    public struct MalformedFrame: VarlinkErrorReply, Hashable {
        public static let name = "org.seedsentinel.Connection.MalformedFrame"
        /// What is wrong with it.
        public var message: String
    }

    static let interface = VarlinkInterface(
        name: name,
        description: String(decoding: PackageResources.org_seedsentinel_Connection_varlink, as: UTF8.self))
}
