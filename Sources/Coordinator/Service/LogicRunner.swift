import Transport
import Wire

/// Runs the injected logic on the pool and posts what it says.
struct LogicRunner: Sendable {
    let logic: any RoundLogic
    let pool: JobPool
    let mailbox: Mailbox<StateLoop.Input>

    private func run(_ work: @escaping @Sendable (any RoundLogic) -> CoordinatorEvent) {
        pool.run { [logic, mailbox] in mailbox.post(.event(work(logic))) }
    }

    private static func failure(_ error: any Error) -> LogicFailure { LogicFailure("\(error)") }

    func admit(_ id: AdmissionID, _ round: RoundID, _ endCap: [UInt8]) {
        run { logic in
            let result = Result {
                try logic.admit(endCap: endCap, in: RoundContext(round: round))
            }
            return .admitted(id, result.mapError(Self.failure))
        }
    }

    func plan(_ round: RoundID, _ endCaps: [PlannedEndCap]) {
        run { logic in
            let result = Result {
                try logic.plan(endCaps: endCaps, in: RoundContext(round: round))
            }
            return .planned(round, result.mapError(Self.failure))
        }
    }

    func verify(
        _ id: VerificationID, _ round: RoundID, _ node: PlannedNode, _ artifact: [UInt8],
        _ children: [[UInt8]]
    ) {
        run { logic in
            do {
                try logic.verify(
                    node, artifact: artifact, children: children,
                    in: RoundContext(round: round))
                return .verified(id, nil)
            } catch {
                return .verified(id, Self.failure(error))
            }
        }
    }

    func finish(_ round: RoundID, _ blockProof: [UInt8]) {
        run { logic in
            do {
                try logic.finish(blockProof: blockProof, in: RoundContext(round: round))
                return .finished(round, nil)
            } catch {
                return .finished(round, Self.failure(error))
            }
        }
    }
}
