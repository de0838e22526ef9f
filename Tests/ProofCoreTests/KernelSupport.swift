// Support for the kernel tests: which instruction sets there are, buffers as kernels take them, random data with edges.

import CKernels
import ProofCore

/// The instruction sets of this machine. Forcing one is global, but every set computes the same, so tests that run
/// beside these are not disturbed; the suites that force one are serialised against each other.
enum InstructionSet {
    static let available: [Int] = {
        let before = kb_instruction_set()
        defer { _ = kb_force_instruction_set(before) }
        return [KB_PORTABLE, KB_AVX2, KB_AVX512, KB_NEON].filter {
            kb_force_instruction_set(Int32($0)) == 0
        }
    }()

    static func with<R>(_ set: Int, _ body: () throws -> R) rethrows -> R {
        let before = kb_instruction_set()
        precondition(kb_force_instruction_set(Int32(set)) == 0)
        defer { _ = kb_force_instruction_set(before) }
        return try body()
    }
}

/// Extension elements as planes of any stride.
struct Planes {
    var words: [UInt32]
    let stride: Int
    let count: Int

    /// - Parameter spare: words between planes, which nothing may touch.
    init(_ elements: [Extension], spare: Int = 3) {
        count = elements.count
        stride = count + spare
        words = [UInt32](repeating: 0xdead_beef, count: 5 * stride)
        for (i, e) in elements.enumerated() {
            for l in 0..<5 { words[l * stride + i] = e[l].montgomery }
        }
    }

    init(count: Int, spare: Int = 3) {
        self.init([Extension](repeating: .zero, count: count), spare: spare)
    }

    subscript(i: Int) -> Extension {
        Extension(limbs: (0..<5).map { Field(montgomery: words[$0 * stride + i]) })
    }
    var elements: [Extension] { (0..<count).map { self[$0] } }

    /// The spare words are as they were, and every element is reduced.
    var isClean: Bool {
        (0..<5).allSatisfy { l in
            (0..<stride).allSatisfy { i in
                let word = words[l * stride + i]
                return i < count ? word < Field.modulus : word == 0xdead_beef
            }
        }
    }
}

extension RandomElements {
    /// Random, with edge values among them.
    mutating func edgyField() -> Field {
        switch index(below: 8) {
        case 0: .zero
        case 1: -Field.one
        case 2: Field(montgomery: Field.modulus - 1)
        default: field()
        }
    }
    mutating func fields(_ count: Int) -> [Field] { (0..<count).map { _ in edgyField() } }
    mutating func elements(_ count: Int) -> [Extension] {
        (0..<count).map { _ in Extension(limbs: fields(5)) }
    }
}

extension [Field] {
    var words: [UInt32] { map(\.montgomery) }
}

extension [UInt32] {
    var fields: [Field] { map { Field(montgomery: $0) } }
}

/// Lengths with every kind of tail.
let kernelLengths = [1, 2, 3, 7, 8, 15, 16, 17, 31, 33, 64, 100, 257]
