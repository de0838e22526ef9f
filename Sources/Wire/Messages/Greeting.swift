/// Who opens the connection.
package enum PeerRole: UInt8, CaseIterable, Sendable {
    case worker = 1
    case client = 2
}

/// Optional abilities, one bit each. A bit that the other side does not know is ignored.
package struct Capabilities: OptionSet, Hashable, Sendable {
    package let rawValue: UInt64
    package init(rawValue: UInt64) { self.rawValue = rawValue }
    /// The peer keeps running leases across a broken connection and names them in `Hello`.
    package static let resumesLeases = Capabilities(rawValue: 1)
}

/// First frame of every connection, from the side that opened it.
package struct Hello: MessageBody {
    package var role: PeerRole
    package var capabilities: Capabilities
    package var identity: WorkerIdentity
    package var name: String
    /// The program and its version, for people.
    package var software: String
    package var cores: UInt16
    /// Leases the worker wants at once; 0 for a client.
    package var slots: UInt16
    package var instructionSet: String
    /// The circuits that the worker proves; a client may leave it empty.
    package var fingerprints: [CircuitFingerprint]
    /// Leases of epoch `heldEpoch` that the worker is still running or has results for.
    package var heldEpoch: UInt64
    package var heldLeases: [LeaseID]

    package init(
        role: PeerRole, capabilities: Capabilities = [], identity: WorkerIdentity = .zero,
        name: String, software: String = "", cores: UInt16 = 0, slots: UInt16 = 0,
        instructionSet: String = "", fingerprints: [CircuitFingerprint] = [],
        heldEpoch: UInt64 = 0, heldLeases: [LeaseID] = []
    ) {
        self.role = role
        self.capabilities = capabilities
        self.identity = identity
        self.name = name
        self.software = software
        self.cores = cores
        self.slots = slots
        self.instructionSet = instructionSet
        self.fingerprints = fingerprints
        self.heldEpoch = heldEpoch
        self.heldLeases = heldLeases
    }

    func encode(into writer: inout ByteWriter) {
        writer.choice(role)
        writer.integer(capabilities.rawValue)
        writer.bytes32(identity)
        writer.text(name, limit: WireLimits.nameBytes)
        writer.text(software, limit: WireLimits.nameBytes)
        writer.integer(cores)
        writer.integer(slots)
        writer.text(instructionSet, limit: WireLimits.nameBytes)
        writer.list(fingerprints, limit: WireLimits.fingerprintsPerHello) { $0.bytes32($1) }
        writer.integer(heldEpoch)
        writer.list(heldLeases, limit: WireLimits.leasesPerWorker) { $0.integer($1.rawValue) }
    }

    init(from reader: inout ByteReader) throws(WireError) {
        role = try reader.choice("Hello.role")
        capabilities = Capabilities(rawValue: try reader.integer("Hello.capabilities"))
        identity = try reader.bytes32("Hello.identity")
        name = try reader.text(limit: WireLimits.nameBytes, "Hello.name")
        software = try reader.text(limit: WireLimits.nameBytes, "Hello.software")
        cores = try reader.integer("Hello.cores")
        slots = try reader.integer("Hello.slots")
        guard slots <= WireLimits.leasesPerWorker else {
            throw .limit(
                place: "Hello.slots", limit: WireLimits.leasesPerWorker, got: Int(slots))
        }
        instructionSet = try reader.text(limit: WireLimits.nameBytes, "Hello.instructionSet")
        fingerprints = try reader.list(
            limit: WireLimits.fingerprintsPerHello, elementBytes: 32, "Hello.fingerprints"
        ) { reader throws(WireError) in try reader.bytes32("Hello.fingerprints") }
        heldEpoch = try reader.integer("Hello.heldEpoch")
        heldLeases = try reader.list(
            limit: WireLimits.leasesPerWorker, elementBytes: 8, "Hello.heldLeases"
        ) { reader throws(WireError) in LeaseID(try reader.integer("Hello.heldLeases")) }
    }
}

/// Why something was refused, for programs; a reason for people goes with it.
package enum RefusalCode: UInt8, CaseIterable, Sendable {
    case version = 1
    case fingerprints = 2
    case quarantined = 3
    case full = 4
    case malformed = 5
    case roundNotOpen = 6
    case duplicateUser = 7
    case invalidProof = 8
    case unknownRound = 9
    case emptyRound = 10
    case notPermitted = 11
    case stopping = 12
    case epoch = 13
}

