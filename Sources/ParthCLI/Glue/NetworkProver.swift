// The worker's seam: a task becomes a proof.

import CKernels
import Parth
import ProofCore
import Wire
import Worker

final class NetworkProver: TaskProver {
    private let network: Network
    private let combine: Prover
    private let block: Prover
    let instructionSet: String

    init(network: Network, threads: Int) {
        self.network = network
        combine = Prover(key: network.combine, threads: threads)
        block = Prover(key: network.block, threads: threads)
        instructionSet = String(cString: kb_instruction_set_name())
    }

    var fingerprints: [CircuitFingerprint] { NetworkLogic.fingerprints(network) }

    func prove(_ task: ProofTask, control: ProofControl) throws -> [UInt8] {
        var timer = PhaseTimer()
        // Ten marks, about evenly spaced.
        timer.onMark = { count in control.report(progress: min(0.95, Double(count) * 0.1)) }
        let children = try task.children.map { try TransitionArtifact(bytes: $0) }
        try control.checkCancelled()
        switch task.kind {
        case .combine:
            guard children.count == 2 else {
                throw BadInput("combine: expected 2 children, got \(children.count)")
            }
            return try network.proveCombine(
                children[0], children[1], CombineContext(bytes: task.context), prover: combine,
                timer: &timer
            ).bytes
        case .block:
            guard children.count == 1 else {
                throw BadInput("block: expected 1 child, got \(children.count)")
            }
            return try network.proveBlock(
                children[0], BlockContext(bytes: task.context), prover: block, timer: &timer
            ).bytes
        }
    }
}
