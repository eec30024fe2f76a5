// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: The Seed Sentinel authors

import Glibc

/// What went wrong between this process and the kernel's nf_tables: which operation, on what, and what helps.
public struct NftablesError: Error, Hashable, Sendable {
    /// The kinds of failure. More may be added.
    public struct Code: Hashable, Sendable, CustomStringConvertible {
        public let description: String

        /// It exists already (EEXIST). For an element asked for exclusively, or an interval that overlaps.
        public static let alreadyExists = Code(description: "already exists")
        /// It doesn't exist, or an element has expired (ENOENT).
        public static let notFound = Code(description: "not found")
        /// The set holds as many elements as it can (ENFILE). Expired ones hold their place until the kernel's
        /// garbage collection, about a second; trying again at once delays that collection.
        public static let setFull = Code(description: "set full")
        /// CAP_NET_ADMIN is missing, or the table belongs to another socket (EPERM).
        public static let notPermitted = Code(description: "not permitted")
        /// The ruleset has changed since the generation that the transaction expects (ERESTART).
        public static let staleGeneration = Code(description: "stale generation")
        /// Something else still refers to it (EBUSY).
        public static let inUse = Code(description: "in use")
        /// This kernel doesn't know the operation or a flag of it (EOPNOTSUPP, EAFNOSUPPORT).
        public static let unsupported = Code(description: "unsupported")
        /// The message is malformed, or a value is out of the kernel's range (EINVAL, ERANGE, …).
        public static let invalid = Code(description: "invalid")
        /// Larger than the socket's send buffer (EMSGSIZE).
        public static let tooLarge = Code(description: "too large")
        /// No answer within the deadline. The outcome is unknown: read back before trying again.
        public static let timedOut = Code(description: "timed out")
        /// Answers were lost (ENOBUFS). The outcome is unknown: read back before trying again.
        public static let outcomeUnknown = Code(description: "outcome unknown")
        /// The ruleset changed while it was being read, each time it was tried.
        public static let changedWhileReading = Code(description: "changed while reading")
        /// The kernel is short of memory (ENOMEM).
        public static let outOfMemory = Code(description: "out of memory")
        /// Any other error of the system.
        public static let system = Code(description: "system error")
    }

    public let code: Code
    /// What was being done: `add element`, `receive`, …
    public let operation: String
    /// On what: `inet sentinel accept4`, empty where there is no such thing.
    public let object: String
    /// The element that the kernel objects to, as far as it says.
    public let element: ElementKey?
    /// The kernel's own name for the error, such as `EEXIST`; empty where the error isn't the kernel's.
    public let errnoName: String
    /// The kernel's own words (extended ACK), mostly empty.
    public let kernelMessage: String

    init(
        _ code: Code, operation: String, object: String = "", element: ElementKey? = nil,
        errnoName: String = "",
        kernelMessage: String = ""
    ) {
        self.code = code
        self.operation = operation
        self.object = object
        self.element = element
        self.errnoName = errnoName
        self.kernelMessage = kernelMessage
    }

    /// The error that an errno means for an operation.
    package init(
        errno: Int32, operation: String, object: String = "", element: ElementKey? = nil,
        kernelMessage: String = ""
    ) {
        let known = Self.codes[errno]
        self.init(
            known?.code ?? .system, operation: operation, object: object, element: element,
            errnoName: known?.name ?? "errno \(errno)", kernelMessage: kernelMessage)
    }

    /// A table that another socket owns.
    public static func owned(_ table: Table, by port: UInt32) -> NftablesError {
        NftablesError(
            .notPermitted, operation: "use table", object: table.description,
            kernelMessage: "it is owned by the process with netlink port \(port)")
    }

    // ERESTART is the kernel's own and in no libc header's usual range: linux/errno.h says 512, but nf_tables
    // sends the userland ERESTART, 85.
    private static let codes: [Int32: (name: String, code: Code)] = [
        EEXIST: ("EEXIST", .alreadyExists), ENOENT: ("ENOENT", .notFound), ENFILE: ("ENFILE", .setFull),
        EPERM: ("EPERM", .notPermitted), EACCES: ("EACCES", .notPermitted),
        ERESTART: ("ERESTART", .staleGeneration),
        EBUSY: ("EBUSY", .inUse), EOPNOTSUPP: ("EOPNOTSUPP", .unsupported),
        EAFNOSUPPORT: ("EAFNOSUPPORT", .unsupported), EPROTONOSUPPORT: ("EPROTONOSUPPORT", .unsupported),
        EINVAL: ("EINVAL", .invalid), ERANGE: ("ERANGE", .invalid), EBADMSG: ("EBADMSG", .invalid),
        EMSGSIZE: ("EMSGSIZE", .tooLarge), ENOBUFS: ("ENOBUFS", .outcomeUnknown),
        ENOMEM: ("ENOMEM", .outOfMemory),
        EMFILE: ("EMFILE", .system), EBADF: ("EBADF", .system), EINTR: ("EINTR", .system),
        EOVERFLOW: ("EOVERFLOW", .invalid), ENOTSOCK: ("ENOTSOCK", .system), ENODEV: ("ENODEV", .notFound),
    ]

    /// What helps, in a sentence; empty where nothing general can be said.
    public var remedy: String {
        switch code {
        case .notPermitted:
            "Run with CAP_NET_ADMIN; if the table has an owner, only that process can change it."
        case .setFull: "Raise the set's size, or wait a second for expired elements to be collected."
        case .staleGeneration, .changedWhileReading: "Read the ruleset again and retry."
        case .timedOut, .outcomeUnknown: "Read the ruleset back to see what holds, then retry."
        case .unsupported: "A newer kernel is needed, or one with this part of nf_tables built in."
        case .tooLarge: "Split the transaction, or run with CAP_NET_ADMIN so that the buffer can grow."
        default: ""
        }
    }
}

extension NftablesError: CustomStringConvertible {
    public var description: String {
        var text = "\(operation) \(object)".trimmingTrailingSpace()
        if let element { text += " { \(element) }" }
        text += ": \(code)"
        if !errnoName.isEmpty { text += " (\(errnoName))" }
        if !kernelMessage.isEmpty { text += ": \(kernelMessage)" }
        return remedy.isEmpty ? text : text + ". " + remedy
    }
}

extension String {
    fileprivate func trimmingTrailingSpace() -> String { hasSuffix(" ") ? String(dropLast()) : self }
}
