// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

/// A question's way through the chain.
///
/// `question` goes to the instances that keep account of the address, `peerQuestion` to `other`, those that do so of
/// the peer, where these are others.
enum ChainAsking {
    typealias Links = UnsafeMutablePointer<[ChainLink]>

    /// The chain's answer, with every policy told; nil where all is allowed and nothing was set aside.
    @inline(__always)
    static func ask(
        _ question: borrowing Question, _ links: inout [ChainLink], _ other: Links?, now: MonotonicInstant
    ) -> Ruling? {
        guard let other else { return ask(question, question, &links, nil, now: now) }
        var addressQuestion = copy question
        addressQuestion.share = [.source, .rest]
        var peerQuestion = copy question
        peerQuestion.share = .peer
        return ask(addressQuestion, peerQuestion, &links, other, now: now)
    }

    private static func ask(
        _ question: borrowing Question, _ peerQuestion: borrowing Question, _ links: inout [ChainLink],
        _ other: Links?, now: MonotonicInstant
    ) -> Ruling? {
        let ruling = answer(question, peerQuestion, &links, other, now: now)
        tell(question, peerQuestion, &links, other, ruling?.decision.denial, now: now)
        return ruling
    }

    private static func answer(
        _ question: borrowing Question, _ peerQuestion: borrowing Question, _ links: inout [ChainLink],
        _ other: Links?, now: MonotonicInstant
    ) -> Ruling? {
        var spared: Denial?
        for index in links.indices where links[index].checks.contains(question.check) {
            switch verdict(of: index, question, peerQuestion, &links, other, now: now) {
            case .pass: continue
            case .admit:
                guard !links[index].isShadow else {
                    links[index].counter.count(.shadow)
                    continue
                }
                links[index].counter.count(.admitted)
                return spared.map { Ruling(decision: .allow, spared: $0) }
            case .deny(let denial):
                guard !links[index].isShadow else {
                    links[index].counter.count(.shadow, denial)
                    continue
                }
                switch review(denial, question, peerQuestion, &links, other, now: now) {
                case (let denial, nil):
                    links[index].counter.count(.denied, denial)
                    return Ruling(decision: .deny(denial), spared: spared)
                case (var denial, let why?):
                    links[index].counter.count(.spared, denial)
                    denial.detail = why
                    spared = denial
                }
            }
        }
        return spared.map { Ruling(decision: .allow, spared: $0) }
    }

    @inline(__always)
    private static func verdict(
        of index: Int, _ question: borrowing Question, _ peerQuestion: borrowing Question,
        _ links: inout [ChainLink], _ other: Links?, now: MonotonicInstant
    ) -> Verdict {
        let verdict = links[index].policy.decide(question, now: now)
        guard case .pass = verdict, let other, !links[index].isFixed else { return verdict }
        return other.pointee[index].policy.decide(peerQuestion, now: now)
    }

    /// What the policies make of a denial.
    ///
    /// - Returns: the denial as it is then, and why it doesn't hold where it doesn't.
    private static func review(
        _ denial: Denial, _ question: borrowing Question, _ peerQuestion: borrowing Question,
        _ links: inout [ChainLink], _ other: Links?, now: MonotonicInstant
    ) -> (Denial, String?) {
        var denial = denial
        for index in links.indices {
            var review = links[index].policy.review(denial, of: question, now: now)
            if case .uphold = review, let other {
                review = other.pointee[index].policy.review(denial, of: peerQuestion, now: now)
            }
            switch (review, links[index].isShadow) {
            case (.uphold, _): break
            case (.amend(let amended), false): denial = amended
            case (.spare(let why), false): return (denial, why)
            case (.amend(let amended), true): links[index].counter.count(.shadow, amended)
            case (.spare(let why), true):
                var spared = denial
                spared.detail = why
                links[index].counter.count(.shadow, spared)
            }
        }
        return (denial, nil)
    }

    /// Tells every policy the answer.
    @inline(__always)
    private static func tell(
        _ question: borrowing Question, _ peerQuestion: borrowing Question, _ links: inout [ChainLink],
        _ other: Links?, _ denial: Denial?, now: MonotonicInstant
    ) {
        for index in links.indices where denial != nil || links[index].observesAllowed {
            links[index].policy.observe(question, denial: denial, now: now)
        }
        guard let other else { return }
        for index in other.pointee.indices where denial != nil || other.pointee[index].observesAllowed {
            other.pointee[index].policy.observe(peerQuestion, denial: denial, now: now)
        }
    }
}
