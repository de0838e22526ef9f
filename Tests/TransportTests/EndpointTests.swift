import Testing
import Transport
import Wire

@Suite struct EndpointTests {
    @Test func parses() throws {
        #expect(try Endpoint(parsing: "127.0.0.1:7800") == Endpoint(host: "127.0.0.1", port: 7800))
        #expect(try Endpoint(parsing: "[::1]:0") == Endpoint(host: "::1", port: 0))
        #expect(try Endpoint(parsing: "prover-3:65535").description == "prover-3:65535")
        #expect(try Endpoint(parsing: "[::1]:1").description == "[::1]:1")
    }

    @Test(arguments: ["", ":", "host", "host:", ":80", "host:65536", "host:-1", "::1:80", "h:8 "])
    func rejects(text: String) {
        #expect(throws: TransportError.endpoint(text: text)) { try Endpoint(parsing: text) }
    }

    @Test func loopback() {
        for host in ["127.0.0.1", "127.255.1.9", "::1", "localhost"] {
            #expect(Endpoint(host: host, port: 1).isLoopback, "\(host)")
        }
        for host in ["0.0.0.0", "::", "10.0.0.1", "127.evil.example", "127.0.0.1.example", ""] {
            #expect(!Endpoint(host: host, port: 1).isLoopback, "\(host)")
        }
    }

    @Test func backoffGrowsToItsEnd() {
        var backoff = Backoff()
        let waits = (0..<20).map { _ in backoff.next(random: 0) }
        #expect(waits[0] == TransportLimits.firstBackoff)
        #expect(waits[1] == TransportLimits.firstBackoff * 2)
        #expect(waits.last == TransportLimits.lastBackoff)
        let jittered = backoff.next(random: .max)
        #expect(jittered.seconds >= TransportLimits.lastBackoff.seconds / 2)
        backoff.reset()
        #expect(backoff.next(random: 0) == TransportLimits.firstBackoff)
    }

    @Test func digestKnownAnswer() {
        // FIPS 180-2, "abc".
        #expect(
            Artifact.digest(of: Array("abc".utf8)).hexadecimal
                == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
        let artifact = Artifact(naming: [1, 2, 3])
        #expect(artifact.isIntact)
        #expect(!Artifact(digest: artifact.digest, bytes: [1, 2, 4]).isIntact)
    }
}

@Suite struct ThreadTests {
    @Test func mailboxKeepsOrderAndEnds() {
        let mailbox = Mailbox<Int>()
        #expect(mailbox.takeAll(until: MonotonicClock.now() + .milliseconds(5)) == [])
        for value in 0..<100 { mailbox.post(value) }
        #expect(mailbox.takeOne() == 0)
        #expect(mailbox.takeAll(until: MonotonicClock.now()) == Array(1..<100))
        mailbox.post(7)
        mailbox.close()
        #expect(!mailbox.post(8))
        #expect(mailbox.takeOne() == 7)
        #expect(mailbox.takeOne() == nil)
        #expect(mailbox.takeAll(until: MonotonicClock.now() + .seconds(60)) == nil)
    }

    @Test func poolRunsEverythingThenEnds() {
        let pool = JobPool(threads: 3)
        let results = Mailbox<Int>()
        for value in 0..<50 { pool.run { results.post(value) } }
        pool.close()
        #expect(!pool.run {})
        pool.join()
        #expect(results.takeAll(until: MonotonicClock.now())?.sorted() == Array(0..<50))
    }
}
