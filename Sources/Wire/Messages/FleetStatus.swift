/// Asks who works here. Answered by `FleetStatusReply`.
package struct FleetStatusQuery: MessageBody {
    package init() {}
    func encode(into writer: inout ByteWriter) {}
    init(from reader: inout ByteReader) throws(WireError) {}
}

/// One connected worker.
package struct WorkerStatus: Equatable, Sendable {
    package var worker: WorkerID
    package var name: String
    package var address: String
    package var instructionSet: String
    package var cores: UInt16
    package var slots: UInt16
    package var leases: UInt16
    /// Said goodbye and takes no new lease.
    package var draining: Bool
    package var connectedMilliseconds: UInt64
    package var silentMilliseconds: UInt32
    package var accepted: UInt64
    package var failed: UInt64
    /// Time in its prover for accepted results.
    package var proveMicroseconds: UInt64

    static let minimumBytes = 57

    package init(
        worker: WorkerID, name: String, address: String, instructionSet: String, cores: UInt16,
        slots: UInt16, leases: UInt16, draining: Bool, connectedMilliseconds: UInt64,
        silentMilliseconds: UInt32, accepted: UInt64, failed: UInt64, proveMicroseconds: UInt64
    ) {
        self.worker = worker
        self.name = name
        self.address = address
        self.instructionSet = instructionSet
        self.cores = cores
        self.slots = slots
        self.leases = leases
        self.draining = draining
        self.connectedMilliseconds = connectedMilliseconds
        self.silentMilliseconds = silentMilliseconds
        self.accepted = accepted
        self.failed = failed
        self.proveMicroseconds = proveMicroseconds
    }

    func encode(into writer: inout ByteWriter) {
        writer.integer(worker.rawValue)
        writer.text(name, limit: WireLimits.nameBytes)
        writer.text(address, limit: WireLimits.nameBytes)
        writer.text(instructionSet, limit: WireLimits.nameBytes)
        writer.integer(cores)
        writer.integer(slots)
        writer.integer(leases)
        writer.flag(draining)
        writer.integer(connectedMilliseconds)
        writer.integer(silentMilliseconds)
        writer.integer(accepted)
        writer.integer(failed)
        writer.integer(proveMicroseconds)
    }

    init(from reader: inout ByteReader) throws(WireError) {
        let place = "FleetStatus.workers"
        worker = WorkerID(try reader.integer(place))
        name = try reader.text(limit: WireLimits.nameBytes, "\(place).name")
        address = try reader.text(limit: WireLimits.nameBytes, "\(place).address")
        instructionSet = try reader.text(limit: WireLimits.nameBytes, "\(place).instructionSet")
        cores = try reader.integer(place)
        slots = try reader.integer(place)
        leases = try reader.integer(place)
        draining = try reader.flag("\(place).draining")
        connectedMilliseconds = try reader.integer(place)
        silentMilliseconds = try reader.integer(place)
        accepted = try reader.integer(place)
        failed = try reader.integer(place)
        proveMicroseconds = try reader.integer(place)
    }
}

/// The fleet as the coordinator sees it.
package struct FleetStatus: MessageBody {
    package var epoch: UInt64
    package var uptimeMilliseconds: UInt64
    package var readyNodes: UInt32
    package var runningLeases: UInt32
    /// Workers lost since the start, and those refused for invalid proofs.
    package var lostWorkers: UInt64
    package var quarantinedWorkers: UInt64
    /// Verdicts on results since the start.
    package var acceptedResults: UInt64
    package var rejectedResults: UInt64
    package var lateResults: UInt64
    package var workers: [WorkerStatus]

    package init(epoch: UInt64) {
        self.epoch = epoch
        uptimeMilliseconds = 0
        readyNodes = 0
        runningLeases = 0
        lostWorkers = 0
        quarantinedWorkers = 0
        acceptedResults = 0
        rejectedResults = 0
        lateResults = 0
        workers = []
    }

    func encode(into writer: inout ByteWriter) {
        writer.integer(epoch)
        writer.integer(uptimeMilliseconds)
        writer.integer(readyNodes)
        writer.integer(runningLeases)
        writer.integer(lostWorkers)
        writer.integer(quarantinedWorkers)
        writer.integer(acceptedResults)
        writer.integer(rejectedResults)
        writer.integer(lateResults)
        writer.list(workers, limit: WireLimits.workersPerStatus) { $1.encode(into: &$0) }
    }

    init(from reader: inout ByteReader) throws(WireError) {
        epoch = try reader.integer("FleetStatus.epoch")
        uptimeMilliseconds = try reader.integer("FleetStatus.uptime")
        readyNodes = try reader.integer("FleetStatus.readyNodes")
        runningLeases = try reader.integer("FleetStatus.runningLeases")
        lostWorkers = try reader.integer("FleetStatus.lostWorkers")
        quarantinedWorkers = try reader.integer("FleetStatus.quarantinedWorkers")
        acceptedResults = try reader.integer("FleetStatus.acceptedResults")
        rejectedResults = try reader.integer("FleetStatus.rejectedResults")
        lateResults = try reader.integer("FleetStatus.lateResults")
        workers = try reader.list(
            limit: WireLimits.workersPerStatus, elementBytes: WorkerStatus.minimumBytes,
            "FleetStatus.workers"
        ) { reader throws(WireError) in try WorkerStatus(from: &reader) }
    }
}
