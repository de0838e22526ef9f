// The parameters: known answers (shared/model/terms.py, and an independent search in Python), and
// their own relations.

import ProofCore
import Testing

@Suite struct ParametersTests {
    struct Known: Sendable {
        let n: Int, m: Int, target: Int, rate: Int
        let steps: [Int], heights: [Int], queries: [Int], distances: [Int], final: Int
    }

    @Test(arguments: [
        Known(
            n: 12, m: 10, target: 104, rate: 2, steps: [7], heights: [8], queries: [90],
            distances: [65], final: 6),
        Known(
            n: 14, m: 12, target: 104, rate: 2, steps: [7, 3], heights: [10, 10],
            queries: [90, 36],
            distances: [65, 26], final: 5),
        Known(
            n: 20, m: 18, target: 104, rate: 6, steps: [7, 4, 4], heights: [20, 19, 18],
            queries: [31, 21, 16],
            distances: [9, 5, 3], final: 6),
        Known(
            n: 21, m: 19, target: 104, rate: 2, steps: [7, 4, 5], heights: [17, 16, 14],
            queries: [92, 36, 23],
            distances: [33, 26, 8], final: 6),
        Known(
            n: 21, m: 19, target: 120, rate: 2, steps: [7, 3, 6], heights: [17, 16, 12],
            queries: [178, 62, 41],
            distances: [3, 4, 3], final: 6),
        Known(
            n: 22, m: 20, target: 104, rate: 2, steps: [7, 5, 5], heights: [18, 16, 15],
            queries: [93, 36, 21],
            distances: [27, 26, 5], final: 6),
        // One stack.
        Known(
            n: 12, m: 0, target: 104, rate: 2, steps: [6], heights: [8], queries: [89],
            distances: [128], final: 6),
        Known(
            n: 12, m: 0, target: 104, rate: 4, steps: [6], heights: [10], queries: [45],
            distances: [32], final: 6),
        Known(
            n: 13, m: 0, target: 104, rate: 2, steps: [6, 3], heights: [9, 9], queries: [90, 36],
            distances: [65, 26], final: 4),
        Known(
            n: 15, m: 0, target: 104, rate: 2, steps: [6, 3], heights: [11, 11], queries: [90, 36],
            distances: [65, 26], final: 6),
        Known(
            n: 18, m: 0, target: 104, rate: 4, steps: [6, 3, 3], heights: [16, 16, 15],
            queries: [46, 26, 20],
            distances: [17, 13, 14], final: 6),
        Known(
            n: 20, m: 0, target: 100, rate: 1, steps: [6, 4, 4], heights: [15, 14, 13],
            queries: [173, 43, 25],
            distances: [100, 31, 10], final: 6),
        Known(
            n: 21, m: 0, target: 104, rate: 2, steps: [6, 4, 5], heights: [17, 16, 14],
            queries: [92, 36, 23],
            distances: [33, 26, 8], final: 6),
        Known(
            n: 22, m: 0, target: 120, rate: 2, steps: [6, 4, 6], heights: [18, 15, 12],
            queries: [178, 85, 41],
            distances: [3, 5, 3], final: 6),
    ])
    func known_answers(_ known: Known) throws {
        let p = try OpeningParameters(
            witnessVariables: known.n, preprocessedVariables: known.m, targetBits: known.target,
            rateBits: known.rate)
        #expect(p.rounds.map(\.steps) == known.steps)
        #expect(p.rounds.map(\.height) == known.heights)
        #expect(p.rounds.map(\.queries) == known.queries)
        #expect(p.rounds.map(\.distance) == known.distances)
        #expect(p.finalVariables == known.final)
    }

    @Test func parameters_keep_their_relations() throws {
        for n in 12...22 {
            for m in [n - 2, n, 0] {
                for rate in 1...4 {
                    for target in [60, 100, 104] {
                        guard
                            let p = try? OpeningParameters(
                                witnessVariables: n, preprocessedVariables: m, targetBits: target,
                                rateBits: rate)
                        else {
                            // The lowest rate has no proven 100 bits at the largest sizes.
                            #expect(rate == 1 && target >= 100 && n >= 20)
                            continue
                        }
                        check(p)
                    }
                }
            }
        }
    }

    private func check(_ p: OpeningParameters) {
        var variables = p.witnessVariables + (p.hasPreprocessed ? 1 : 0)
        #expect(
            p.hasPreprocessed == (p.preprocessedVariables > 0)
                && p.rounds[0].rowVariables == p.rowVariables)
        var rate = 0
        for round in p.rounds {
            #expect(round.variables == variables && round.rateBits > rate)
            #expect(
                round.height == round.rowVariables + round.rateBits
                    && round.height <= Field.twoAdicity)
            variables -= round.steps
            rate = round.rateBits
            #expect(round.rowVariables == variables && round.distance >= 3 && round.queries > 0)
        }
        #expect(p.finalVariables == variables && (3...6).contains(variables))
        for term in p.soundnessTerms(claims: 1000)
        where term.name != "opening round 0: claims joined" {
            #expect(term.bits >= Double(p.targetBits), "\(term.name)")
        }
    }

    @Test(arguments: [
        (11, 9, 104, 2), (25, 23, 104, 2), (14, 11, 104, 2), (14, 15, 104, 2), (14, 12, 39, 2),
        (14, 12, 129, 2), (14, 12, 104, 0), (14, 12, 104, 11), (22, 22, 120, 2),
        (14, 12, Int.max, 2), (11, 0, 104, 2), (25, 0, 104, 2), (14, 1, 104, 2), (14, -1, 104, 2),
        (22, 0, 104, 0),
    ])
    func refuses(n: Int, m: Int, target: Int, rate: Int) {
        #expect(throws: ParameterError.self) {
            try OpeningParameters(
                witnessVariables: n, preprocessedVariables: m, targetBits: target, rateBits: rate)
        }
    }
}
