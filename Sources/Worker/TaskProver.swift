import Synchronization
import Wire

/// Makes the proofs: injected, so that the worker knows nothing of circuits.
///
/// `prove` runs on a thread of the worker's own, with at most `slots` calls at once, so it may
/// block and use its own threads. Heartbeats go on meanwhile.
package protocol TaskProver: Sendable {
    /// The circuits it proves; the coordinator refuses a worker that lacks one of its own.
    var fingerprints: [CircuitFingerprint] { get }
    /// `avx512`, `avx2`, `neon` or `portable`; for people.
    var instructionSet: String { get }

    /// Throws when it cannot prove the task; the error's description reaches the operator.
    /// It should look at `control` between phases and throw `ProofCancelled`.
    func prove(_ task: ProofTask, control: ProofControl) throws -> [UInt8]
}

/// What to prove. The children's bytes have been checked against their digests.
package struct ProofTask: Sendable {
    package let kind: TaskKind
    package let level: UInt8
    package let index: UInt64
    package let context: [UInt8]
    package let children: [[UInt8]]

    package init(
        kind: TaskKind, level: UInt8, index: UInt64, context: [UInt8], children: [[UInt8]]
    ) {
        self.kind = kind
        self.level = level
        self.index = index
        self.context = context
        self.children = children
    }
}

/// The proof was cancelled: its node is accepted, or its lease ran out.
package struct ProofCancelled: Error, CustomStringConvertible {
    package init() {}
    package var description: String { "cancelled" }
}

/// Between a running proof and the worker: cancelled downwards, progress upwards.
package final class ProofControl: Sendable {
    private let cancelled = Atomic(false)
    private let progressPermille = Atomic<Int>(0)

    package init() {}

    package var isCancelled: Bool { cancelled.load(ordering: .relaxed) }
    package func cancel() { cancelled.store(true, ordering: .relaxed) }
    package func checkCancelled() throws { if isCancelled { throw ProofCancelled() } }

    package var permille: UInt16 {
        UInt16(clamping: progressPermille.load(ordering: .relaxed))
    }
    /// - Parameter progress: 0…1; what is outside is clamped.
    package func report(progress: Double) {
        let clamped = min(max(progress.isNaN ? 0 : progress, 0), 1)
        progressPermille.store(Int(clamped * 1000), ordering: .relaxed)
    }
}
