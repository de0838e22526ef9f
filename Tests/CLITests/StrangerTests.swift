import Glibc
import Testing
import Transport
import Wire

extension CommandLineTests {
    /// Whoever else finds the coordinator's port.
    @Suite(.serialized, .timeLimit(.minutes(3))) struct StrangerTests {
        struct Stranger: CustomTestStringConvertible, Sendable {
            let testDescription: String
            let bytes: [UInt8]
            let code: RefusalCode
            let word: String
        }

        private static let hello = Hello(
            role: .worker, identity: WorkerIdentity(exactly: [UInt8](repeating: 5, count: 32))!,
            name: "stranger", slots: 1)

        private static func frame(
            _ message: Message, changing changes: [Int: UInt8] = [:]
        ) -> [UInt8] {
            var bytes = message.encoded(epoch: 0, correlation: 1)
            for (place, byte) in changes { bytes[place] = byte }
            return bytes
        }

        /// A valid frame of the type `hello` with this body.
        private static let strangers: [Stranger] = [
            Stranger(
                testDescription: "random bytes",
                bytes: [0xde, 0xad] + (0..<4094).map { _ in .random(in: 0...255) },
                code: .malformed, word: "magic"),
            Stranger(
                testDescription: "an HTTP request",
                bytes: Array("GET / HTTP/1.1\r\nHost: prover\r\n\r\n".utf8), code: .malformed,
                word: "magic"),
            Stranger(
                testDescription: "a TLS hello", bytes: [22, 3, 1, 2, 0, 1, 0, 1, 252, 3, 3],
                code: .malformed, word: "magic"),
            Stranger(
                testDescription: "a declared length of 4 GiB",
                bytes: frame(
                    .hello(hello), changing: [12: 255, 13: 255, 14: 255, 15: 255]),
                code: .malformed, word: "frame.payload"),
            Stranger(
                testDescription: "a raw length of 4 GiB",
                bytes: frame(
                    .hello(hello), changing: [16: 255, 17: 255, 18: 255, 19: 255]),
                code: .malformed, word: "frame.raw"),
            Stranger(
                testDescription: "the protocol of the future",
                bytes: frame(.hello(hello), changing: [4: 2]), code: .version,
                word: "protocol version: expected 1, got 2"),
            Stranger(
                testDescription: "a changed byte",
                bytes: frame(.hello(hello), changing: [60: 0xaa]), code: .malformed,
                word: "checksum"),
            Stranger(
                testDescription: "a worker without circuits", bytes: frame(.hello(hello)),
                code: .fingerprints, word: "circuit fingerprint"),
        ]

        @Test func strangersAreToldWhyAndDisturbNothing() async throws {
            try await Fleet.run { fleet, client in
                // Half-open: some silent, some in the middle of a header, one of a body.
                let begun = Self.frame(.hello(Self.hello))
                let open = try (0..<60).map { number in
                    let connection = try RawConnection(fleet.endpoint)
                    connection.send(Array(begun.prefix([0, 10, 50][number % 3])))
                    return connection
                }
                _ = try fleet.startWorker("worker")
                try await client.waitForWorkers(1)
                let submission = try fleet.startSubmission(fleet.batch.endCaps(3))
                for stranger in Self.strangers {
                    let connection = try RawConnection(fleet.endpoint)
                    connection.send(stranger.bytes)
                    let refusal = try connection.refusal()
                    #expect(refusal.code == stranger.code, "\(stranger.testDescription)")
                    let named = refusal.reason.contains(stranger.word)
                    #expect(named, "\(stranger.testDescription): \(refusal.reason)")
                }
                // Gone before anyone answers.
                for _ in 0..<50 { try RawConnection(fleet.endpoint).send(Array(begun.prefix(7))) }
                let root = try await fleet.blockRoot(of: submission)
                let expected = try fleet.batch.nativeRoot(fleet.batch.endCaps(3))
                #expect(root == expected)
                let status = try await client.fleet()
                #expect(status.lostWorkers == 0)
                #expect(status.rejectedResults == 0)
                #expect(status.workers.map(\.name) == ["worker"])
                let ending = fleet.coordinator.poll()
                #expect(ending == nil)
                // Kept until here; by now the coordinator may have ended them itself.
                withExtendedLifetime(open) {}
            }
        }

        @Test func aPeerThatNeverGreetsIsCut() async throws {
            try await Fleet.run { fleet, _ in
                let silent = try RawConnection(fleet.endpoint)
                let halfway = try RawConnection(fleet.endpoint)
                halfway.send(Array(Self.frame(.hello(Self.hello)).prefix(45)))
                let (first, second) = try (silent.receiveAll(), halfway.receiveAll())
                #expect(first.isEmpty && second.isEmpty)
            }
        }

        /// A client's connection is no right to a worker's words.
        @Test func aClientThatSpeaksAsAWorkerIsRefused() async throws {
            try await Fleet.run { fleet, client in
                let connection = try RawConnection(fleet.endpoint)
                let result = TaskResult(
                    lease: LeaseID(1), task: TaskID(round: RoundID(1), node: NodeID(0)),
                    attempt: 1, proveMicroseconds: 1, artifact: Artifact(naming: [1, 2, 3]))
                connection.send(Self.frame(.hello(Hello(role: .client, name: "impostor"))))
                connection.send(Self.frame(.result(result)))
                connection.send(Self.frame(.heartbeat(Heartbeat(sequence: 1, leases: []))))
                connection.send([1, 2, 3, 4])
                let bytes = try connection.receiveAll()
                #expect(bytes.count > FrameHeader.byteCount)
                let status = try await client.fleet()
                #expect(status.acceptedResults == 0 && status.workers.isEmpty)
            }
        }
    }
}
