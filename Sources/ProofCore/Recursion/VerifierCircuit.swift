// The recursive verifier: `Verifier` as a gadget, step by step under the same names. The shape is fixed when the circuit is built; the
// preprocessed root is a target, so one gadget verifies proofs of every circuit of the shape (verifier data as a witness).

extension CircuitBuilder {
    /// Adds the verification of one proof, whose limbs (`Verifier.replay`) are the next inputs.
    /// - Returns: the fingerprint of the circuit that made the proof: compare it with what is allowed; and for a deferred shape the claim
    ///   that is still to be settled.
    public func verifyProof(shape: Shape, preprocessedRoot: DigestTarget, statement: DigestTarget)
        throws -> VerifiedProof
    {
        let parameters = try OpeningParameters(shape: shape)
        try checkCodes(parameters)
        let circuit = VerifierCircuit(
            builder: self, shape: shape, parameters: parameters, preprocessedRoot: preprocessedRoot)
        return circuit.verify(statement: statement)
    }

    /// Chip Index takes indices of 8 to 20 bits.
    func checkCodes(_ parameters: OpeningParameters) throws {
        for height in parameters.rounds.map(\.height) + [parameters.grindingBits]
        where !(8...20).contains(height) {
            throw CircuitError(
                "circuit \(name): a child's code domain: expected 2^8 … 2^20 positions, got 2^\(height)"
            )
        }
    }

    /// hash(1, root ‖ shape), as `VerifierData.fingerprint`.
    public func fingerprint(preprocessedRoot: DigestTarget, shape: Shape) -> DigestTarget {
        let limbs = shape.limbs
        var blocks = [preprocessedRoot]
        for start in stride(from: 0, to: limbs.count, by: 8) {
            let block = limbs[start..<min(start + 8, limbs.count)]
            blocks.append(
                constant(Digest(Array(block) + [Field](repeating: .zero, count: 8 - block.count))))
        }
        return hash(tag: VerifierData.tag, blocks: blocks, count: 8 + limbs.count)
    }
}

/// Points and values of the leaves as targets.
struct LeafClaimTarget {
    let point: [ExtTarget]
    let numerator: ExtTarget
    let denominator: ExtTarget
}

/// What `CircuitBuilder.verifyProof` leaves.
public struct VerifiedProof {
    public let fingerprint: DigestTarget
    public let deferred: DeferredClaimTarget?
}

struct VerifierCircuit {
    let builder: CircuitBuilder
    let shape: Shape
    let parameters: OpeningParameters
    let preprocessedRoot: DigestTarget

    func verify(statement: DigestTarget) -> VerifiedProof {
        let b = builder
        let fingerprint = b.count("fingerprint") {
            b.fingerprint(preprocessedRoot: preprocessedRoot, shape: shape)
        }
        var transcript = CircuitTranscript(b)
        transcript.absorb([fingerprint])
        transcript.absorb([statement])
        let witnessRoot = transcript.receiveDigest()
        let outOfDomainPoint = transcript.sample()
        let outOfDomainValue = transcript.receive(elements: 1)[0]
        let beta = transcript.sample()
        let c = transcript.sample()
        var betaPowers = [beta]
        while betaPowers.count < Chip.longestTuple {
            betaPowers.append(b.multiply(betaPowers.last!, beta))
        }
        let leaves = b.count("fractions") {
            verifyFractions(&transcript, statementDenominator(statement, c, betaPowers))
        }
        let alpha = transcript.sample()
        let (point, values) = b.count("zerocheck") {
            verifyZerocheck(&transcript, leaves, alpha, c, betaPowers)
        }
        let columns = ColumnWeightsCircuit(builder: b, shape: shape, point: point)
        let witnessCount = ChipKind.allCases.reduce(0) { $0 + Chip[$1].witnessCount }
        var deferred: DeferredClaimTarget?
        if shape.deferred {
            deferred = b.count("deferral") {
                deferPreprocessed(&transcript, Array(values[witnessCount...]), columns)
            }
        }
        b.count("opening") {
            OpeningCircuit(builder: b, parameters: parameters).verify(
                &transcript,
                roots: shape.deferred ? [witnessRoot] : [witnessRoot, preprocessedRoot],
                values: shape.deferred ? Array(values[..<witnessCount]) : values,
                outOfDomainPoint: outOfDomainPoint,
                outOfDomainValue: outOfDomainValue
            ) { rho, gamma, last in
                columns.sum(
                    at: rho, gamma: gamma, stacks: shape.deferred ? .witness : .both, last: last)
            }
        }
        return VerifiedProof(fingerprint: fingerprint, deferred: deferred)
    }

