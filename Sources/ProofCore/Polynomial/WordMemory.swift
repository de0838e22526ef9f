// Memory for vectors and matrices. Large blocks are kept for the next proof: with fresh pages
// a commitment and opening of 2^21 cells took a fifth more processor time, and proofs of one shape
// ask for the same sizes again and again.

import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// A block of 32-bit words, 64-byte aligned.
struct WordBlock: @unchecked Sendable {
    let words: UnsafeMutablePointer<UInt32>
    let bytes: Int
}

/// Where blocks come from and go to.
package enum WordMemory {
    /// Blocks from this size on are kept; smaller ones are malloc's business.
    private static let keptFrom = 1 << 20
    /// At most this much is kept unused.
    private static let keptAtMost = 256 << 20
    private static let hugePage = 2 << 20

    /// Kept blocks, oldest first.
    private static let kept = Mutex<[WordBlock]>([])

    /// - Parameter zeroed: false leaves the words undefined.
    static func allocate(_ count: Int, zeroed: Bool) -> WordBlock {
        let least = max(count, 16) * 4
        let block = least >= keptFrom ? reuse(least) ?? fresh(least) : fresh(least)
        if zeroed { memset(block.words, 0, least) }
        return block
    }

    static func free(_ block: WordBlock) {
        guard block.bytes >= keptFrom else { return block.words.deallocate() }
        let evicted = kept.withLock { kept in
            kept.append(block)
            var evicted: [WordBlock] = []
            var total = kept.reduce(0) { $0 + $1.bytes }
            while total > keptAtMost {
                total -= kept[0].bytes
                evicted.append(kept.removeFirst())
            }
            return evicted
        }
        for block in evicted { block.words.deallocate() }
    }

    /// The smallest kept block that fits and is at most a quarter too large.
    private static func reuse(_ least: Int) -> WordBlock? {
        kept.withLock { kept in
            var best: Int?
            for (i, block) in kept.enumerated()
            where block.bytes >= least && block.bytes <= least + least / 4 {
                if best.map({ block.bytes < kept[$0].bytes }) ?? true { best = i }
            }
            return best.map { kept.remove(at: $0) }
        }
    }

    /// Large blocks ask for huge pages: matrices are read across their rows, a page each.
    private static func fresh(_ least: Int) -> WordBlock {
        let huge = least >= 2 * hugePage
        let bytes = huge ? (least + hugePage - 1) & ~(hugePage - 1) : least
        let raw = UnsafeMutableRawPointer.allocate(
            byteCount: bytes, alignment: huge ? hugePage : 64)
        #if os(Linux)
            let adviceHugePage: Int32 = 14
            if huge { madvise(raw, bytes, adviceHugePage) }
        #endif
        return WordBlock(words: raw.bindMemory(to: UInt32.self, capacity: bytes / 4), bytes: bytes)
    }
}
