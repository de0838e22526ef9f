import NIOCore
import NIOPosix
import Testing
import Transport
import Wire

/// Frames over real sockets on the loopback.
@Suite(.timeLimit(.minutes(1))) struct ConnectionTests {
    @Test func framesOfEverySizeGoBothWays() async throws {
        try await withEcho { server, dial in
            let client = Recorder()
            try await dial(client, server)
            let connection = try #require(await client.waitForOpen())
            for count in [0, 1, 511, 512, 100_000, WireLimits.artifactBytes] {
                let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 2_654_435_761 >> 7) }
                let sent = Message.blockProofReply(
                    BlockProofReply(round: RoundID(1), outcome: .proof(Artifact(naming: bytes))))
                connection.send(sent, epoch: 3, correlation: UInt64(count))
                let frame = try #require(await client.next())
                #expect(frame.content == .message(sent))
                #expect(frame.correlation == UInt64(count))
            }
            connection.finish()
            #expect(await client.waitForClose() == .local)
        }
    }

    @Test func garbageIsAnsweredAndClosed() async throws {
        try await withEcho { server, _ in
            let answer = try await raw(server, Array("GET / HTTP/1.1\r\n\r\n".utf8))
            guard case .message(.error(let error)) = try Frame(decoding: answer).content else {
                Issue.record("no error")
                return
            }
            #expect(error.refusal.code == .malformed)
            #expect(error.refusal.reason.contains("PRTH"))
        }
    }

    @Test func anotherVersionIsRefusedWithAReason() async throws {
        try await withEcho { server, _ in
            var hello = Message.hello(Hello(role: .client, name: "future")).encoded(epoch: 0)
            hello[4] = 9
            let answer = try await raw(server, hello)
            guard case .message(.error(let error)) = try Frame(decoding: answer).content else {
                Issue.record("no error")
                return
            }
            #expect(error.refusal == Refusal(.version, "protocol version: expected 1, got 9"))
        }
    }

    @Test func unknownTypesAreSkipped() async throws {
        try await withEcho { server, _ in
            var unknown = Message.fleetStatusQuery(FleetStatusQuery()).encoded(epoch: 0)
            unknown[6] = 250
            let crc = Checksum.crc32c(unknown[..<36])
            for index in 0..<4 {
                unknown[36 + index] = UInt8(truncatingIfNeeded: crc >> (8 * index))
            }
            let known = Message.goodbye(Goodbye(reason: "after")).encoded(epoch: 0)
            let answer = try await raw(server, unknown + known, until: known.count)
            #expect(answer == known)
        }
    }

    @Test func unknownPeersSendSmallFramesOnly() async throws {
        try await withEcho(admit: false) { server, dial in
            let client = Recorder()
            try await dial(client, server)
            let connection = try #require(await client.waitForOpen())
            let big = Artifact(naming: noise(100_000))
            connection.send(
                .submitEndCaps(SubmitEndCaps(round: .current, endCaps: [big])), epoch: 0)
            let frame = try #require(await client.next())
            guard case .message(.error(let error)) = frame.content else {
                Issue.record("no error")
                return
            }
            #expect(error.refusal.reason.hasPrefix("frame.payload: expected at most 65536"))
            #expect(await client.waitForClose() == .peer)
        }
    }

    @Test func silentPeersAndHalfFramesAreClosed() async throws {
        var limits = ConnectionLimits()
        limits.check = .milliseconds(20)
        limits.greeting = .milliseconds(100)
        limits.frame = .milliseconds(100)
        limits.idle = .milliseconds(300)
        let hello = Message.hello(Hello(role: .client, name: "slow")).encoded(epoch: 0)
        for (bytes, expected) in [
            ([UInt8](), CloseReason.greetingTimeout),
            (Array(hello[..<20]), .greetingTimeout),
            (hello + hello[..<50], .frameTimeout),
            (hello, .idle),
        ] {
            let recorder = Recorder(admitsOnOpen: false)
            try await withServer(recorder, limits) { server in
                _ = try await raw(server, bytes)
                #expect(await recorder.waitForClose() == expected)
            }
        }
    }

    @Test func aPeerThatDoesNotReadIsDropped() async throws {
        var limits = ConnectionLimits()
        limits.unsentBytes = 1 << 20
        let recorder = Recorder(admitsOnOpen: true)
        try await withServer(recorder, limits) { server in
            let group = MultiThreadedEventLoopGroup.singleton
            let silent = try await ClientBootstrap(group: group)
                .channelOption(.autoRead, value: false)
                .connect(host: server.host, port: server.port).get()
            let connection = try #require(await recorder.waitForOpen())
            let proof = Artifact(naming: noise(1 << 19))
            for _ in 0..<200 {
                connection.send(
                    .blockProofReply(BlockProofReply(round: RoundID(1), outcome: .proof(proof))),
                    epoch: 1)
            }
            guard case .slowReader(let unsent) = await recorder.waitForClose() else {
                Issue.record("not dropped")
                return
            }
            #expect(unsent > 1 << 20)
            try? await silent.close()
        }
    }

    @Test func listensOnLoopbackOnlyUnlessTold() async throws {
        let group = MultiThreadedEventLoopGroup.singleton
        let everywhere = Endpoint(host: "0.0.0.0", port: 0)
        await #expect(throws: TransportError.notLoopback(everywhere)) {
            _ = try await FrameServer.listen(
                on: everywhere, insecure: false, group: group, delegate: Recorder())
        }
        let server = try await FrameServer.listen(
            on: everywhere, insecure: true, group: group, delegate: Recorder())
        #expect(server.endpoint.port > 0)
        let taken = Endpoint(host: "127.0.0.1", port: server.endpoint.port)
        await #expect(throws: TransportError.self) {
            _ = try await FrameServer.listen(
                on: taken, insecure: false, group: group, delegate: Recorder())
        }
        await server.stop()
    }

    @Test func connectingToNobodySaysSo() async throws {
        let dialer = Dialer(group: MultiThreadedEventLoopGroup.singleton)
        let nobody = Endpoint(host: "127.0.0.1", port: 1)
        do {
            try await dialer.connect(
                to: nobody, timeout: .seconds(2), id: ConnectionID(1), delegate: Recorder())
            Issue.record("connected")
        } catch {
            #expect("\(error)".hasPrefix("cannot connect to 127.0.0.1:1: "))
            #expect("\(error)".contains("refused"), "\(error)")
        }
    }
}
