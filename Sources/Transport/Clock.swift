import Glibc
import Wire

/// The machine's monotonic clock, the only one that leases are measured by.
package enum MonotonicClock {
    package static func now() -> Instant {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Instant(nanoseconds: UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec))
    }
}

/// An epoch that grows with every start of a coordinator on one machine: milliseconds of the
/// wall clock. A durable store will count instead.
package func newEpoch() -> UInt64 {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    return UInt64(time.tv_sec) * 1000 + UInt64(time.tv_nsec) / 1_000_000
}
