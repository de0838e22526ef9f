// Artifacts as bytes: every artifact survives; cut, extended or changed ones are refused with the place, and nothing traps.

import Parth
import ProofCore
import Testing

@Suite struct ArtifactTests {
    private static let proof = Proof(bytes: (0..<64).map { UInt8($0) })

    private static func transition(
        _ kind: ArtifactKind = .combine, level: UInt32 = 30, first: UInt32 = 0, proof: Proof = proof
    )
        -> TransitionArtifact
    {
        var random = Random(seed: 8)
        var header = Header(
            blockRoot: random.digest(), level: level, first: first, old: random.digest(),
            new: random.digest(), users: 5,
            transactions: 6, slots: 7, aggregator: random.digest())
        guard kind == .combine else {
            return TransitionArtifact(kind: kind, header: header, proof: proof)
        }
        let claim = DeferredClaim(
            elements: (0...Network.polynomialVariables).map { _ in
                Extension(limbs: random.digest().limbs.prefix(5))
            })
        header.deferred = claimDigest(claim)
        return TransitionArtifact(kind: kind, header: header, claim: claim, proof: proof)
    }

    private static func block(height: UInt32 = 9) -> BlockArtifact {
        var random = Random(seed: 10)
        return BlockArtifact(
            statement: BlockStatement(
                previous: random.digest(), new: random.digest(), height: height, users: 1,
                transactions: 2, slots: 3), proof: proof)
    }

    private func refusal(transition bytes: [UInt8]) -> String? {
        failure(ArtifactError.self) { try TransitionArtifact(bytes: bytes) }?.description
    }

    private func refusal(block bytes: [UInt8]) -> String? {
        failure(ArtifactError.self) { try BlockArtifact(bytes: bytes) }?.description
    }

    // Where fields begin: of kind 2, of kind 1, which carries no claim, and of kind 3, as this module's README lists them.
    private static let transitionFields: [(Int, String)] =
        [
            (6, "block root"), (38, "old"), (70, "new"), (102, "aggregator"), (134, "level"),
            (138, "first user"), (142, "users"),
            (146, "transactions"), (150, "slots"),
        ] + (0..<105).map { (154 + 4 * $0, "claim, element \($0 / 5)") } + [(574, "proof length")]
    private static let endCapFields =
        transitionFields.prefix { $0.0 < 154 } + [(154, "proof length")]
    private static let blockFields = [
        (6, "previous state"), (38, "new state"), (70, "height"), (74, "users"),
        (78, "transactions"), (82, "slots"),
        (86, "proof length"),
    ]

    // MARK: round trips

    @Test(arguments: [ArtifactKind.endCap, .combine]) func transition_round_trip(
        _ kind: ArtifactKind
    ) throws {
        for (level, first) in [(0, (1 << 30) - 1), (0, 0), (30, 0), (7, 128)] as [(UInt32, UInt32)]
        {
            for proof in [Self.proof, Proof(bytes: [])] {
                let artifact = Self.transition(kind, level: level, first: first, proof: proof)
                let read = try TransitionArtifact(bytes: artifact.bytes)
                #expect(read == artifact)
                #expect(read.bytes == artifact.bytes)
                #expect(artifact.bytes.count == (kind == .combine ? 578 : 158) + proof.bytes.count)
            }
        }
    }

    @Test func block_round_trip() throws {
        for height in [0, 9, Field.modulus - 1] {
            let artifact = Self.block(height: height)
            #expect(try BlockArtifact(bytes: artifact.bytes) == artifact)
            #expect(artifact.bytes.count == 90 + 64)
        }
    }

    @Test func real_artifacts_round_trip() throws {
        let round = try Round.all.get()
        for artifact in round.chain.endCaps + round.nodes {
            #expect(try TransitionArtifact(bytes: artifact.bytes) == artifact)
        }
        #expect(try BlockArtifact(bytes: round.block.bytes) == round.block)
    }

    @Test func largest_proof_round_trip() throws {
        let artifact = Self.transition(
            proof: Proof(bytes: [UInt8](repeating: 1, count: ArtifactLimits.proofBytes)))
        #expect(try TransitionArtifact(bytes: artifact.bytes) == artifact)
    }