    /// P14, P15
    private func deferPreprocessed(
        _ transcript: inout CircuitTranscript, _ values: [ExtTarget],
        _ columns: ColumnWeightsCircuit
    ) -> DeferredClaimTarget {
        let b = builder
        let mu = transcript.sample()
        var claim = b.horner(values, mu)
        let z = transcript.sumcheck(steps: shape.preprocessedVariables, &claim)
        let value = transcript.receive(elements: 1)[0]
        b.assertMulAdd(
            columns.sum(at: z, gamma: mu, stacks: .preprocessed, last: b.zero), value, b.zero,
            equals: claim)
        return DeferredClaimTarget(point: z, value: value)
    }

    /// s = c − 1 − Σ β^(i+1) statement_i
    private func statementDenominator(
        _ statement: DigestTarget, _ c: ExtTarget, _ betaPowers: [ExtTarget]
    ) -> ExtTarget {
        let start = builder.subtract(c, builder.constant(Field(CircuitBuilder.statementAddress)))
        return builder.limbs(of: statement).enumerated().reduce(start) { s, limb in
            builder.mulSubtract(from: s, betaPowers[limb.offset], limb.element)
        }
    }

    /// nl·dr + nr·dl
    private func crossSum(_ v: [ExtTarget]) -> ExtTarget {
        builder.mulAdd(v[0], v[3], builder.multiply(v[1], v[2]))
    }

    private func next(_ v: [ExtTarget], at point: [ExtTarget], _ rho: ExtTarget) -> LeafClaimTarget
    {
        LeafClaimTarget(
            point: [rho] + point, numerator: builder.interpolate(v[0], v[1], rho),
            denominator: builder.interpolate(v[2], v[3], rho))
    }

    private func verifyFractions(
        _ transcript: inout CircuitTranscript, _ statementDenominator: ExtTarget
    ) -> LeafClaimTarget {
        let b = builder
        let top = transcript.receive(elements: 4)
        let denominator = b.multiply(top[2], top[3])
        b.assertNonZero(b.multiply(denominator, statementDenominator))
        // N·s + D = 0
        b.assertMulAdd(crossSum(top), statementDenominator, denominator, equals: b.zero)
        var claim = next(top, at: [], transcript.sample())
        for layer in 1..<shape.leafVariables {
            let lambda = transcript.sample()
            var expected = b.mulAdd(lambda, claim.denominator, claim.numerator)
            var point: [ExtTarget] = []
            for j in 0..<layer {
                let c = transcript.receive(elements: 2)
                let r = transcript.sample()
                let c0 = b.mulSubtract(from: expected, claim.point[j], b.add(c[0], c[1]))
                expected = b.mulAdd(b.mulAdd(c[1], r, c[0]), r, c0)
                point.append(r)
            }
            let values = transcript.receive(elements: 4)
            b.assertMulAdd(
                b.multiply(lambda, values[2]), values[3], crossSum(values), equals: expected)
            claim = next(values, at: point, transcript.sample())
        }
        return claim
    }

