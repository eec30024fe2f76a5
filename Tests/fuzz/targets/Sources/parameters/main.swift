// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: The Seed Sentinel authors

internal import FuzzDriver
internal import Inet
internal import Sentinel
internal import SentinelConfiguration
internal import SentinelProtocol
internal import Varlink

@testable internal import SentinelHelper

// What a caller asks of the helper: the parameters of the method that METHOD names, and all that is made of
// them before a ban or the kernel comes into it.

let bounds = [Configuration().node, openBounds()]
let guards = Guards(host: [(name: .ownAddress, addresses: [.v4(IPv4Address(198, 51, 100, 1))])], exempt: [])

/// Of a configuration that lets nodes ban any block.
func openBounds() -> Configuration.Node {
    var node = Configuration().node
    node.widest4 = 0
    node.widest6 = 0
    return node
}

/// What a request becomes: a refusal in a plain line, or something to ban whose text names it again.
func check(_ request: BlockRequest) {
    for bound in bounds {
        do throws(RefusalError) {
            let (target, reason) = try request.validated(within: bound)
            requirePlain(target.description)
            require(
                (try? Target(target.description, for: request.check)) == target,
                "\(target.description) names what \(request.subject.debugDescription) does")
            require(reason.description == request.reason, "a reason is what was given")
            try? guards.check(target)
            for prefix in [48, 64, 128] { check(target.key(ipv6Prefix: prefix), of: request, prefix) }
        } catch {
            requirePlain(error.refusal.message)
        }
    }
}

/// A key's element reads back as the key, and its comment as what it says.
func check(_ key: BanKey, of request: BlockRequest, _ prefix: Int) {
    requirePlain(key.text(ipv6Prefix: prefix))
    if key.check != .network {
        require(BanKey(key.elementKey, in: key.set) == key, "\(key) reads back from its element")
    }
    let record = BanRecord(
        key: key, deadline: 1, renewed: 0, created: 0, strikes: 1, reason: request.reason,
        caller: "user:seed",
        isOperators: request.isOperators, peer: request.peer)
    let comment = BanComment(record)
    require(comment.text.utf8.count <= BanComment.maximumLength, "\(comment.text) fits")
    var again = BanComment(comment.text)
    // One that doesn't fit is left out.
    if again?.peer == nil { again?.peer = comment.peer }
    require(again == comment, "\(comment.text) reads back as what it says")
}

/// A subject as queries take it: it may name several things, or a peer.
func check(subject: String) {
    for check in SentinelProtocol.Check.allCases {
        guard let target = try? Target(subject, for: check) else { continue }
        requirePlain(target.description)
        _ = guards.entry(touching: target.network)
        _ = target.key(ipv6Prefix: 64).matched(ipv6Prefix: 64)
    }
    requirePlain(quoted(subject))
}

func check(_ filter: Filter) {
    if let subject = filter.subject { check(subject: subject) }
}

let protected = ProtectedAddresses(ipv6Prefix: 64)

/// The method's name, and what is done with its parameters.
let methods: [String: (UnsafeRawBufferPointer) -> Void] = [
    "Submit": { input in
        guard let parameters = decode(HelperInterface.submit, input) else { return }
        do throws(VarlinkFailure) {
            var submissions = Submissions()
            if let place = try Submissions.Place(parameters, of: 1000) {
                require(
                    try submissions.answer(to: place, denials: parameters.denials.count) == nil, "it is new")
                submissions.keep([], of: place)
                let again = try? submissions.answer(to: place, denials: 0)
                require(again == .some([]), "a repeated number gets the answer that it had")
            }
        } catch {
            requirePlain("\(error.reply)")
        }
        for denial in parameters.denials { check(BlockRequest(denial)) }
    },
    "Ban": { input in
        for request in decode(HelperInterface.ban, input)?.bans ?? [] { check(BlockRequest(request)) }
    },
    "Guard": { input in
        guard let texts = decode(HelperInterface.guardAddresses, input)?.addresses else { return }
        do throws(VarlinkFailure) {
            let addresses = try Helper.addresses(texts)
            require(addresses.count <= ProtectedAddresses.mostInOneList, "a list has its bound")
            var lists = protected
            require(lists.replace(1, with: addresses, by: "user:seed") == addresses, "all of them are new")
            require(addresses.allSatisfy { lists.address(in: IPNetwork($0)) == $0 }, "each is protected")
            lists.remove(1)
            require(addresses.allSatisfy { lists.address(in: IPNetwork($0)) == nil }, "until the list goes")
        } catch {
            requirePlain("\(error.reply)")
        }
    },
    "Import": { input in
        var staged = StagedImport()
        for part in decode(HelperInterface.importBans, input)?.parts ?? [] {
            let (named, taken) = (staged.named, staged.entries.count)
            let refused = staged.add(part)
            require(staged.named == named + StagedImport.count(part), "each subject has its number")
            require(staged.entries.count - taken + refused.count == staged.named - named, "taken or refused")
            for refusal in refused { requirePlain(refusal.refusal.message) }
        }
        for entry in staged.entries {
            let target = Target(entry)
            require(target.key(ipv6Prefix: 128) == entry.key, "\(target) is what was named")
            require(entry.key.matching(ipv6Prefix: 64) == target.key(ipv6Prefix: 64), "and matched as such")
        }
    },
    "Lift": { input in
        if let parameters = decode(HelperInterface.lift, input) { check(parameters.filter) }
    },
    "List": { input in
        if let filter = decode(HelperInterface.list, input)?.filter { check(filter) }
    },
    "History": { input in
        guard let parameters = decode(HelperInterface.history, input) else { return }
        if let filter = parameters.filter { check(filter) }
        for kind in parameters.kinds ?? [] { requirePlain(quoted(kind.rawValue)) }
    },
    "Sets": { input in
        guard let parameters = decode(HelperInterface.sets, input) else { return }
        if let filter = parameters.filter { check(filter) }
        guard let name = parameters.name else { return }
        if let kind = SetKind(name: name) { require(kind.name == name, "\(name) is a set's name") }
        requirePlain(quoted(name))
    },
    "Shadow": { input in
        if let filter = decode(HelperInterface.shadow, input)?.filter { check(filter) }
    },
    "Explain": { input in
        if let subject = decode(HelperInterface.explain, input)?.subject { check(subject: subject) }
    },
]

guard let body = methods[environment("METHOD")] else {
    fatalError("METHOD is one of: \(methods.keys.sorted().joined(separator: ", "))")
}
fuzz(body)
