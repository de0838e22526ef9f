import Foundation
import Parth
import Testing
import Transport
import Wire

extension CommandLineTests {
    /// What a coordinator does not admit, and what `parth submit` says then.
    @Suite(.serialized, .timeLimit(.minutes(3))) struct SubmissionTests {
        @Test func refusedEndCapsDoNotDisturbTheRound() async throws {
            try await Fleet.run { fleet, client in
                let (sandbox, batch) = (fleet.sandbox, fleet.batch)
                _ = try fleet.startWorker("worker")
                // Admitted first, so that the round is open with one user.
                let first = try await fleet.submit([batch.endCaps[0]], "--json")
                first.expectSuccess()
                let object = try first.json()
                #expect(object["accepted"] as? Int == 1 && object["refused"] as? Int == 0)

                for (path, reason) in try await badEndCaps(sandbox, batch) {
                    let run = try await fleet.submit([path], "--json")
                    #expect(run.ending == .exit(65), "\(path): \(run.errors)")
                    expectReasons(run, [path: reason])
                    let json = try run.json()
                    #expect(json["accepted"] as? Int == 0 && json["refused"] as? Int == 1)
                }
                // Among good ones, a bad one is refused alone.
                let bad = try sandbox.write([1, 2, 3], "three-bytes")
                let good = Array(batch.endCaps(3)[1...])
                let mixed = try await fleet.submit([good[0], bad, good[1]], "--wait", "--json")
                #expect(mixed.ending == .exit(65))
                expectReasons(mixed, [bad: "artifact"])
                let json = try mixed.json()
                #expect(json["accepted"] as? Int == 2 && json["refused"] as? Int == 1)
                let expected = try batch.nativeRoot(batch.endCaps(3))
                #expect(json["block_root"] as? String == expected)
                let status = try await client.status(of: RoundID(1))
                #expect(status.users == [0, 1, 2])
                #expect(status.phase == .done)
                // The chain has moved on: what was proved under genesis is of the past.
                let late = try await fleet.submit([batch.endCaps[4]])
                #expect(late.ending == .exit(65))
                expectReasons(late, [batch.endCaps[4]: "block root"])
            }
        }

        /// One line for each refused file, with the file and the reason.
        private func expectReasons(_ run: Finished, _ reasons: [String: String]) {
            let lines = run.errors.split(separator: "\n").filter { $0.contains("refused") }
            #expect(lines.count == reasons.count, "\(run.errors)")
            for (path, reason) in reasons {
                let named = lines.contains { $0.hasPrefix("\(path): ") && $0.contains(reason) }
                #expect(named, "\(path), \(reason): \(run.errors)")
            }
        }

        /// Files that are no end cap of this chain's next block, and what the refusal must name.
        private func badEndCaps(
            _ sandbox: Sandbox, _ batch: Batch
        ) async throws -> [(path: String, reason: String)] {
            let other = try await sandbox.parth(
                "sample", "--users", "1", "--seed", "8", "--out", sandbox.file("other"))
            other.expectSuccess()
            let (left, right) = try (
                TransitionArtifact(bytes: read(batch.endCaps[0])),
                TransitionArtifact(bytes: read(batch.endCaps[1]))
            )
            let context = CombineContext(level: 1, leftSiblings: [], rightSiblings: [])
            let combine = try SharedNetwork.get().proveCombine(left, right, context)
            var flipped = try read(batch.endCaps[1])
            flipped[flipped.count - 100] ^= 1
            var statement = right.header
            statement.new = left.header.new
            let spliced = TransitionArtifact(kind: .endCap, header: statement, proof: right.proof)
            var elsewhere = right.header
            elsewhere.first = 5
            let moved = TransitionArtifact(kind: .endCap, header: elsewhere, proof: right.proof)
            let noise = (0..<80_000).map { _ in UInt8.random(in: 0...255) }
            return [
                (batch.endCaps[0], "user 0 has an end cap"),
                (sandbox.file("other/user-0.endcap"), "block root"),
                (try sandbox.write(combine.bytes, "combine"), "combine"),
                (batch.block, "block"),
                (try sandbox.write(noise, "noise"), "magic"),
                (try sandbox.write([], "empty"), "artifact"),
                (try sandbox.write(flipped, "flipped"), "message P"),
                (try sandbox.write(spliced.bytes, "spliced"), "message P"),
                (try sandbox.write(moved.bytes, "moved"), "old leaf"),
            ]
        }

        @Test func theSameEndCapTwiceInOneBatchIsRefusedOnce() async throws {
            try await Fleet.run { fleet, client in
                let path = fleet.batch.endCaps[0]
                let run = try await fleet.submit([path, path], "--json")
                #expect(run.ending == .exit(65))
                let json = try run.json()
                #expect(json["accepted"] as? Int == 1 && json["refused"] as? Int == 1)
                #expect(run.errors.contains("user 0 has an end cap in round 1"))
                let users = try await client.status().users
                #expect(users == [0])
            }
        }

        @Test func theBlockProofIsWrittenAndVerifies() async throws {
            try await Fleet.run { fleet, _ in
                let sandbox = fleet.sandbox
                _ = try fleet.startWorker("worker")
                let out = sandbox.file("block.proof")
                let run = try await fleet.submit(
                    fleet.batch.endCaps(1), "--wait", "--out", out, "--json")
                run.expectSuccess()
                #expect(try run.json()["block_proof_path"] as? String == out)
                let verify = try await sandbox.parth("verify", out, "--json")
                verify.expectSuccess()
                let root = try verify.json()["block_root"] as? String
                let expected = try fleet.batch.nativeRoot(fleet.batch.endCaps(1))
                #expect(root == expected)
                let stored = try read(sandbox.file("chain/block-1.proof"))
                let same = try stored == read(out)
                #expect(same)
            }
        }

        @Test func clientsSayWhatTheyCannotReach() async throws {
            let batch = try await BatchMaker.shared.batch()
            try await Sandbox.run { sandbox in
                let port = try freePort()
                let nobody = "127.0.0.1:\(port)"
                let submit = try await sandbox.parth(
                    "submit", "--coordinator", nobody, batch.endCaps[0])
                submit.expectRefused(naming: nobody)
                let status = try await sandbox.parth("status", "--coordinator", nobody)
                status.expectRefused(naming: nobody)
                for address in ["127.0.0.1", "127.0.0.1:", ":1", "127.0.0.1:70000", "", "[::1"] {
                    for command in ["status", "worker"] {
                        let run = try await sandbox.parth(
                            command, "--coordinator", address, limit: .seconds(20))
                        run.expectRefused(naming: "HOST:PORT")
                    }
                }
                let missing = try await sandbox.parth(
                    "submit", "--coordinator", nobody, sandbox.file("nothing"))
                missing.expectRefused(naming: sandbox.file("nothing"))
            }
        }

        @Test func anUnknownRoundIsRefused() async throws {
            try await Fleet.run { fleet, _ in
                let run = try await fleet.sandbox.parth(
                    "status", "--coordinator", fleet.address, "--round", "9", "--json")
                run.expectRefused(naming: "round", "9")
                let empty = try await fleet.status()
                #expect(empty["phase"] as? String == "open")
                #expect(empty["users"] as? Int == 0)
            }
        }
    }
}