    /// P6 and P7: returns the point and all columns' values.
    private func verifyZerocheck(
        _ transcript: inout CircuitTranscript, _ leaves: LeafClaimTarget, _ alpha: ExtTarget,
        _ c: ExtTarget, _ betaPowers: [ExtTarget]
    ) -> (point: [ExtTarget], values: [ExtTarget]) {
        let b = builder
        var eq = EqBits(b, leaves.point)
        let layout = shape.leafLayout
        let portWeights = ChipKind.allCases.map { kind in
            Chip[kind].ports.indices.map { k in
                eq.value(
                    layout.offset(kind, column: k, shape: shape) >> shape.height(kind),
                    shape.leafVariables - shape.height(kind))
            }
        }
        let padding = portWeights.joined().reduce(b.one) { b.subtract($0, $1) }
        var claim = b.mulAdd(alpha, b.subtract(leaves.denominator, padding), leaves.numerator)
        var r: [ExtTarget] = []
        for z in leaves.point.suffix(shape.maximalTableHeight) {
            let coefficients = transcript.receive(elements: Chip.maximalDegree)
            let x = transcript.sample()
            let c0 = b.mulSubtract(from: claim, z, b.sum(coefficients))
            claim = b.horner([c0] + coefficients, x)
            r.append(x)
        }
        let total = ChipKind.allCases.reduce(0) {
            $0 + Chip[$1].witnessCount + Chip[$1].preprocessedCount
        }
        let values = transcript.receive(elements: total)
        b.count("constraints at the point") {
            b.connect(claim, tableSum(values, portWeights, alpha, c, betaPowers))
        }
        return (r, values)
    }

    /// Σ_t f_t
    private func tableSum(
        _ values: [ExtTarget], _ portWeights: [[ExtTarget]], _ alpha: ExtTarget, _ c: ExtTarget,
        _ betaPowers: [ExtTarget]
    ) -> ExtTarget {
        let b = builder
        let witnessTotal = ChipKind.allCases.reduce(0) { $0 + Chip[$1].witnessCount }
        var witness = values[..<witnessTotal]
        var preprocessed = values[witnessTotal...]
        var portSum = b.zero
        var constraints: [ExtTarget] = []
        for kind in shape.order {
            let chip = Chip[kind]
            var nodes = ChipCircuit(
                b, chip, witness: witness.prefix(chip.witnessCount),
                preprocessed: preprocessed.prefix(chip.preprocessedCount))
            for (k, tuple) in chip.ports.enumerated() {
                let column = { (i: Int) in preprocessed[preprocessed.startIndex + i] }
                var denominator = b.subtract(c, column(chip.addressColumn(port: k)))
                for (i, node) in tuple.enumerated() where !isZero(chip, node) {
                    denominator = b.mulSubtract(from: denominator, betaPowers[i], nodes.value(node))
                }
                let fraction = b.mulAdd(
                    alpha, denominator, column(chip.multiplicityColumn(port: k)))
                portSum = b.mulAdd(portWeights[kind.rawValue][k], fraction, portSum)
            }
            constraints += chip.constraints.map { nodes.value($0) }
            witness = witness.dropFirst(chip.witnessCount)
            preprocessed = preprocessed.dropFirst(chip.preprocessedCount)
        }
        return b.mulAdd(b.multiply(alpha, alpha), b.horner(constraints, alpha), portSum)
    }

    private func isZero(_ chip: Chip, _ node: Int) -> Bool {
        if case .constant(.zero) = chip.nodes[node] { return true }
        return false
    }
}

/// eq(bits, point) for many bit strings: a tree of prefixes, one row a node.
struct EqBits {
    private let builder: CircuitBuilder
    let point: [ExtTarget]
    private var known: [Key: ExtTarget] = [:]

    private struct Key: Hashable {
        let bits: Int
        let count: Int
    }

    init(_ builder: CircuitBuilder, _ point: [ExtTarget]) {
        self.builder = builder
        self.point = point
    }

    /// eq of the first `count` coordinates and the binary digits of `bits`, most significant first.
    mutating func value(_ bits: Int, _ count: Int) -> ExtTarget {
        if count == 0 { return builder.one }
        if let value = known[Key(bits: bits, count: count)] { return value }
        let parent = value(bits >> 1, count - 1)
        let z = point[count - 1]
        let result =
            bits & 1 == 1
            ? builder.multiply(parent, z) : builder.mulSubtract(from: parent, parent, z)
        known[Key(bits: bits, count: count)] = result
        return result
    }

    /// The whole table over the first `count` coordinates.
    mutating func table(_ count: Int) -> [ExtTarget] { (0..<(1 << count)).map { value($0, count) } }
}
