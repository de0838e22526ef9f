// The operations of users, workers and verifiers on artifacts.

import ProofCore

/// Why an artifact is refused though its proof may be valid: what, expected, got.
public struct StatementError: Error, Equatable, CustomStringConvertible {
    public let description: String
    init(_ what: String, expected: String, got: String) {
        description = "\(what): expected \(expected), got \(got)"
    }
}

/// What a verified end cap or combine leaves for the circuit that takes it.
public struct VerifiedTransition: Sendable {
    /// Proof limbs as `Verifier.replay` gives them.
    public let record: [Field]
    /// Claims about `Network.polynomial`: the proof's own, and the one it carries.
    public let claims: [DeferredClaim]
}

extension Network {
    // MARK: Users

    /// A signature proof of `payload` by a preimage key.
    public func sign(_ payload: Digest, with key: PreimageKey, threads: Int = 1) throws -> Proof {
        try Prover(key: signature, threads: threads).prove(
            input: key.secret.limbs + payload.limbs,
            statement: signatureStatement(parameters: key.parameters, payload: payload))
    }

    /// - Throws: `VerificationError` for a signature proof that does not verify, `WitnessError` for a witness that contradicts the circuit.
    public func proveEndCap(_ witness: EndCapWitness, threads: Int = 1) throws -> TransitionArtifact
    {
        let header = witness.header
        let proof = try Prover(key: endCap, threads: threads).prove(
            input: witness.input(), statement: header.digest)
        return TransitionArtifact(kind: .endCap, header: header, proof: proof)
    }

    // MARK: Verification

    /// Verifies an end cap or combine against the network's circuits, and settles its claims about them.
    @discardableResult
    public func verify(_ artifact: TransitionArtifact) throws -> VerifiedTransition {
        let aggregator = artifact.kind == .combine ? combine.fingerprint : .zero
        guard artifact.header.aggregator == aggregator else {
            throw StatementError(
                "\(artifact.kind.name) aggregator", expected: aggregator.hex,
                got: artifact.header.aggregator.hex)
        }
        let carried = artifact.claim ?? .trivial(variables: Self.polynomialVariables)
        let digest = artifact.claim.map(claimDigest) ?? .zero
        guard artifact.header.deferred == digest else {
            throw StatementError(
                "\(artifact.kind.name) claim", expected: artifact.header.deferred.hex,
                got: digest.hex)
        }
        let verifier = artifact.kind == .combine ? combineVerifier : endCapVerifier
        let replay = try verifier.replay(artifact.proof, statement: artifact.header.digest)
        guard let own = replay.deferred else {
            preconditionFailure("the network's shape is deferred")
        }
        let selector: Extension = artifact.kind == .combine ? .one : .zero
        let claims = [DeferredClaim(point: [selector] + own.point, value: own.value), carried]
        for (claim, name) in zip(claims, ["of the proof", "carried"])
        where !polynomial.satisfies(claim) {
            throw VerificationError.deferredClaim(
                "\(artifact.kind.name): the claim \(name) is false")
        }
        return VerifiedTransition(record: replay.record, claims: claims)
    }

    public func verify(_ artifact: BlockArtifact) throws {
        try blockVerifier.verify(artifact.proof, statement: artifact.statement.digest)
    }

    // MARK: Workers

    package func child(
        _ artifact: TransitionArtifact, _ verified: VerifiedTransition, siblings: [Digest]
    ) -> ChildInput {
        ChildInput(
            artifact: artifact,
            verifierData: artifact.kind == .combine ? combine.verifierData : endCap.verifierData,
            record: verified.record, siblings: siblings)
    }

    /// The header that two children combine to, but for `deferred`, which follows from the children's proofs.
    public func combinedHeader(_ left: Header, _ right: Header, _ context: CombineContext) throws
        -> Header
    {
        guard left.blockRoot == right.blockRoot else {
            throw StatementError(
                "block root of the right child", expected: left.blockRoot.hex,
                got: right.blockRoot.hex)
        }
        let level = context.level
        guard (1...Self.userTreeHeight).contains(level), left.level < level, right.level < level,
            left.first >> UInt32(level) == right.first >> UInt32(level),
            left.first >> UInt32(level - 1) & 1 == 0, right.first >> UInt32(level - 1) & 1 == 1
        else {
            throw StatementError(
                "combine at level \(level)", expected: "a left and a right descendant",
                got: "(\(left.level), \(left.first)) and (\(right.level), \(right.first))")
        }
        // Statistics are added in F, as in the circuit.
        func sum(_ a: UInt32, _ b: UInt32) -> UInt32 { (Field(a) + Field(b)).canonical }
        func lifted(_ header: Header, _ siblings: [Digest], _ digest: Digest) throws -> Digest {
            guard siblings.count == level - 1 - Int(header.level) else {
                throw StatementError(
                    "siblings of (\(header.level), \(header.first))",
                    expected: "\(level - 1 - Int(header.level))", got: "\(siblings.count)")
            }
            return merkleRoot(
                leaf: digest, index: UInt64(header.first >> header.level), siblings: siblings)
        }
        return Header(
            blockRoot: left.blockRoot, level: UInt32(level), first: aligned(left.first, level),
            old: Poseidon2.compress(
                try lifted(left, context.leftSiblings, left.old),
                try lifted(right, context.rightSiblings, right.old)),
            new: Poseidon2.compress(
                try lifted(left, context.leftSiblings, left.new),
                try lifted(right, context.rightSiblings, right.new)),
            users: sum(left.users, right.users),
            transactions: sum(left.transactions, right.transactions),
            slots: sum(left.slots, right.slots),
            aggregator: combine.fingerprint, deferred: .zero)
    }