    /// The layout of the README, by hand.
    @Test func layout_is_the_documented_one() {
        let artifact = Self.transition(level: 7, first: 384)
        let h = artifact.header
        var bytes = Array("PRTH".utf8) + [1, 2]
        bytes += h.blockRoot.bytes + h.old.bytes + h.new.bytes + h.aggregator.bytes
        bytes += [7, 0, 0, 0, 128, 1, 0, 0, 5, 0, 0, 0, 6, 0, 0, 0, 7, 0, 0, 0]
        let claim = artifact.claim!.elements.flatMap(\.limbs).flatMap {
            $0.canonical.littleEndianBytes
        }
        #expect(artifact.bytes == bytes + claim + [64, 0, 0, 0] + Self.proof.bytes)
        bytes[5] = 1
        #expect(
            Self.transition(.endCap, level: 7, first: 384).bytes == bytes + [64, 0, 0, 0]
                + Self.proof.bytes)

        let s = Self.block(height: 0x0102_0304).statement
        let block =
            Array("PRTH".utf8) + [1, 3] + s.previous.bytes + s.new.bytes
            + [4, 3, 2, 1, 1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 64, 0, 0, 0]
        #expect(Self.block(height: 0x0102_0304).bytes == block + Self.proof.bytes)
    }

    // MARK: length

    @Test(arguments: [ArtifactKind.endCap, .combine]) func rejects_transition_truncated_anywhere(
        _ kind: ArtifactKind
    ) throws {
        let bytes = Self.transition(kind).bytes
        let (start, fields) =
            kind == .combine ? (578, Self.transitionFields) : (158, Array(Self.endCapFields))
        for count in 0..<bytes.count {
            let error = try #require(refusal(transition: Array(bytes[..<count])))
            if count < 6 {
                #expect(error == "artifact, start: expected at least 6 bytes, got \(count)")
            } else if count < start {
                let field = fields.last { $0.0 <= count }!
                #expect(error.hasPrefix("artifact, byte \(field.0) (\(field.1)): expected"))
            } else {
                #expect(
                    error
                        == "artifact, byte \(start) (proof): expected 64 bytes to the end, got \(count - start)"
                )
            }
        }
    }

    @Test func rejects_block_truncated_anywhere() throws {
        let bytes = Self.block().bytes
        for count in 0..<bytes.count {
            let error = try #require(refusal(block: Array(bytes[..<count])))
            if count < 6 {
                #expect(error == "artifact, start: expected at least 6 bytes, got \(count)")
            } else if count < 90 {
                let field = Self.blockFields.last { $0.0 <= count }!
                #expect(error.hasPrefix("artifact, byte \(field.0) (\(field.1)): expected"))
            } else {
                #expect(
                    error
                        == "artifact, byte 90 (proof): expected 64 bytes to the end, got \(count - 90)"
                )
            }
        }
    }

    @Test func rejects_extended_artifacts() {
        #expect(
            refusal(transition: Self.transition().bytes + [0])?.contains("byte 578 (proof)") == true
        )
        #expect(refusal(block: Self.block().bytes + [0])?.contains("byte 90 (proof)") == true)
    }

    @Test(arguments: [0, 63, 65, 1 << 20] as [UInt32]) func rejects_proof_length_that_lies(
        _ length: UInt32
    ) {
        for (at, bytes, place) in [
            (154, Self.transition(.endCap).bytes, 158), (574, Self.transition().bytes, 578),
            (86, Self.block().bytes, 90),
        ] {
            var bytes = bytes
            bytes.replaceSubrange(at..<(at + 4), with: length.littleEndianBytes)
            let error = at == 86 ? refusal(block: bytes) : refusal(transition: bytes)
            #expect(
                error
                    == "artifact, byte \(place) (proof): expected \(length) bytes to the end, got 64"
            )
        }
    }

    @Test(arguments: [(1 << 20) + 1, Field.modulus - 1] as [UInt32])
    func rejects_proof_length_above_the_limit(_ length: UInt32) {
        var bytes = Self.transition().bytes
        bytes.replaceSubrange(574..<578, with: length.littleEndianBytes)
        #expect(
            refusal(transition: bytes)
                == "artifact, proof length: expected at most 1048576, got \(length)")
    }

    // MARK: the first six bytes

    @Test(arguments: 0..<4) func rejects_wrong_magic(_ at: Int) {
        for (bytes, block) in [(Self.transition().bytes, false), (Self.block().bytes, true)] {
            var bytes = bytes
            bytes[at] ^= 0x20
            let error = block ? refusal(block: bytes) : refusal(transition: bytes)
            #expect(error?.hasPrefix("artifact, byte 0 (magic): expected PRTH") == true)
        }
    }

    @Test(arguments: [0, 2, 255] as [UInt8]) func rejects_other_version(_ version: UInt8) {
        for (bytes, block) in [(Self.transition().bytes, false), (Self.block().bytes, true)] {
            var bytes = bytes
            bytes[4] = version
            #expect(
                (block ? refusal(block: bytes) : refusal(transition: bytes))
                    == "artifact, byte 4 (version): expected 1, got \(version)")
        }
    }

    @Test(arguments: [0, 4, 255] as [UInt8]) func rejects_unknown_kind(_ kind: UInt8) {
        for (bytes, block) in [(Self.transition().bytes, false), (Self.block().bytes, true)] {
            var bytes = bytes
            bytes[5] = kind
            #expect(
                (block ? refusal(block: bytes) : refusal(transition: bytes))
                    == "artifact, byte 5 (kind): expected 1, 2 or 3, got \(kind)")
        }
    }

    @Test func rejects_one_kind_as_another() {
        #expect(
            refusal(transition: Self.block().bytes)
                == "artifact, byte 5 (kind): expected end cap or combine, got block")
        #expect(
            refusal(block: Self.transition(.endCap).bytes)
                == "artifact, byte 5 (kind): expected block, got end_cap")
        #expect(
            refusal(block: Self.transition(.combine).bytes)
                == "artifact, byte 5 (kind): expected block, got combine")
    }

    // MARK: values

    @Test func rejects_non_canonical_words() {
        for (fields, bytes, block) in [
            (Self.transitionFields, Self.transition().bytes, false),
            (Self.blockFields, Self.block().bytes, true),
        ] {
            for (start, name) in fields {
                let isDigest = start < (block ? 70 : 134)
                for word in isDigest ? [0, 7] : [0] {
                    for value in [Field.modulus, UInt32.max] {
                        var bytes = bytes
                        bytes.replaceSubrange(
                            (start + 4 * word)..<(start + 4 * word + 4),
                            with: value.littleEndianBytes)
                        let error = block ? refusal(block: bytes) : refusal(transition: bytes)
                        let expected =
                            isDigest
                            ? "eight words below the modulus" : "a number below the modulus"
                        #expect(
                            error?.hasPrefix(
                                "artifact, byte \(start) (\(name)): expected \(expected)") == true)
                    }
                }
            }
        }
    }

    @Test(arguments: [31, 255, Field.modulus - 1] as [UInt32]) func rejects_level(_ level: UInt32) {
        #expect(
            refusal(transition: Self.transition(level: level).bytes)
                == "artifact, level: expected at most 30, got \(level)")
    }

    @Test(arguments: [1 << 30, Field.modulus - 1] as [UInt32]) func rejects_first_user(
        _ first: UInt32
    ) {
        #expect(
            refusal(transition: Self.transition(level: 0, first: first).bytes)
                == "artifact, first user: expected below 2^30, got \(first)")
    }

    @Test func random_bytes_never_trap() {
        var random = Random(seed: 12)
        for _ in 0..<2000 {
            var bytes = random.index(below: 2) == 0 ? Self.transition().bytes : Self.block().bytes
            for _ in 0..<(1 + random.index(below: 4)) {
                bytes[random.index(below: bytes.count)] = UInt8(random.index(below: 256))
            }
            bytes = Array(bytes.prefix(bytes.count - random.index(below: 8)))
            if let artifact = try? TransitionArtifact(bytes: bytes) {
                #expect(artifact.bytes == bytes)
            }
            if let artifact = try? BlockArtifact(bytes: bytes) { #expect(artifact.bytes == bytes) }
        }
    }
}
