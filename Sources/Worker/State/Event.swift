import Transport
import Wire

/// A lease of one coordinator incarnation.
package struct LeaseKey: Hashable, Sendable, CustomStringConvertible {
    package let epoch: UInt64
    package let lease: LeaseID

    package init(epoch: UInt64, lease: LeaseID) {
        self.epoch = epoch
        self.lease = lease
    }

    package var description: String { "\(lease)" }
}

/// Everything that can happen to a worker.
package enum WorkerEvent: Sendable {
    case connected(ConnectionID)
    case connectFailed(ConnectionID, reason: String)
    case disconnected(ConnectionID, reason: String)
    case helloReply(ConnectionID, HelloReply, epoch: UInt64)
    case lease(ConnectionID, Lease)
    case cancel(ConnectionID, Cancel)
    case acknowledged(ConnectionID, ResultAck)
    case heartbeatReply(ConnectionID)
    /// The coordinator's `Error`.
    case refused(ConnectionID, Refusal)
    /// The coordinator stops.
    case goodbye(ConnectionID)

    case proved(LeaseKey, Artifact, prove: Span)
    case failed(LeaseKey, TaskFailed.Cause, reason: String)

    case tick
    /// Finish what runs, within `WorkerPolicy.drain`, and leave.
    case stop
}

/// Everything that a worker does.
package enum WorkerEffect: Equatable, Sendable {
    case connect(ConnectionID)
    case close(ConnectionID)
    case send(ConnectionID, Message, epoch: UInt64)
    /// A heartbeat; the shell adds each lease's progress.
    case heartbeat(ConnectionID, epoch: UInt64, sequence: UInt64, [LeaseKey])
    case start(LeaseKey, Lease)
    case cancel(LeaseKey)
    case log(WorkerLogRecord)
    /// Nothing more will happen.
    case exit(WorkerExit)
}

/// How a worker's life ended.
package enum WorkerExit: Equatable, Sendable {
    case stopped
    /// The coordinator will never take this worker: another version or other circuits.
    case refused(Refusal)
}

/// A line for the operator.
package struct WorkerLogRecord: Equatable, Sendable {
    package enum Level: Sendable { case debug, info, warning }
    package let level: Level
    package let message: String
}
