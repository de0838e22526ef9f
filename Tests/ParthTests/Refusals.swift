// How tests say that something is refused, and by which error.

import Parth
import ProofCore
import Synchronization
import Testing

extension Circuit {
    /// The statement of a witness, from the row that copies it: the last of the Limbs table.
    func statement(of witness: Witness) -> Digest {
        Digest(
            (0..<8).map { witness.cells[cell(.limbs, $0, rowCounts[ChipKind.limbs.rawValue] - 1)] })
    }

    /// Where a witness cell lies in the stack.
    func cell(_ kind: ChipKind, _ column: Int, _ row: Int) -> Int {
        shape.witnessLayout.offset(kind, column: column, shape: shape) + row
    }

    func cells(_ kind: ChipKind, _ row: Int, of witness: Witness) -> [Field] {
        (0..<Chip[kind].witnessCount).map { witness.cells[cell(kind, $0, row)] }
    }

    func copyRow(
        _ kind: ChipKind, _ row: Int, from source: Witness, row sourceRow: Int, of other: Circuit,
        to witness: Witness
    ) {
        for column in 0..<Chip[kind].witnessCount {
            witness.cells[cell(kind, column, row)] =
                source.cells[other.cell(kind, column, sourceRow)]
        }
    }
}

extension Circuit {
    /// What a proof of this witness has to hide: rows whose constraints do not hold, and addresses whose ports do not all hold the same.
    func broken(_ witness: Witness) -> (rows: [(kind: ChipKind, row: Int)], copies: [Int]) {
        var rows: [(ChipKind, Int)] = []
        var tuples: [Int: [Field]] = [:]
        var copies: Set<Int> = []
        let layout = shape.preprocessedLayout
        for kind in ChipKind.allCases {
            let chip = Chip[kind]
            var arithmetic = FieldArithmetic()
            for row in 0..<rowCounts[kind.rawValue] {
                let named = (0..<chip.preprocessedCount).map {
                    Field(
                        montgomery: preprocessed[
                            layout.offset(kind, column: $0, shape: shape) + row])
                }
                let nodes = chip.evaluate(
                    &arithmetic, witness: cells(kind, row, of: witness)[...],
                    preprocessed: named[...])
                if chip.constraints.contains(where: { nodes[$0] != .zero }) {
                    rows.append((kind, row))
                }
                for (k, port) in chip.ports.enumerated()
                where named[chip.multiplicityColumn(port: k)] != .zero {
                    let address = Int(named[chip.addressColumn(port: k)].canonical)
                    var tuple = port.map { nodes[$0] }
                    while tuple.last == .zero { tuple.removeLast() }
                    if tuples[address, default: tuple] != tuple { copies.insert(address) }
                    tuples[address] = tuples[address] ?? tuple
                }
            }
        }
        return (rows, copies.sorted())
    }
}

/// There is no witness: the input contradicts a constraint of this very circuit.
func expectNoWitness(
    _ circuit: Circuit, _ input: [Field], _ what: String = "",
    _ location: SourceLocation = #_sourceLocation
) {
    do {
        _ = try circuit.witness(input: input)
        Issue.record("\(what): there is a witness", sourceLocation: location)
    } catch WitnessError.contradiction(let name, _, _, _) where name == circuit.name {
    } catch {
        Issue.record("\(what): \(error)", sourceLocation: location)
    }
}

func expectWitness(
    _ circuit: Circuit, _ input: [Field], _ location: SourceLocation = #_sourceLocation
) {
    do {
        let broken = circuit.broken(try circuit.witness(input: input))
        #expect(broken.rows.isEmpty && broken.copies.isEmpty, sourceLocation: location)
    } catch {
        Issue.record("\(error)", sourceLocation: location)
    }
}

/// Why a proof made of this witness, checked or not, is refused; nil when it is accepted.
func refusal(_ key: ProvingKey, _ witness: Witness, _ statement: Digest) throws
    -> VerificationError?
{
    var timer = PhaseTimer()
    let proof = Prover(key: key).prove(witness, statement: statement, timer: &timer)
    return refusal(try Verifier(key), proof, statement)
}

func refusal(_ verifier: Verifier, _ proof: Proof, _ statement: Digest) -> VerificationError? {
    do throws(VerificationError) {
        try verifier.verify(proof, statement: statement)
        return nil
    } catch {
        return error
    }
}

/// The error of type `E` that `body` throws.
func failure<E: Error, R>(_ type: E.Type, _ body: () throws -> R) -> E? {
    do {
        _ = try body()
        return nil
    } catch {
        return error as? E
    }
}

