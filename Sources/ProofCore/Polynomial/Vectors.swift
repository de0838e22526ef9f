// Owners of the memory that kernels work on: vectors over F, and vectors over E as five planes
// (ckernels.h). Classes, so that a vector is shared and never copied by accident.

import CKernels

/// `count` elements of F: Montgomery words, contiguous.
///
/// Unchecked Sendable: threads of one `Pool` region may write disjoint ranges; nothing else may
/// write while shared.
package final class BaseVector: @unchecked Sendable {
    private let block: WordBlock
    package let words: UnsafeMutablePointer<UInt32>
    package let count: Int

    /// - Parameter zeroed: false leaves the words undefined; the caller writes all of them.
    package init(count: Int, zeroed: Bool = true) {
        precondition(count >= 0)
        self.count = count
        block = WordMemory.allocate(count, zeroed: zeroed)
        words = block.words
    }

    package convenience init(_ elements: [Field]) {
        self.init(count: elements.count, zeroed: false)
        for (i, element) in elements.enumerated() { words[i] = element.montgomery }
    }

    deinit { WordMemory.free(block) }

    @inline(__always)
    package subscript(i: Int) -> Field {
        get {
            precondition(i >= 0 && i < count)
            return Field(montgomery: words[i])
        }
        set {
            precondition(i >= 0 && i < count)
            words[i] = newValue.montgomery
        }
    }

    package var elements: [Field] { (0..<count).map { self[$0] } }
}

/// `count` elements of E as ext planes: limb l of element i is `words[l·stride + i]`.
///
/// `stride` is padded by a cache line for long vectors: planes a power of two apart would share
/// their cache sets. Unchecked Sendable: as `BaseVector`.
package final class ExtensionVector: @unchecked Sendable {
    private let block: WordBlock
    package let words: UnsafeMutablePointer<UInt32>
    package let count: Int
    package let stride: Int

    /// - Parameter zeroed: false leaves the words undefined; the caller writes all of them.
    package init(count: Int, zeroed: Bool = true) {
        precondition(count >= 0)
        self.count = count
        stride = count < 1024 ? count : count + 16
        block = WordMemory.allocate(5 * stride, zeroed: zeroed)
        words = block.words
    }

    package convenience init(_ elements: [Extension]) {
        self.init(count: elements.count, zeroed: false)
        for (i, element) in elements.enumerated() { self[i] = element }
    }

    deinit { WordMemory.free(block) }

    @inline(__always)
    package subscript(i: Int) -> Extension {
        get {
            precondition(i >= 0 && i < count)
            let p = words + i
            return Extension(
                Field(montgomery: p[0]), Field(montgomery: p[stride]),
                Field(montgomery: p[2 * stride]),
                Field(montgomery: p[3 * stride]), Field(montgomery: p[4 * stride]))
        }
        set {
            precondition(i >= 0 && i < count)
            let p = words + i
            p[0] = newValue.a0.montgomery
            p[stride] = newValue.a1.montgomery
            p[2 * stride] = newValue.a2.montgomery
            p[3 * stride] = newValue.a3.montgomery
            p[4 * stride] = newValue.a4.montgomery
        }
    }

    package var elements: [Extension] { (0..<count).map { self[$0] } }
}

extension Extension {
    /// The five limbs as the `const uint32_t e[5]` that kernels take.
    @inline(__always)
    package func withWords<Result>(_ body: (UnsafePointer<UInt32>) -> Result) -> Result {
        withUnsafePointer(to: self) { pointer in
            // SAFETY: five Fields of one UInt32 each, frozen, in this order.
            pointer.withMemoryRebound(
                to: (UInt32, UInt32, UInt32, UInt32, UInt32).self, capacity: 1
            ) {
                body(UnsafeRawPointer($0).assumingMemoryBound(to: UInt32.self))
            }
        }
    }

    /// What a kernel writes to its `uint32_t result[5]`.
    @inline(__always)
    package init(filledBy body: (UnsafeMutablePointer<UInt32>) -> Void) {
        var words: (UInt32, UInt32, UInt32, UInt32, UInt32) = (0, 0, 0, 0, 0)
        withUnsafeMutableBytes(of: &words) {
            body($0.baseAddress!.assumingMemoryBound(to: UInt32.self))
        }
        self.init(
            Field(montgomery: words.0), Field(montgomery: words.1), Field(montgomery: words.2),
            Field(montgomery: words.3), Field(montgomery: words.4))
    }

    /// Two results at once, as the sum-check rounds give them.
    @inline(__always)
    package static func pair(
        filledBy body: (UnsafeMutablePointer<UInt32>, UnsafeMutablePointer<UInt32>) -> Void
    ) -> (Extension, Extension) {
        var second = Extension.zero
        let first = Extension { a in second = Extension { b in body(a, b) } }
        return (first, second)
    }
}
