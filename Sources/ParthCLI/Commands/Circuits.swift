import ArgumentParser
import Foundation
import Parth
import ProofCore

struct Circuits: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract:
            "The network's circuits: fingerprints, shapes, sizes. With --json: the verifier data to publish.",
        discussion: "Example: parth circuits --json > circuits.json")

    @Option(
        name: .long,
        help:
            "Also write the preprocessed stacks of the circuits with deferred claims, as canonical words, to this directory."
    )
    var preprocessed: String?

    @OptionGroup var output: OutputOptions

    func run() async throws {
        try await reporting {
            let network = try Network(threads: 2)
            output.say(
                "circuit             fingerprint       cells     rows by table (\(ChipKind.allCases.map(\.name).joined(separator: ", ")))"
            )
            var entries: [[String: Any]] = []
            for key in network.keys {
                let circuit = key.circuit
                let name = circuit.name.padding(toLength: 19, withPad: " ", startingAt: 0)
                let cells = String(circuit.shape.cells).padding(
                    toLength: 9, withPad: " ", startingAt: 0)
                output.say(
                    "\(name) \(key.fingerprint) \(cells) \(circuit.rowCounts.map(String.init).joined(separator: " "))"
                )
                let data = try JSONEncoder().encode(CircuitEntry(key))
                var entry = try JSONSerialization.jsonObject(with: data) as! [String: Any]
                entry["cells"] = circuit.shape.cells
                entry["table_rows"] = circuit.rowCounts
                entry["permutations"] = circuit.rowCounts[ChipKind.poseidon.rawValue]
                entry["security_bits_proven"] = try circuit.shape.provenBits()
                entries.append(entry)
            }
            if let preprocessed {
                try makeDirectory(preprocessed)
                for key in [network.endCap, network.combine] {
                    try writeFile(
                        key.preprocessedBytes,
                        to: "\(preprocessed)/\(key.circuit.name).preprocessed")
                }
            }
            try output.finish(["circuits": entries])
        }
    }
}