/// Code and reason of a refusal.
package struct Refusal: Equatable, Sendable, CustomStringConvertible {
    package var code: RefusalCode
    package var reason: String

    package init(_ code: RefusalCode, _ reason: String) {
        self.code = code
        self.reason = reason.fitting(utf8Bytes: WireLimits.reasonBytes)
    }

    package var description: String { "\(code): \(reason)" }

    func encode(into writer: inout ByteWriter) {
        writer.choice(code)
        writer.text(reason, limit: WireLimits.reasonBytes)
    }

    init(from reader: inout ByteReader, _ place: String) throws(WireError) {
        code = try reader.choice("\(place).code")
        reason = try reader.text(limit: WireLimits.reasonBytes, "\(place).reason")
    }
}

/// The coordinator's answer to `Hello`. The frame's epoch is the coordinator's.
package struct HelloReply: MessageBody {
    package enum Verdict: Equatable, Sendable {
        case accepted(Terms)
        case refused(Refusal)
    }

    /// What an accepted worker keeps to.
    package struct Terms: Equatable, Sendable {
        package var worker: WorkerID
        package var name: String
        package var capabilities: Capabilities
        package var heartbeatMilliseconds: UInt32
        /// After so long without a frame the worker is declared lost.
        package var lostMilliseconds: UInt32
        /// Those of `Hello.heldLeases` that are still worth finishing; the others are void.
        package var resumedLeases: [LeaseID]

        package init(
            worker: WorkerID, name: String, capabilities: Capabilities = [],
            heartbeatMilliseconds: UInt32, lostMilliseconds: UInt32, resumedLeases: [LeaseID]
        ) {
            self.worker = worker
            self.name = name
            self.capabilities = capabilities
            self.heartbeatMilliseconds = heartbeatMilliseconds
            self.lostMilliseconds = lostMilliseconds
            self.resumedLeases = resumedLeases
        }
    }

    package var verdict: Verdict

    package init(_ verdict: Verdict) { self.verdict = verdict }

    func encode(into writer: inout ByteWriter) {
        switch verdict {
        case .accepted(let terms):
            writer.flag(true)
            writer.integer(terms.worker.rawValue)
            writer.text(terms.name, limit: WireLimits.nameBytes)
            writer.integer(terms.capabilities.rawValue)
            writer.integer(terms.heartbeatMilliseconds)
            writer.integer(terms.lostMilliseconds)
            writer.list(terms.resumedLeases, limit: WireLimits.leasesPerWorker) {
                $0.integer($1.rawValue)
            }
        case .refused(let refusal):
            writer.flag(false)
            refusal.encode(into: &writer)
        }
    }

    init(from reader: inout ByteReader) throws(WireError) {
        guard try reader.flag("HelloReply.accepted") else {
            verdict = .refused(try Refusal(from: &reader, "HelloReply"))
            return
        }
        let worker: UInt64 = try reader.integer("HelloReply.worker")
        let name = try reader.text(limit: WireLimits.nameBytes, "HelloReply.name")
        let capabilities: UInt64 = try reader.integer("HelloReply.capabilities")
        let heartbeat: UInt32 = try reader.integer("HelloReply.heartbeat")
        let lost: UInt32 = try reader.integer("HelloReply.lost")
        let resumed = try reader.list(
            limit: WireLimits.leasesPerWorker, elementBytes: 8, "HelloReply.resumedLeases"
        ) { reader throws(WireError) in LeaseID(try reader.integer("HelloReply.resumedLeases")) }
        verdict = .accepted(
            Terms(
                worker: WorkerID(worker), name: name,
                capabilities: Capabilities(rawValue: capabilities),
                heartbeatMilliseconds: heartbeat, lostMilliseconds: lost, resumedLeases: resumed))
    }
}

/// The sender leaves in good order: a worker takes no new lease and finishes those it has.
package struct Goodbye: MessageBody {
    package var reason: String

    package init(reason: String) { self.reason = reason }

    func encode(into writer: inout ByteWriter) {
        writer.text(reason, limit: WireLimits.reasonBytes)
    }

    init(from reader: inout ByteReader) throws(WireError) {
        reason = try reader.text(limit: WireLimits.reasonBytes, "Goodbye.reason")
    }
}

/// A request or a frame that was not accepted. The sender may close the connection after it.
package struct ErrorMessage: MessageBody {
    package var refusal: Refusal

    package init(_ refusal: Refusal) { self.refusal = refusal }

    func encode(into writer: inout ByteWriter) { refusal.encode(into: &writer) }

    init(from reader: inout ByteReader) throws(WireError) {
        refusal = try Refusal(from: &reader, "Error")
    }
}
