// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import SentinelProtocol
internal import Varlink

/// The last answer of each session of numbered Submits: who lost it with his connection asks again, and nothing is
/// done twice.
struct Submissions {
    /// A number within a session.
    struct Place: Hashable, Sendable {
        var user: UInt32
        var session: String
        var sequence: Int64
    }

    private struct Session {
        var name: String
        var sequence: Int64
        var receipts: [Receipt]
    }

    /// Of a user more aren't remembered: those that were used least recently go. Only who may submit has any.
    static var sessionsPerUser: Int { 16 }

    /// Of each user, those used most recently last.
    private var sessions: [UInt32: [Session]] = [:]

    /// The answer, where the call was answered before; nil where it is to be carried out.
    ///
    /// - Throws: `InvalidRequest` where its number can't be.
    func answer(to place: Place, denials: Int) throws(VarlinkFailure) -> [Receipt]? {
        guard let session = sessions[place.user]?.first(where: { $0.name == place.session }),
            place.sequence <= session.sequence
        else { return nil }
        guard place.sequence == session.sequence else {
            throw VarlinkFailure(
                "sequence",
                "\(place.sequence) comes after \(session.sequence), and only the last answer is kept; number the "
                    + "calls of a session in a rising order")
        }
        guard denials == session.receipts.count else {
            throw VarlinkFailure(
                "denials",
                "there are \(denials), but the session's call \(place.sequence) had \(session.receipts.count); "
                    + "repeat it unchanged, or give the call a number of its own")
        }
        return session.receipts
    }

    /// Says the answer anew, unless there is a later one by now.
    mutating func update(_ receipts: [Receipt], of place: Place) {
        guard let index = sessions[place.user]?.firstIndex(where: { $0.name == place.session }),
            sessions[place.user]?[index].sequence == place.sequence
        else { return }
        sessions[place.user]?[index].receipts = receipts
    }

    /// Keeps an answer in the place of the session's last one.
    mutating func keep(_ receipts: [Receipt], of place: Place) {
        var own = sessions[place.user] ?? []
        own.removeAll { $0.name == place.session }
        own.append(Session(name: place.session, sequence: place.sequence, receipts: receipts))
        sessions[place.user] = own.suffix(Self.sessionsPerUser)
    }
}

extension Submissions.Place {
    /// nil where the call isn't numbered.
    ///
    /// - Throws: `InvalidRequest` where only one of both is given, or the session has no valid name.
    init?(_ parameters: HelperInterface.Submit.Parameters, of user: UInt32) throws(VarlinkFailure) {
        switch (parameters.session, parameters.sequence) {
        case (nil, nil): return nil
        case (let session?, let sequence?):
            guard (1...64).contains(session.utf8.count), session.utf8.allSatisfy(Self.isPlain) else {
                throw VarlinkFailure(
                    "session", "\(quoted(session)): 1 to 64 letters, digits, \"-\" and \"_\" are a session")
            }
            self.init(user: user, session: session, sequence: sequence)
        case (_, nil): throw VarlinkFailure("sequence", "missing; a session's calls are numbered")
        case (nil, _): throw VarlinkFailure("session", "missing; a number belongs to a session")
        }
    }

    private static func isPlain(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "-"), UInt8(ascii: "_"):
            true
        default: false
        }
    }
}
