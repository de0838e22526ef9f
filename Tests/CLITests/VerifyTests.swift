import Foundation
import Testing

/// Offsets of the artifact layout, as Sources/Parth/README.md has it.
private enum Layout {
    static let version = 4
    static let kind = 5
    static let statement = 6
    static let blockProof = 6 + 2 * 32 + 4 * 4 + 4
    static let endCapProof = 6 + 4 * 32 + 5 * 4 + 4

    /// An artifact of another proof behind the same statement; its length field is right.
    static func replacingProof(
        of bytes: [UInt8], at start: Int, by proof: some Collection<UInt8>
    ) -> [UInt8] {
        let size = UInt32(proof.count)
        let field = (0..<4).map { UInt8(truncatingIfNeeded: size >> (8 * $0)) }
        return bytes.prefix(start - 4) + field + proof
    }
}

extension CommandLineTests {
    /// `parth verify` in fresh processes: it accepts what is right and names what is wrong.
    @Suite(.serialized, .timeLimit(.minutes(5))) struct VerifyTests {
        @Test func acceptsTheBlockAndAnEndCap() async throws {
            let batch = try await BatchMaker.shared.batch()
            try await Sandbox.run { sandbox in
                for path in [batch.block, batch.endCaps[3]] {
                    for data in [[], ["--verifier-data", batch.circuits]] {
                        let run = try await sandbox.parth(["verify", path, "--json"] + data)
                        run.expectSuccess()
                        let json = try run.json()
                        #expect(json["verified"] as? Bool == true)
                        let size = try read(path).count
                        #expect(json["proof_bytes"] as? Int == size)
                        guard path == batch.block else { continue }
                        #expect(json["kind"] as? String == "block")
                        #expect(json["block_root"] as? String == batch.blockRoot)
                        #expect(json["users"] as? Int == Batch.users)
                        #expect(json["block_height"] as? Int == 1)
                    }
                }
                let plain = try await sandbox.parth("verify", batch.block)
                plain.expectSuccess()
                #expect(plain.output.hasPrefix("verified: block 1, \(Batch.users) users"))
                #expect(plain.output.contains(batch.blockRoot))
            }
        }

        @Test func anyChangedByteOfTheBlockIsRefused() async throws {
            try await refuseChanges(of: { $0.block }, count: 200, statement: Layout.blockProof)
        }

        @Test func anyChangedByteOfAnEndCapIsRefused() async throws {
            try await refuseChanges(
                of: { $0.endCaps[0] }, count: 60, statement: Layout.endCapProof)
        }

        /// Changes one byte at `count` places spread over the file, and at one place in each word
        /// before the proof.
        private func refuseChanges(
            of file: (Batch) -> String, count: Int, statement: Int
        ) async throws {
            let batch = try await BatchMaker.shared.batch()
            let bytes = try read(file(batch))
            let spread = (0..<count).map { $0 * bytes.count / count }
            let words = stride(from: 0, to: statement, by: 4).map { $0 + ($0 / 4) % 4 }
            let places = Set(spread + words + [bytes.count - 1]).sorted()
            try await Sandbox.run { sandbox in
                try await concurrently(places) { place in
                    var changed = bytes
                    changed[place] ^= UInt8(1 + (place * 37) % 255)
                    let path = try sandbox.write(changed, "changed-\(place)")
                    let run = try await sandbox.parth(
                        "verify", path, "--verifier-data", batch.circuits)
                    run.expectRefused()
                    // The line names the place or the equation, not only that there is an error.
                    let names = ["artifact", "message P", "aggregator", "proof", "claim"]
                    let isNamed = names.contains { run.errors.contains($0) }
                    #expect(isNamed, "byte \(place): \(run.errors)")
                }
            }
        }

        @Test func otherLengthsAreRefused() async throws {
            let batch = try await BatchMaker.shared.batch()
            let bytes = try read(batch.block)
            let lengths = [
                0, 1, 4, 5, 6, 37, 70, 86, Layout.blockProof - 1, Layout.blockProof,
                Layout.blockProof + 1, bytes.count / 2, bytes.count - 4, bytes.count - 1,
            ]
            try await Sandbox.run { sandbox in
                try await concurrently(lengths) { length in
                    let path = try sandbox.write(bytes.prefix(length), "first-\(length)")
                    let run = try await sandbox.parth(
                        "verify", path, "--verifier-data", batch.circuits)
                    run.expectRefused(naming: "artifact")
                }
                try await concurrently([1, 4, 1000]) { extra in
                    let longer = bytes + [UInt8](repeating: 0, count: extra)
                    let path = try sandbox.write(longer, "longer-\(extra)")
                    let run = try await sandbox.parth(
                        "verify", path, "--verifier-data", batch.circuits)
                    run.expectRefused(naming: "artifact", "proof")
                }
                // The length field agrees: what is extended is the proof itself.
                let proof = Array(bytes[Layout.blockProof...])
                let others = [
                    [], proof.dropLast(1), proof.dropLast(4), proof + [0], proof + [0, 0, 0, 0],
                    proof + proof,
                ]
                for (number, other) in others.enumerated() {
                    let whole = Layout.replacingProof(of: bytes, at: Layout.blockProof, by: other)
                    let path = try sandbox.write(whole, "proof-\(number)")
                    let run = try await sandbox.parth("verify", path)
                    run.expectRefused(naming: "proof")
                }
            }
        }

        @Test func otherContentsAreRefused() async throws {
            let batch = try await BatchMaker.shared.batch()
            let block = try read(batch.block)
            let endCap = try read(batch.endCaps[0])
            let other = try read(batch.endCaps[1])
            var random = SystemRandomNumberGenerator()
            let noise = (0..<100_000).map { _ in UInt8.random(in: 0...255, using: &random) }
            func with(_ byte: UInt8, at place: Int, _ bytes: [UInt8]) -> [UInt8] {
                var bytes = bytes
                bytes[place] = byte
                return bytes
            }
            let cases: [(name: String, bytes: [UInt8], word: String)] = [
                ("noise", noise, "magic"),
                ("noise behind a header", Array(block.prefix(6)) + noise, "artifact"),
                (
                    "noise behind a statement",
                    Layout.replacingProof(of: block, at: Layout.blockProof, by: noise),
                    "message P"
                ),
                ("the future", with(2, at: Layout.version, block), "version"),
                ("an end cap of the future", with(255, at: Layout.version, endCap), "version"),
                ("no kind", with(0, at: Layout.kind, block), "kind"),
                ("a kind of the future", with(4, at: Layout.kind, endCap), "kind"),
                ("an end cap as a combine", with(2, at: Layout.kind, endCap), "artifact"),
                (
                    "another user's statement",
                    Layout.replacingProof(
                        of: other, at: Layout.endCapProof, by: endCap[Layout.endCapProof...]),
                    "message P"
                ),
                ("JSON", Array("{}".utf8), "artifact"),
            ]
            try await Sandbox.run { sandbox in
                try await concurrently(cases) { name, bytes, word in
                    let path = try sandbox.write(bytes, name)
                    let run = try await sandbox.parth(
                        "verify", path, "--verifier-data", batch.circuits)
                    run.expectRefused(naming: word)
                }
            }
        }

        @Test func anotherBlocksStatementIsRefused() async throws {
            let batch = try await BatchMaker.shared.batch()
            try await Sandbox.run { sandbox in
                let demo = try await sandbox.parth(
                    "demo", "--users", "1", "--workers", "1", "--seed", "99", "--data",
                    sandbox.file("demo"))
                demo.expectSuccess()
                let (block, other) = try (
                    read(batch.block), read(sandbox.file("demo/block-1.proof"))
                )
                // Once its whole statement, once its new state root alone.
                for end in [Layout.blockProof - 4, Layout.statement + 64] {
                    let start = end == Layout.statement + 64 ? Layout.statement + 32 : 6
                    var spliced = block
                    spliced.replaceSubrange(start..<end, with: other[start..<end])
                    #expect(spliced != block)
                    let path = try sandbox.write(spliced, "spliced-\(end)")
                    let run = try await sandbox.parth("verify", path)
                    run.expectRefused(naming: "message P")
                }
            }
        }

        @Test func unreadableFilesAreRefused() async throws {
            let batch = try await BatchMaker.shared.batch()
            try await Sandbox.run { sandbox in
                let missing = try await sandbox.parth("verify", sandbox.file("nothing"))
                missing.expectRefused(naming: sandbox.file("nothing"))
                let folder = try await sandbox.parth("verify", sandbox.path)
                folder.expectRefused(naming: sandbox.path)
                let noName = try await sandbox.parth("verify", "")
                noName.expectRefused()
                let large = try sandbox.write([], "large")
                truncate(large, 1 << 40)
                let tooLarge = try await sandbox.parth("verify", large)
                tooLarge.expectRefused(naming: large, "\(1 << 40)")
                let noData = try await sandbox.parth(
                    "verify", batch.block, "--verifier-data", sandbox.file("nothing"))
                noData.expectRefused(naming: sandbox.file("nothing"))
            }
        }
    }
}

/// Runs `body` for every value, three at a time: verifying takes milliseconds, a process longer.
func concurrently<T: Sendable>(
    _ values: [T], _ body: @escaping @Sendable (T) async throws -> Void
) async throws {
    try await withThrowingTaskGroup(of: Void.self) { group in
        for (i, value) in values.enumerated() {
            if i >= 3 { try await group.next() }
            group.addTask { try await body(value) }
        }
        try await group.waitForAll()
    }
}
