// The published verifier data: what `parth circuits` prints and `parth verify --verifier-data` reads.

import Foundation
import Parth
import ProofCore

struct CircuitEntry: Codable {
    let name: String
    let fingerprint: String
    let preprocessed_root: String
    let heights: [Int]
    let target_bits: Int
    let rate_bits: Int
    /// Proofs leave a claim on the preprocessed stack, which takes the stack itself to settle.
    let deferred: Bool

    init(_ key: ProvingKey) {
        name = key.circuit.name
        fingerprint = key.fingerprint.hex
        preprocessed_root = key.verifierData.preprocessedRoot.hex
        heights = key.circuit.shape.heights
        target_bits = key.circuit.shape.targetBits
        rate_bits = key.circuit.shape.rateBits
        deferred = key.circuit.shape.deferred
    }

    /// - Throws: `BadInput` when the entry contradicts itself.
    func verifierData(_ place: String) throws -> VerifierData {
        guard let root = Digest(hex: preprocessed_root) else {
            throw BadInput(
                "\(place): circuit \(name): preprocessed_root: expected 64 hexadecimal digits, got \(preprocessed_root)"
            )
        }
        // What the opening has parameters for; negative numbers have no place in a fingerprint.
        guard (40...128).contains(target_bits), (1...10).contains(rate_bits) else {
            throw BadInput(
                "\(place): circuit \(name): expected target_bits of 40…128 and rate_bits of 1…10, got \(target_bits) and \(rate_bits)"
            )
        }
        let data: VerifierData
        do {
            data = VerifierData(
                preprocessedRoot: root,
                shape: try Shape(
                    heights: heights, targetBits: target_bits, rateBits: rate_bits,
                    deferred: deferred))
        } catch {
            throw BadInput("\(place): circuit \(name): \(error)")
        }
        guard data.fingerprint.hex == fingerprint else {
            throw BadInput(
                "\(place): circuit \(name): fingerprint: expected \(data.fingerprint.hex) for its data, got \(fingerprint)"
            )
        }
        return data
    }
}

struct CircuitList: Codable {
    let circuits: [CircuitEntry]

    init(_ network: Network) { circuits = network.keys.map { CircuitEntry($0) } }

    init(file path: String) throws {
        // The last line, so that the output of `parth circuits --json` can be given as it is.
        let text = String(decoding: try readFile(path), as: UTF8.self)
        let line = text.split(whereSeparator: \.isNewline).last.map(String.init) ?? ""
        let candidates = [Data(text.utf8), Data(line.utf8)]
        for data in candidates {
            if let list = try? JSONDecoder().decode(CircuitList.self, from: data) {
                self = list
                return
            }
        }
        throw BadInput("\(path): expected verifier data as `parth circuits --json` prints it")
    }

    func entry(_ name: String, _ place: String) throws -> CircuitEntry {
        guard let entry = circuits.first(where: { $0.name == name }) else {
            throw BadInput(
                "\(place): expected a circuit named \(name), got \(circuits.map(\.name).joined(separator: ", "))"
            )
        }
        return entry
    }
}
