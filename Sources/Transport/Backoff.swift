import Wire

/// Delays between attempts to connect: doubling from the first to the last, each reduced by up
/// to a half so that a restarted fleet does not come back in one instant.
package struct Backoff: Sendable {
    private var failures: UInt64 = 0

    package init() {}

    package mutating func reset() { failures = 0 }

    /// - Parameter random: a uniform value; randomness is an argument, so a run repeats by seed.
    package mutating func next(random: UInt64) -> Span {
        let doubled = TransportLimits.firstBackoff * (1 << min(failures, 16))
        failures += 1
        let whole = min(doubled, TransportLimits.lastBackoff)
        return whole - Span(nanoseconds: random % (whole.nanoseconds / 2))
    }
}
