// Rules that a reader relies on, checked on the source tree itself.

import Foundation
import Testing

private let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent()

private func sources(_ folder: String) -> [(path: String, text: String)] {
    let base = root.appendingPathComponent(folder)
    guard let walk = FileManager.default.enumerator(atPath: base.path) else { return [] }
    return walk.compactMap { $0 as? String }.filter { $0.hasSuffix(".swift") }.sorted().map {
        name in
        let path = base.appendingPathComponent(name).path
        return (folder + "/" + name, (try? String(contentsOfFile: path, encoding: .utf8)) ?? "")
    }
}

private func read(_ path: String) -> String {
    (try? String(contentsOf: root.appendingPathComponent(path), encoding: .utf8)) ?? ""
}

@Suite struct TidyTests {
    /// The ladder of the root README: what each module may import of ours.
    static let ladder: [String: Set<String>] = [
        "Wire": ["CZstd"],
        "ProofCore": ["CKernels"],
        "Parth": ["ProofCore"],
        "Transport": ["Wire"],
        "Coordinator": ["Wire", "Transport"],
        "Worker": ["Wire", "Transport"],
        "ParthCLI": [
            "CKernels", "ProofCore", "Parth", "Wire", "Transport", "Coordinator", "Worker",
        ],
    ]

    @Test(arguments: ladder.keys.sorted()) func module_imports_only_from_above(_ module: String)
        throws
    {
        let ours = Set(Self.ladder.keys).union(["CKernels", "CZstd"])
        let files = sources("Sources/\(module)")
        #expect(!files.isEmpty)
        for file in files {
            for line in file.text.split(separator: "\n") {
                let words = line.split(separator: " ")
                guard let at = words.firstIndex(of: "import"), at + 1 < words.count, at <= 1 else {
                    continue
                }
                let name = String(words[at + 1])
                guard ours.contains(name), name != module else { continue }
                #expect(Self.ladder[module]!.contains(name), "\(file.path) imports \(name)")
            }
        }
    }

    @Test func every_module_has_a_readme() throws {
        let modules = try FileManager.default.contentsOfDirectory(
            atPath: root.appendingPathComponent("Sources").path)
        for module in modules where module != "CZstd" {
            #expect(read("Sources/\(module)/README.md").count > 200, "Sources/\(module)/README.md")
        }
    }

    /// A step has the same number in the specification, prover, verifier and circuit.
    @Test func every_message_is_in_specification_and_code() {
        let specification = read("Sources/ProofCore/PROTOCOL.md")
        for number in 1...17 {
            #expect(
                specification.contains("**P\(number)**") || specification.contains("(P\(number)"),
                "P\(number)")
        }
        let code = sources("Sources/ProofCore").map(\.text).joined()
        let cases = [
            "witnessRoot", "outOfDomain", "fractionTop", "fractionRound", "fractionClaims",
            "zerocheckRound", "evaluations", "openingRound",
            "foldedRoot", "foldedOutOfDomain", "nonce", "finalPolynomial", "deferralRound",
            "deferredValue", "batchRound", "batchedValue",
        ]
        for name in cases {
            let uses = code.components(separatedBy: ".\(name)").count - 1
            #expect(uses >= 2, "message \(name) is sent and received: \(uses) uses")
        }
    }

    @Test func pure_modules_have_no_clock_and_no_randomness() {
        for file in sources("Sources/Coordinator/State") + sources("Sources/Worker/State") {
            for forbidden in [
                "import Foundation", "ContinuousClock", "Date()", ".random(", "async ", "await ",
            ] {
                #expect(!file.text.contains(forbidden), "\(file.path) has \(forbidden)")
            }
        }
    }

    @Test func no_unfinished_work_is_left_in_sources() {
        let marks = ["TO" + "DO", "FIX" + "ME", "XX" + "X", "fatal" + "Error("]
        for file in Self.ladder.keys.sorted().flatMap({ sources("Sources/\($0)") }) {
            for mark in marks { #expect(!file.text.contains(mark), "\(file.path) has \(mark)") }
        }
    }
}