    /// Verifies both children and proves their combination.
    public func proveCombine(
        _ left: TransitionArtifact, _ right: TransitionArtifact, _ context: CombineContext,
        prover: Prover, timer: inout PhaseTimer
    ) throws -> TransitionArtifact {
        var header = try combinedHeader(left.header, right.header, context)
        let (l, r) = (try verify(left), try verify(right))
        timer.mark("verify_children")
        let (claim, batch) = ClaimBatch(l.claims + r.claims).prove(
            polynomial, threads: prover.threads)
        header.deferred = claimDigest(claim)
        timer.mark("join_claims")
        let input = CombineCircuit.input(
            blockRoot: header.blockRoot, aggregator: combine.fingerprint, level: context.level,
            left: child(left, l, siblings: context.leftSiblings),
            right: child(right, r, siblings: context.rightSiblings), batch: batch)
        let proof = try prover.prove(input: input, statement: header.digest, timer: &timer)
        return TransitionArtifact(kind: .combine, header: header, claim: claim, proof: proof)
    }

    public func proveCombine(
        _ left: TransitionArtifact, _ right: TransitionArtifact, _ context: CombineContext,
        threads: Int = 1
    ) throws -> TransitionArtifact {
        var timer = PhaseTimer()
        return try proveCombine(
            left, right, context, prover: Prover(key: combine, threads: threads), timer: &timer)
    }

    /// Verifies the round's last transition and proves the block.
    public func proveBlock(
        _ child: TransitionArtifact, _ context: BlockContext, prover: Prover,
        timer: inout PhaseTimer
    ) throws -> BlockArtifact {
        let statement = try blockStatement(child.header, context)
        let verified = try verify(child)
        timer.mark("verify_children")
        let (claim, batch) = ClaimBatch(verified.claims).prove(polynomial, threads: prover.threads)
        timer.mark("join_claims")
        let opening = settlement.prove(claim, polynomialCommitment, threads: prover.threads)
        let settled = try settlement.replay(opening, claim, root: polynomialCommitment.root)
        timer.mark("settle_claim")
        let input = BlockCircuit.input(
            state: context.state, child: self.child(child, verified, siblings: context.siblings),
            batch: batch, settlement: settled)
        let proof = try prover.prove(input: input, statement: statement.digest, timer: &timer)
        return BlockArtifact(statement: statement, proof: proof)
    }

    public func proveBlock(_ child: TransitionArtifact, _ context: BlockContext, threads: Int = 1)
        throws -> BlockArtifact
    {
        var timer = PhaseTimer()
        return try proveBlock(
            child, context, prover: Prover(key: block, threads: threads), timer: &timer)
    }

    /// What the block over `header` states.
    public func blockStatement(_ header: Header, _ context: BlockContext) throws -> BlockStatement {
        guard context.siblings.count == Self.userTreeHeight - Int(header.level) else {
            throw StatementError(
                "siblings of the block", expected: "\(Self.userTreeHeight - Int(header.level))",
                got: "\(context.siblings.count)")
        }
        let index = UInt64(header.first >> header.level)
        guard context.state.digest == header.blockRoot,
            merkleRoot(leaf: header.old, index: index, siblings: context.siblings)
                == context.state.userRoot
        else {
            throw StatementError(
                "block root", expected: context.state.digest.hex, got: header.blockRoot.hex)
        }
        let next = context.state.next(
            userRoot: merkleRoot(leaf: header.new, index: index, siblings: context.siblings))
        return BlockStatement(
            previous: context.state.digest, new: next.digest, height: next.height,
            users: header.users,
            transactions: header.transactions, slots: header.slots)
    }
}

/// What a worker needs for a combine beside its children: the ancestor's level and the unchanged siblings on the way to it.
public struct CombineContext: Sendable, Hashable {
    public let level: Int
    public let leftSiblings: [Digest]
    public let rightSiblings: [Digest]

    public init(level: Int, leftSiblings: [Digest], rightSiblings: [Digest]) {
        self.level = level
        self.leftSiblings = leftSiblings
        self.rightSiblings = rightSiblings
    }

    /// The context of a plan's node over the previous block's user tree.
    public init(_ plan: AggregationPlan, _ node: PlanNode, tree: SparseMerkleTree) {
        func siblings(_ child: PlanNode.Child) -> [Digest] {
            let (level, first) = plan.position(child)
            return tree.siblings(level: level, UInt64(first >> UInt32(level)), top: node.level - 1)
        }
        self.init(
            level: node.level, leftSiblings: siblings(node.left),
            rightSiblings: siblings(node.right))
    }
}

/// What a worker needs for the block beside its child.
public struct BlockContext: Sendable, Hashable {
    public let state: BlockState
    /// From the child's level to the root.
    public let siblings: [Digest]

    public init(state: BlockState, siblings: [Digest]) {
        self.state = state
        self.siblings = siblings
    }

    public init(_ plan: AggregationPlan, state: BlockState, tree: SparseMerkleTree) {
        let (level, first) = plan.position(plan.root)
        self.init(
            state: state, siblings: tree.siblings(level: level, UInt64(first >> UInt32(level))))
    }
}