/// A circuit that states whatever it is told, of the shape that combines take.
struct Rogue: Sendable {
    let key: ProvingKey
    static let shared = Result { try Rogue() }

    init() throws {
        let b = CircuitBuilder(name: "rogue")
        b.setStatement(b.inputDigest())
        key = try ProvingKey(b.build(shape: Network.shape))
    }

    /// A valid rogue proof of a header. As a combine it carries a claim that is true.
    func child(_ header: Header, siblings: [Digest] = [], as kind: ArtifactKind = .combine) throws
        -> ChildInput
    {
        let claim =
            kind == .combine ? DeferredClaim.trivial(variables: Network.polynomialVariables) : nil
        var header = header
        header.deferred = claim.map(claimDigest) ?? .zero
        let proof = try Prover(key: key).prove(input: header.digest.limbs, statement: header.digest)
        return ChildInput(
            artifact: TransitionArtifact(kind: kind, header: header, claim: claim, proof: proof),
            verifierData: key.verifierData,
            record: try Verifier(key.verifierData).replay(proof, statement: header.digest).record,
            siblings: siblings)
    }
}

/// Where the parts of a child begin in its input limbs (`ChildInput.limbs`).
enum ChildOffset {
    static let isCombine = 0
    static let preprocessedRoot = 1
    static let first = 9
    static let old = 10
    static let new = 18
    static let users = 26
    static let transactions = 27
    static let slots = 28
    static let claim = 29
    static let below = claim + 5 * (Network.polynomialVariables + 1)
    static let siblings = below + Network.userTreeHeight
    static let record = siblings + 8 * Network.userTreeHeight
}

/// Where the parts of a combine's input begin.
enum CombineOffset {
    static let blockRoot = 0
    static let aggregator = 8
    static let below = 16
    static let left = below + Network.userTreeHeight - 1
    /// The batch is the input's end: two elements a step, and the value.
    static let batchLimbs = 10 * Network.polynomialVariables + 5

    static func right(_ input: [Field]) -> Int { left + (input.count - batchLimbs - left) / 2 }
}

extension [Field] {
    /// The same with one limb increased.
    func changing(_ i: Int, by amount: Field = .one) -> [Field] {
        var copy = self
        copy[i] += amount
        return copy
    }

    func setting(_ i: Int, _ values: [Field]) -> [Field] {
        var copy = self
        copy.replaceSubrange(i..<(i + values.count), with: values)
        return copy
    }
}

extension Digest {
    /// The same with one limb increased.
    func changed(_ limb: Int = 0) -> Digest {
        var copy = self
        copy[limb] += .one
        return copy
    }
}

extension Header {
    /// Every header that differs in one field, with that field's name.
    var variants: [(field: String, header: Header)] {
        func changed(_ field: String, _ change: (inout Header) -> Void) -> (String, Header) {
            var copy = self
            change(&copy)
            return (field, copy)
        }
        return [
            changed("block root") { $0.blockRoot = blockRoot.changed() },
            changed("level") { $0.level += 1 },
            changed("first") { $0.first ^= 1 },
            changed("old") { $0.old = old.changed(3) },
            changed("new") { $0.new = new.changed(7) },
            changed("users") { $0.users += 1 },
            changed("transactions") { $0.transactions += 1 },
            changed("slots") { $0.slots += 1 },
            changed("aggregator") { $0.aggregator = aggregator.changed(1) },
            changed("deferred") { $0.deferred = deferred.changed(6) },
        ]
    }
}

// MARK: deferred claims

extension ChildInput {
    /// What the child leaves, true or not: the claim of its proof and the one it carries.
    var claims: [DeferredClaim] {
        get throws {
            let own = try Verifier(verifierData).replay(
                artifact.proof, statement: artifact.header.digest
            ).deferred!
            return [
                DeferredClaim(
                    point: [artifact.kind == .combine ? .one : .zero] + own.point, value: own.value),
                artifact.claim ?? .trivial(variables: Network.polynomialVariables),
            ]
        }
    }
}

/// Claims joined to one, with the messages that join them.
struct Joined: Sendable {
    let claim: DeferredClaim
    let messages: [Field]

    private static let known = Mutex<[[DeferredClaim]: Joined]>([:])

