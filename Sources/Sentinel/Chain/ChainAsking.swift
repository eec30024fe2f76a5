// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Seed Sentinel authors

/// A question on its way through the chain.
struct ChainAsking {
    private var question: Question
    /// The same question to the instances that keep account of the peer, where those aren't the ones that do so of
    /// the address.
    private var peerQuestion: Question

    init(_ question: Question, isSplit: Bool) {
        self.question = question
        peerQuestion = question
        if isSplit {
            self.question.share = [.source, .rest]
            peerQuestion.share = .peer
        }
    }

    /// The chain's answer.
    mutating func ask(
        _ links: inout [ChainLink], _ other: UnsafeMutablePointer<[ChainLink]>?, now: MonotonicInstant
    ) -> Ruling {
        var spared: Denial?
        for index in links.indices {
            var verdict = links[index].policy.decide(question, now: now)
            if case .pass = verdict, let other, !other.pointee[index].policy.isFixed {
                verdict = other.pointee[index].policy.decide(peerQuestion, now: now)
            }
            switch verdict {
            case .pass: continue
            case .admit:
                if links[index].policy.isShadow { continue }
                links[index].counter.count(.admitted)
                return Ruling(decision: .allow, spared: spared)
            case .deny(let denial):
                guard !links[index].policy.isShadow else {
                    links[index].counter.count(.shadow, denial)
                    continue
                }
                switch review(denial, &links, other, now: now) {
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
        return Ruling(decision: .allow, spared: spared)
    }

    /// What the policies make of a denial.
    ///
    /// - Returns: the denial as it is then, and why it doesn't hold where it doesn't.
    private func review(
        _ denial: Denial, _ links: inout [ChainLink], _ other: UnsafeMutablePointer<[ChainLink]>?,
        now: MonotonicInstant
    ) -> (Denial, String?) {
        var denial = denial
        for index in links.indices where !links[index].policy.isShadow {
            var review = links[index].policy.review(denial, of: question, now: now)
            if case .uphold = review, let other {
                review = other.pointee[index].policy.review(denial, of: peerQuestion, now: now)
            }
            switch review {
            case .uphold: break
            case .amend(let amended): denial = amended
            case .spare(let why): return (denial, why)
            }
        }
        return (denial, nil)
    }

    /// Tells every policy the answer.
    mutating func tell(
        _ links: inout [ChainLink], _ other: UnsafeMutablePointer<[ChainLink]>?, _ ruling: borrowing Ruling,
        now: MonotonicInstant
    ) {
        let denial = ruling.decision.denial
        for index in links.indices { links[index].policy.observe(question, denial: denial, now: now) }
        guard let other else { return }
        for index in other.pointee.indices {
            other.pointee[index].policy.observe(peerQuestion, denial: denial, now: now)
        }
    }
}
