// What the leaves of the state and the statements of proofs consist of, each with its circuit twin.

import ProofCore

/// A user: a leaf of the global user tree.
public struct UserLeaf: Hashable, Sendable {
    public var publicKey: Digest
    /// Root of the user contract tree.
    public var contractRoot: Digest
    public var nonce: UInt32
    /// Height of the block that wrote this leaf last.
    public var lastBlock: UInt32

    public init(publicKey: Digest, contractRoot: Digest, nonce: UInt32 = 0, lastBlock: UInt32 = 0) {
        self.publicKey = publicKey
        self.contractRoot = contractRoot
        self.nonce = nonce
        self.lastBlock = lastBlock
    }

    public var digest: Digest {
        Poseidon2.hash(.userLeaf, [publicKey, contractRoot], [Field(nonce), Field(lastBlock)])
    }
}

struct UserLeafTarget {
    let publicKey: DigestTarget
    let contractRoot: DigestTarget
    let nonce: ExtTarget
    let lastBlock: ExtTarget

    func digest(_ b: CircuitBuilder) -> DigestTarget {
        b.hash(.userLeaf, [publicKey, contractRoot], [nonce, lastBlock])
    }
}

/// The whole state at the end of a block.
public struct BlockState: Hashable, Sendable {
    public var userRoot: Digest
    public var contractRoot: Digest
    /// Digest of the previous block's state; zero at genesis.
    public var previous: Digest
    public var height: UInt32

    public init(
        userRoot: Digest, contractRoot: Digest = .zero, previous: Digest = .zero, height: UInt32 = 0
    ) {
        self.userRoot = userRoot
        self.contractRoot = contractRoot
        self.previous = previous
        self.height = height
    }

    /// The block state root.
    public var digest: Digest {
        Poseidon2.hash(.blockState, [userRoot, contractRoot, previous], [Field(height)])
    }

    /// The state after a block that leaves the users at `userRoot`.
    public func next(userRoot: Digest) -> BlockState {
        BlockState(
            userRoot: userRoot, contractRoot: contractRoot, previous: digest, height: height + 1)
    }
}

struct BlockStateTarget {
    let userRoot: DigestTarget
    let contractRoot: DigestTarget
    let previous: DigestTarget
    let height: ExtTarget

    func digest(_ b: CircuitBuilder) -> DigestTarget {
        b.hash(.blockState, [userRoot, contractRoot, previous], [height])
    }
}

/// What an end cap or a combine states: under `blockRoot`, the subtree of the global user tree at `level` whose first user is `first`
/// goes from `old` to `new`.
public struct Header: Hashable, Sendable {
    /// The previous block's state root, C_B.
    public var blockRoot: Digest
    public var level: UInt32
    /// The least user id of the subtree: its low `level` bits are zero.
    public var first: UInt32
    public var old: Digest
    public var new: Digest
    /// Users, transactions and state slots written: additive statistics.
    public var users: UInt32
    public var transactions: UInt32
    public var slots: UInt32
    /// Fingerprint of the combine circuit that made the proof; zero in an end cap.
    public var aggregator: Digest
    /// Digest of the claim that the combine carries for everything below it; zero in an end cap.
    public var deferred: Digest

    package init(
        blockRoot: Digest, level: UInt32, first: UInt32, old: Digest, new: Digest, users: UInt32,
        transactions: UInt32, slots: UInt32,
        aggregator: Digest, deferred: Digest = .zero
    ) {
        self.blockRoot = blockRoot
        self.level = level
        self.first = first
        self.old = old
        self.new = new
        self.users = users
        self.transactions = transactions
        self.slots = slots
        self.aggregator = aggregator
        self.deferred = deferred
    }

    public var digest: Digest {
        Poseidon2.hash(
            .header, [blockRoot, old, new, aggregator, deferred],
            [Field(level), Field(first), Field(users), Field(transactions), Field(slots)])
    }
}

package struct HeaderTarget {
    package let blockRoot: DigestTarget
    package let level: ExtTarget
    package let first: ExtTarget
    package let old: DigestTarget
    package let new: DigestTarget
    package let users: ExtTarget
    package let transactions: ExtTarget
    package let slots: ExtTarget
    package let aggregator: DigestTarget
    package let deferred: DigestTarget

    package init(
        blockRoot: DigestTarget, level: ExtTarget, first: ExtTarget, old: DigestTarget,
        new: DigestTarget, users: ExtTarget,
        transactions: ExtTarget, slots: ExtTarget, aggregator: DigestTarget, deferred: DigestTarget
    ) {
        self.blockRoot = blockRoot
        self.level = level
        self.first = first
        self.old = old
        self.new = new
        self.users = users
        self.transactions = transactions
        self.slots = slots
        self.aggregator = aggregator
        self.deferred = deferred
    }

    package func digest(_ b: CircuitBuilder) -> DigestTarget {
        b.hash(
            .header, [blockRoot, old, new, aggregator, deferred],
            [level, first, users, transactions, slots])
    }
}

/// Digest of a claim: hash of its coordinates and value.
public func claimDigest(_ claim: DeferredClaim) -> Digest {
    Poseidon2.hash(tag: Tag.claim.rawValue, claim.elements.flatMap(\.limbs))
}

extension CircuitBuilder {
    /// As `claimDigest`.
    package func claimDigest(_ claim: DeferredClaimTarget) -> DigestTarget {
        hash(
            tag: Tag.claim.rawValue, blocks: blocks(of: claim.elements),
            count: 5 * claim.elements.count)
    }
}

/// What a block proof states.
public struct BlockStatement: Hashable, Sendable {
    /// State roots before and after the block.
    public var previous: Digest
    public var new: Digest
    public var height: UInt32
    public var users: UInt32
    public var transactions: UInt32
    public var slots: UInt32

    package init(
        previous: Digest, new: Digest, height: UInt32, users: UInt32, transactions: UInt32,
        slots: UInt32
    ) {
        self.previous = previous
        self.new = new
        self.height = height
        self.users = users
        self.transactions = transactions
        self.slots = slots
    }

    public var digest: Digest {
        Poseidon2.hash(
            .block, [previous, new],
            [Field(height), Field(users), Field(transactions), Field(slots)])
    }
}

/// What a user signs: hash(user id, nonce, S_start, S_end), S the user's leaf before and after.
public func signaturePayload(userID: UInt32, nonce: UInt32, start: Digest, end: Digest) -> Digest {
    Poseidon2.hash(.payload, [start, end], [Field(userID), Field(nonce)])
}

/// What a signature proof states: this payload was signed by the holder of the key with these parameters.
public func signatureStatement(parameters: Digest, payload: Digest) -> Digest {
    Poseidon2.hash(.signature, [parameters, payload])
}

/// A public key is the digest of a signature circuit's fingerprint and its parameters: any circuit can sign.
public func publicKey(parameters: Digest, fingerprint: Digest) -> Digest {
    Poseidon2.hash(.publicKey, [parameters, fingerprint])
}
