import Foundation
import Testing

extension CommandLineTests {
    /// `--verifier-data`: a file that contradicts itself, or is another's, proves nothing.
    @Suite(.serialized, .timeLimit(.minutes(2))) struct VerifierDataTests {
        @Test(arguments: [
            "", "{", "[]", "null", "{}", #"{"circuits": 3}"#, #"{"circuits": [{}]}"#,
            #"{"circuits": []}"#, "not JSON\nat all\n", "\u{0}\u{1}",
        ])
        func malformedIsRefused(_ text: String) async throws {
            let batch = try await BatchMaker.shared.batch()
            try await Sandbox.run { sandbox in
                let path = try sandbox.write(Array(text.utf8), "circuits.json")
                let run = try await sandbox.parth("verify", batch.block, "--verifier-data", path)
                run.expectRefused(naming: path)
            }
        }

        /// One field of one circuit, and what the refusal must name.
        struct Change: CustomTestStringConvertible, Sendable {
            let field: String
            let json: String
            var word = "fingerprint"
            var testDescription: String { "\(field) = \(json.prefix(60))" }
        }

        private static let zeros = "\"" + String(repeating: "0", count: 64) + "\""
        private static let notCanonical = "\"" + String(repeating: "f", count: 64) + "\""

        @Test(arguments: [
            Change(field: "fingerprint", json: zeros),
            Change(field: "fingerprint", json: #""""#),
            Change(field: "preprocessed_root", json: zeros),
            Change(field: "preprocessed_root", json: notCanonical, word: "preprocessed_root"),
            Change(field: "preprocessed_root", json: #""ab""#, word: "preprocessed_root"),
            Change(field: "heights", json: "[14, 14, 10, 10, 9, 10, 11, 10, 10]"),
            Change(field: "heights", json: "[]", word: "heights"),
            Change(field: "heights", json: "[1000000000, 4, 4, 4, 4, 4, 4, 4, 4]", word: "height"),
            Change(field: "heights", json: "[-1, 4, 4, 4, 4, 4, 4, 4, 4]", word: "height"),
            Change(field: "heights", json: "[20, 20, 20, 20, 20, 20, 20, 20, 20]", word: "2^22"),
            Change(field: "target_bits", json: "100"),
            Change(field: "target_bits", json: "-1", word: "bits"),
            Change(field: "target_bits", json: "9223372036854775807", word: "bits"),
            Change(field: "rate_bits", json: "3"),
            Change(field: "rate_bits", json: "-9223372036854775808", word: "bits"),
            Change(field: "rate_bits", json: "1000", word: "bits"),
            Change(field: "name", json: #""blocks""#, word: "block"),
        ])
        func contradictionsAreRefused(_ change: Change) async throws {
            let batch = try await BatchMaker.shared.batch()
            try await Sandbox.run { sandbox in
                let path = try change.apply(to: batch, in: sandbox)
                let run = try await sandbox.parth("verify", batch.block, "--verifier-data", path)
                run.expectRefused(naming: path, change.word)
            }
        }

        /// Consistent in itself, and the data of another circuit.
        @Test func anotherCircuitsDataIsRefused() async throws {
            let batch = try await BatchMaker.shared.batch()
            try await Sandbox.run { sandbox in
                var entries = try circuits(batch)
                let combine = entries.firstIndex { $0["name"] as? String == "combine" }!
                let block = entries.firstIndex { $0["name"] as? String == "block" }!
                entries[combine]["name"] = "block"
                entries[block]["name"] = "combine"
                let path = try write(entries, in: sandbox)
                let run = try await sandbox.parth("verify", batch.block, "--verifier-data", path)
                run.expectRefused()
                // An end cap does not carry its circuit's fingerprint; its proof must still fail.
                entries = try circuits(batch)
                let signature = entries.firstIndex { $0["name"] as? String == "signature" } ?? 0
                let endCap = entries.firstIndex { $0["name"] as? String == "end_cap" }!
                let name = entries[signature]["name"]
                entries[signature]["name"] = "end_cap"
                entries[endCap]["name"] = name
                let other = try write(entries, in: sandbox)
                let second = try await sandbox.parth(
                    "verify", batch.endCaps[0], "--verifier-data", other)
                second.expectRefused()
            }
        }

        @Test func theListingSaysWhatTheCircuitsAre() async throws {
            let batch = try await BatchMaker.shared.batch()
            let entries = try circuits(batch)
            let names = Set(entries.compactMap { $0["name"] as? String })
            #expect(names.isSuperset(of: ["end_cap", "combine", "block"]))
            let fingerprints = Set(entries.compactMap { $0["fingerprint"] as? String })
            #expect(fingerprints.count == entries.count)
            for entry in entries {
                let bits = try #require(entry["security_bits_proven"] as? Double)
                #expect(bits >= 100)
            }
            try await Sandbox.run { sandbox in
                let again = try await sandbox.parth("circuits", "--json")
                again.expectSuccess()
                let same = try Array(again.output.utf8) == read(batch.circuits)
                #expect(same, "another process builds the same circuits")
            }
        }
    }
}

private func circuits(_ batch: Batch) throws -> [[String: Any]] {
    let object = try JSONSerialization.jsonObject(with: Data(read(batch.circuits)))
    return try #require((object as? [String: Any])?["circuits"] as? [[String: Any]])
}

private func write(_ entries: [[String: Any]], in sandbox: Sandbox) throws -> String {
    let data = try JSONSerialization.data(withJSONObject: ["circuits": entries])
    return try sandbox.write(Array(data), "changed.json")
}

extension CommandLineTests.VerifierDataTests.Change {
    /// The batch's list with this field of the block circuit replaced.
    func apply(to batch: Batch, in sandbox: Sandbox) throws -> String {
        var entries = try circuits(batch)
        let block = try #require(entries.firstIndex { $0["name"] as? String == "block" })
        entries[block][field] = try JSONSerialization.jsonObject(
            with: Data(json.utf8), options: .fragmentsAllowed)
        return try write(entries, in: sandbox)
    }
}
