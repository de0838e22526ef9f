// Benchmarks whose figures stand in benchmarks/README.md.

import ArgumentParser
import CKernels
import Foundation
import Parth
import ProofCore

struct Bench: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Benchmarks.",
        discussion: "Example: parth bench combine --threads 1 --runs 7 --json",
        subcommands: [BenchCombine.self, BenchKernels.self])
}

struct BenchCombine: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "combine",
        abstract:
            "Prove and verify a two-to-one combine of two end caps and of two combines' kind.",
        discussion: "Example: parth bench combine --threads 1 --runs 7 --json")

    @Option(name: .long, help: "Threads of the prover.")
    var threads = 1
    @Option(name: .long, help: "How many proofs are timed; the figures are of the median one.")
    var runs = 5

    @OptionGroup var output: OutputOptions

    func validate() throws {
        guard (1...256).contains(threads) else {
            throw ValidationError("--threads: expected 1…256, got \(threads)")
        }
        guard (1...1000).contains(runs) else {
            throw ValidationError("--runs: expected 1…1000, got \(runs)")
        }
    }

    func run() async throws {
        try await reporting {
            let network = try Network(threads: 2)
            output.say("making two end caps")
            let batch = SampleBatch(users: 2, seed: 1, spacing: .dense, network: network)
            let caps = try (0..<2).map { try batch.endCap($0, network: network, threads: threads) }
            let plan = AggregationPlan(users: batch.users.map(\.id))
            let context = CombineContext(plan, plan.nodes[0], tree: batch.genesis.users)
            let prover = Prover(key: network.combine, threads: threads)
            var proofs: [(timer: PhaseTimer, wall: Double)] = []
            var artifact: TransitionArtifact?
            for run in 1...runs {
                var timer = PhaseTimer()
                let (made, wall) = try timed {
                    try network.proveCombine(
                        caps[0], caps[1], context, prover: prover, timer: &timer)
                }
                artifact = made
                proofs.append((timer, wall))
                output.say("run \(run) of \(runs): \(seconds(wall))")
            }
            let combine = artifact!
            let verifyTimes = try (0..<max(5, runs)).map { _ in
                try timed { try network.verify(combine) }.1
            }
            try report(network, combine, proofs, verifyTimes)
        }
    }

    private func report(
        _ network: Network, _ combine: TransitionArtifact,
        _ proofs: [(timer: PhaseTimer, wall: Double)], _ verifyTimes: [Double]
    ) throws {
        let circuit = network.combine.circuit
        let median = proofs.sorted { $0.wall < $1.wall }[proofs.count / 2]
        // A combine also joins its children's claims, and somebody settles the last one.
        let terms = try network.soundnessTerms().filter {
            $0.name.hasPrefix("combine: ") || $0.name.hasPrefix("joining: ")
                || $0.name.hasPrefix("settlement: ")
        }
        let bits = terms.map(\.bits).min()!
        let unpruned = try network.verify(combine).record.count * 4
        let permutation = KernelTimings.permutationSeconds()
        let perChild =
            circuit.counts.first { $0.scope == "left child" }?.rows[ChipKind.poseidon.rawValue] ?? 0
        let rows = Dictionary(
            uniqueKeysWithValues: zip(ChipKind.allCases.map(\.name), circuit.rowCounts))
        let prove = spread(proofs.map(\.wall))
        let verify = spread(verifyTimes)
        output.say(
            String(
                format: "prove   %.4f s (min %.4f, max %.4f), %d thread(s), %@", prove["median"]!,
                prove["min"]!, prove["max"]!, threads, String(cString: kb_instruction_set_name())))
        for phase in median.timer.phases {
            output.say(String(format: "  %.4f s  %@", phase.seconds, phase.name))
        }
        output.say(String(format: "verify  %.4f s", verify["median"]!))
        output.say(
            "proof   \(combine.proof.bytes.count) bytes (\(unpruned) un-pruned), \(circuit.shape.cells) cells"
        )
        output.say(
            "rows    \(zip(ChipKind.allCases, circuit.rowCounts).map { "\($0.name) \($1)" }.joined(separator: ", "))"
        )
        output.say(String(format: "proven  %.1f bits, the least of %d terms", bits, terms.count))
        for term in terms { output.say(String(format: "  %6.1f  %@", term.bits, term.name)) }
        try output.finish([
            "prove_seconds": prove, "verify_seconds": verify,
            "proof_bytes": combine.proof.bytes.count, "proof_bytes_unpruned": unpruned,
            "peak_memory_bytes": peakMemoryBytes(), "threads": threads,
            "instruction_set": String(cString: kb_instruction_set_name()),
            "cells": circuit.shape.cells, "table_rows": rows,
            "permutations_per_child": perChild,
            "phases": Dictionary(
                uniqueKeysWithValues: median.timer.phases.map { ($0.name, $0.seconds) }),
            "poseidon2_permutation_seconds": permutation,
            "normalized_cost": median.wall / permutation,
            "security_bits_proven": bits,
            "terms": Dictionary(uniqueKeysWithValues: terms.map { ($0.name, $0.bits) }),
            "operation_counts": circuit.counts.map {
                ["scope": $0.scope, "rows": $0.rows] as [String: Any]
            },
        ])
    }
}

/// VmHWM: the most memory this process has held.
func peakMemoryBytes() -> Int {
    guard let status = try? String(contentsOfFile: "/proc/self/status", encoding: .utf8) else {
        return 0
    }
    for line in status.split(separator: "\n") where line.hasPrefix("VmHWM:") {
        return
            (line.split(whereSeparator: { $0 == " " || $0 == "\t" }).compactMap { Int($0) }.first
            ?? 0) * 1024
    }
    return 0
}
