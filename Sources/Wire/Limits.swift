/// Every bound of the wire format. A decoder compares with these before it allocates, so that
/// a declared length costs the receiver nothing until the bytes are there.
package enum WireLimits {
    /// Version of the frame layout and of every message body. A peer of another version is
    /// refused with a reason; there is no negotiation.
    package static let protocolVersion: UInt16 = 1

    /// Largest payload of a frame, both as sent and after decompression.
    package static let framePayload = 16 << 20
    /// Largest payload accepted from a peer that has not introduced itself with `Hello`.
    package static let greetingPayload = 64 << 10

    /// Bodies from this size on are tried with zstd; smaller ones never win enough to matter.
    package static let compressionThreshold = 512
    /// zstd level: 1 costs 15 µs on 64 KB that does not compress.
    package static let compressionLevel: Int32 = 1

    /// Largest artifact (a proof, an end cap).
    package static let artifactBytes = 4 << 20
    /// Largest opaque context of a task (Merkle siblings and the like).
    package static let contextBytes = 1 << 20
    /// Children of one task: a combine has two.
    package static let childrenPerTask = 2

    /// End caps in one `SubmitEndCaps`; a larger batch is sent as several.
    package static let endCapsPerBatch = 1024
    /// Users, and so end caps, of one round.
    package static let usersPerRound = 1 << 16
    /// Nodes reported by one `RoundStatusReply`: `u − 1` combines and a block.
    package static let nodesPerStatus = 1 << 16
    /// Workers reported by one `FleetStatusReply`.
    package static let workersPerStatus = 8192

    /// Leases one worker can hold, and so report in one heartbeat.
    package static let leasesPerWorker = 256
    /// Circuit fingerprints in one `Hello`.
    package static let fingerprintsPerHello = 64

    /// UTF-8 bytes of a name (worker, instruction set, software version).
    package static let nameBytes = 64
    /// UTF-8 bytes of a reason shown to a person; longer reasons are cut.
    package static let reasonBytes = 1024
}
