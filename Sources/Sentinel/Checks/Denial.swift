// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

public import Inet

/// What becomes of a stream that is denied.
public enum StreamAction: UInt8, Hashable, Sendable, CaseIterable {
    /// The whole connection ends. The RFC's default: "`incoming` returns an error, terminating the entire
    /// connection".
    case endConnection
    /// Only the stream is refused. The RFC's alternative: it "would potentially allow the peer to open a stream
    /// later after some rate limiting window has expired".
    case refuseStream
}

extension StreamAction: LosslessStringConvertible {
    public init?(_ text: String) {
        guard let action = Self.allCases.first(where: { $0.description == text }) else { return nil }
        self = action
    }

    /// The name that configurations and logs use.
    public var description: String {
        switch self {
        case .endConnection: "end-connection"
        case .refuseStream: "refuse-stream"
        }
    }
}

/// What a denial rests on. It says who else may be hit by it.
public enum Basis: UInt8, Hashable, Sendable, CaseIterable {
    /// Somebody wrote it down: a list.
    case rule
    /// What came from the address, whoever it was. Others may be behind it.
    case address
    /// What the peer did, whose identity a handshake has shown.
    case peer
    /// What this node can bear, whoever comes.
    case node
}

extension Basis: CustomStringConvertible {
    public var description: String {
        switch self {
        case .rule: "rule"
        case .address: "address"
        case .peer: "peer"
        case .node: "node"
        }
    }
}

/// A no, with everything that is needed to carry it out and to explain it.
///
/// It is a value that keeps its ``Particulars`` elsewhere: answers are mostly a yes, and carry no room for them.
@dynamicMemberLookup
public struct Denial: Hashable, Sendable {
    /// What a denial says.
    public struct Particulars: Hashable, Sendable {
        /// The check at which it was said.
        public var check: Check
        /// The name of the policy that said it.
        public var policy: String
        /// Why, as a code.
        public var reason: Reason
        /// What it rests on.
        public var basis: Basis
        /// Whether the source had proven by a handshake that its address is its own.
        public var source: SourceProof
        /// The evidence in a few words, for a person; at most ``Denial/maximumDetailLength`` bytes.
        public var detail: String {
            didSet { detail = detail.prefix(utf8Count: Denial.maximumDetailLength) }
        }
        /// The block of addresses that is denied, where that is more than the peer's own address.
        public var network: IPNetwork?
        /// For how long the peer should stay blocked, where the policy has a wish. Else the configuration says.
        public var duration: Duration?
        /// What becomes of the stream, where one was denied.
        public var streamAction: StreamAction
        /// What the peer is told, where there is a way to tell it.
        public var disconnectReason: DisconnectReason
        fileprivate var widestPlane: Plane

        /// Where the denial lives: in the kernel only where both the check and the policy say so.
        public var plane: Plane {
            get { min(widestPlane, check.plane) }
            set { widestPlane = newValue }
        }
    }

    private final class Box: Sendable {
        let particulars: Particulars

        init(_ particulars: Particulars) {
            self.particulars = particulars
        }
    }

    private var box: Box

    /// The longest evidence, in bytes of UTF-8; longer ones are cut at a character.
    public static let maximumDetailLength = 200

    /// - Parameter plane: where the denial should live. It never lives in the kernel where the check's plane is
    ///   user space.
    public init(
        at check: Check, by policy: String, reason: Reason, basis: Basis = .rule,
        source: SourceProof = .handshake, detail: String = "", network: IPNetwork? = nil,
        duration: Duration? = nil, plane: Plane = .kernel, streamAction: StreamAction = .endConnection,
        disconnectReason: DisconnectReason = .gated
    ) {
        box = Box(
            Particulars(
                check: check, policy: policy, reason: reason, basis: basis, source: source,
                detail: detail.prefix(utf8Count: Self.maximumDetailLength), network: network,
                duration: duration, streamAction: streamAction, disconnectReason: disconnectReason,
                widestPlane: plane))
    }

    /// What it says.
    public subscript<Value>(dynamicMember path: WritableKeyPath<Particulars, Value>) -> Value {
        get { box.particulars[keyPath: path] }
        set {
            var particulars = box.particulars
            particulars[keyPath: path] = newValue
            box = Box(particulars)
        }
    }

    public static func == (a: Denial, b: Denial) -> Bool {
        a.box === b.box || a.box.particulars == b.box.particulars
    }

    public func hash(into hasher: inout Hasher) {
        hasher.combine(box.particulars)
    }
}

extension Denial: CustomStringConvertible {
    /// One line: check, policy, reason and evidence.
    public var description: String {
        let said = box.particulars
        let evidence = said.detail.isEmpty ? "" : ": \(said.detail)"
        return "\(said.check) denied by \(said.policy), \(said.reason)\(evidence)"
    }
}

extension String {
    /// As many whole characters from the start as fit into so many bytes of UTF-8.
    fileprivate func prefix(utf8Count limit: Int) -> String {
        guard utf8.count > limit else { return self }
        var end = startIndex
        var count = 0
        while end < endIndex {
            count += self[end].utf8.count
            guard count <= limit else { break }
            end = index(after: end)
        }
        return String(self[..<end])
    }
}