    /// True claims as every worker joins them, others as a malicious one does: either has a witness.
    init(_ claims: [DeferredClaim], _ network: Network) {
        if let joined = Self.known.withLock({ $0[claims] }) {
            self = joined
            return
        }
        if claims.allSatisfy(network.polynomial.satisfies) {
            self.init(claims: claims, of: network.polynomial)
        } else {
            self.init(forging: claims)
        }
        let joined = self
        Self.known.withLock { $0[claims] = joined }
    }

    private init(claims: [DeferredClaim], of polynomial: ClaimedPolynomial) {
        (claim, messages) = ClaimBatch(claims).prove(polynomial)
    }

    /// Messages for any claims: no polynomial is needed, only a last value that fits. What is left is as false as the claims are.
    init(forging claims: [DeferredClaim]) {
        var transcript = ProverTranscript()
        let limbs = claims.flatMap(\.elements).flatMap(\.limbs)
        for start in stride(from: 0, to: limbs.count, by: 8) {
            let block = limbs[start..<min(start + 8, limbs.count)]
            transcript.absorb(Digest(block + [Field](repeating: .zero, count: 8 - block.count)))
        }
        let delta = transcript.sample()
        var expected = claims.reversed().reduce(Extension.zero) { $0 * delta + $1.value }
        var point: [Extension] = []
        for _ in claims[0].point {
            transcript.send(.batchRound, [Extension.zero, .zero])
            point.append(transcript.sample())
            expected = expected * point.last!
        }
        let weight = claims.reversed().reduce(Extension.zero) { $0 * delta + eq($1.point, point) }
        claim = DeferredClaim(point: point, value: expected * weight.inverse)
        transcript.send(.batchedValue, [claim.value])
        messages = transcript.sentLimbs
    }
}

extension Network {
    func joined(_ children: ChildInput...) throws -> Joined {
        Joined(try children.flatMap { try $0.claims }, self)
    }

    /// The input of a combine of any children whose proofs are valid, if perhaps other circuits'.
    func combineInput(
        blockRoot: Digest, aggregator: Digest, level: Int, left: ChildInput, right: ChildInput
    ) throws -> [Field] {
        CombineCircuit.input(
            blockRoot: blockRoot, aggregator: aggregator, level: level, left: left, right: right,
            batch: try joined(left, right).messages)
    }

    /// The input of a block over a child; a false claim has no opening, and its limbs are zeros.
    func blockInput(state: BlockState, child: ChildInput) throws -> [Field] {
        let joined = try joined(child)
        let limbs = try Settlements.of(joined.claim, self)
        return BlockCircuit.input(
            state: state, child: child, batch: joined.messages, settlement: limbs)
    }
}

/// Openings of the network's polynomial by claim, as limbs: many tests use the same.
enum Settlements {
    private static let known = Mutex<[DeferredClaim: [Field]]>([:])

    static func of(_ claim: DeferredClaim, _ network: Network) throws -> [Field] {
        if let limbs = known.withLock({ $0[claim] }) { return limbs }
        guard network.polynomial.satisfies(claim) else {
            let trivial = try of(.trivial(variables: Network.polynomialVariables), network)
            return [Field](repeating: .zero, count: trivial.count)
        }
        let proof = network.settlement.prove(claim, network.polynomialCommitment)
        let limbs = try network.settlement.replay(
            proof, claim, root: network.polynomialCommitment.root)
        known.withLock { $0[claim] = limbs }
        return limbs
    }
}

/// What somebody settles with who takes other circuits than the network's.
struct OtherPolynomial {
    let network: Network
    let polynomial: ClaimedPolynomial
    let commitment: StackCommitment

    init(_ keys: [ProvingKey], _ network: Network) {
        self.network = network
        polynomial = ClaimedPolynomial(keys)
        commitment = network.settlement.commit(polynomial, threads: 1)
    }

    /// A block circuit of the same rows that settles with this polynomial.
    func block(endCap: Digest) throws -> Circuit {
        try BlockCircuit.build(
            childShape: Network.shape, endCap: endCap, combine: network.combine.fingerprint,
            settlement: network.settlement,
            polynomialRoot: commitment.root)
    }

    /// The input of `block`: claims true of this polynomial, joined and opened.
    func blockInput(state: BlockState, child: ChildInput) throws -> [Field] {
        let (claim, batch) = ClaimBatch(try child.claims).prove(polynomial)
        let opening = network.settlement.prove(claim, commitment)
        return BlockCircuit.input(
            state: state, child: child, batch: batch,
            settlement: try network.settlement.replay(opening, claim, root: commitment.root))
    }
}
