// Each kernel on each instruction set that the machine has, against the portable form.

import ArgumentParser
import CKernels
import Foundation
import ProofCore

/// Seconds per operation of one kernel: best of several batches.
enum KernelTimings {
    /// Batched Poseidon2 permutation with the instruction set in use.
    static func permutationSeconds() -> Double {
        _ = Poseidon2.permuted([Field](repeating: .one, count: 16))  // constants are in place
        return time("poseidon2", 4096)
    }

    struct Kernel: Sendable {
        let name: String
        let unit: String
        let operations: Int
    }

    static let all: [Kernel] = [
        Kernel(name: "poseidon2", unit: "permutation", operations: 4096),
        Kernel(name: "compress_layer", unit: "compression", operations: 4096),
        Kernel(name: "hash_columns", unit: "permutation", operations: 7 * 4096),
        Kernel(name: "lde", unit: "output", operations: 1 << 17),
        Kernel(name: "ext_mul", unit: "element", operations: 8192),
        Kernel(name: "base_ext_dot", unit: "element", operations: 8192),
        Kernel(name: "fold_ext", unit: "output", operations: 4096),
        Kernel(name: "product_round_ext", unit: "pair", operations: 4096),
        Kernel(name: "gkr_round", unit: "pair", operations: 4096),
    ]

    /// Best of 15 batches, in seconds per operation.
    static func time(_ name: String, _ operations: Int) -> Double {
        let words = UnsafeMutablePointer<UInt32>.allocate(capacity: 1 << 20)
        let other = UnsafeMutablePointer<UInt32>.allocate(capacity: 1 << 20)
        defer {
            words.deallocate()
            other.deallocate()
        }
        for i in 0..<(1 << 20) {
            words[i] = UInt32(truncatingIfNeeded: i &* 2_654_435_761) % KB_P
            other[i] = UInt32(truncatingIfNeeded: i &* 40503 &+ 7) % KB_P
        }
        var scalar: [UInt32] = [1, 2, 3, 4, 5]
        var first = [UInt32](repeating: 0, count: 5)
        var second = first
        let stride = 8208
        let twiddles = (0..<(1 << 16)).map { UInt32($0 + 1) }
        func once() {
            switch name {
            case "poseidon2": kb_poseidon2_permute_many(words, 4096)
            case "compress_layer": kb_compress_layer(words, other, 4096)
            case "hash_columns": kb_hash_columns(words, 4096, 64, 0, 4096, other)
            case "lde": kb_lde(words, 15, 2, twiddles, other)
            case "ext_mul":
                kb_ext_mul(words, stride, other, stride, words + 5 * stride, stride, 8192)
            case "base_ext_dot": kb_base_ext_dot(words, other, stride, 8192, &first)
            case "fold_ext": kb_fold_ext(words, stride, 4096, &scalar, other, stride)
            case "product_round_ext":
                kb_product_round_ext(words, stride, other, stride, 4096, &first, &second)
            default:
                kb_gkr_round(
                    words, words + 5 * stride, stride, 0, other, other + 5 * stride, stride,
                    words + 11 * stride, stride, 2048, &scalar,
                    &first, &second)
            }
        }
        let divisor = name == "gkr_round" ? 2 : 1
        once()
        let best = (0..<15).map { _ in timed { once() }.1 }.min()!
        return best / Double(operations / divisor)
    }
}

struct BenchKernels: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "kernels",
        abstract: "Time the inner loops on every instruction set of this machine.",
        discussion: """
            Example: parth bench kernels --json
            PARTH_INSTRUCTION_SET=avx2|portable makes every other command use that form.
            """)

    @OptionGroup var output: OutputOptions

    func run() async throws {
        try await reporting {
            _ = Poseidon2.permuted([Field](repeating: .one, count: 16))
            let chosen = kb_instruction_set()
            var results: [[String: Any]] = []
            var portable: [String: Double] = [:]
            for set in [KB_PORTABLE, KB_AVX2, KB_AVX512, KB_NEON] {
                guard kb_force_instruction_set(Int32(set)) == 0 else { continue }
                let name = String(cString: kb_instruction_set_name())
                for kernel in KernelTimings.all {
                    let perOperation = KernelTimings.time(kernel.name, kernel.operations)
                    if set == KB_PORTABLE { portable[kernel.name] = perOperation }
                    let speedup = portable[kernel.name]! / perOperation
                    output.say(
                        String(
                            format: "%-9@ %-18@ %9.2f ns per %-12@ %6.1fx portable",
                            name as NSString, kernel.name as NSString,
                            perOperation * 1e9, kernel.unit as NSString, speedup))
                    results.append([
                        "instruction_set": name, "kernel": kernel.name, "unit": kernel.unit,
                        "seconds": perOperation,
                        "speedup_over_portable": speedup,
                    ])
                }
            }
            _ = kb_force_instruction_set(chosen)
            try output.finish([
                "kernels": results, "instruction_set": String(cString: kb_instruction_set_name()),
            ])
        }
    }
}
