// A fork-join pool on its own threads. Kernels leave Swift's cooperative pool: a region costs about
// a microsecond here against tens for a task group, and a waiting task elsewhere in the process is
// not held up behind a kernel.
//
// One region at a time: the caller publishes a job, helpers join it while it is open, everyone
// takes indices from one counter, and the caller closes the job and waits for those who joined. A
// helper that wakes too late joins nothing, so a short region never waits for a sleeping thread.

import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// Threads for the prover's loops.
///
/// `forEach` may be called from any thread. A call made while another is running, from another
/// thread or from inside a body, runs on the calling thread alone: correct, not parallel.
package final class Pool: Sendable {
    package let threads: Int
    private let shared: PoolState?
    private let helpers: [pthread_t]

    /// - Parameter threads: how many threads work on a region, the caller included; at least 1.
    ///   A thread that cannot be started is done without.
    package init(threads: Int) {
        precondition(threads >= 1, "a pool needs at least the calling thread")
        guard threads > 1 else {
            self.threads = 1
            shared = nil
            helpers = []
            return
        }
        let state = PoolState()
        var started: [pthread_t] = []
        for _ in 1..<threads {
            if let helper = startHelper(state) { started.append(helper) }
        }
        self.threads = started.count + 1
        shared = state
        helpers = started
    }

    deinit {
        guard let shared else { return }
        shared.stop()
        for helper in helpers { pthread_join(helper, nil) }
    }

    /// Runs `body(i)` once for every i in 0..<count, in no particular order, and returns when all
    /// have returned.
    /// - Complexity: one atomic addition an index: give it indices worth at least some
    ///   microseconds.
    package func forEach(_ count: Int, _ body: @Sendable (Int) -> Void) {
        guard let shared, count > 1, shared.acquire() else {
            for i in 0..<max(count, 0) { body(i) }
            return
        }
        shared.run(count, body)
        shared.release()
    }

    /// Runs `body` on consecutive ranges that cover 0..<count, each a multiple of `grain` long but
    /// the last.
    /// - Parameter grain: the least length of a range, at least 1; longer ones are used when there
    ///   are many.
    package func forEachRange(_ count: Int, grain: Int, _ body: @Sendable (Range<Int>) -> Void) {
        precondition(grain >= 1)
        guard count > 0 else { return }
        let grains = (count + grain - 1) / grain
        let tasks = min(grains, threads == 1 ? 1 : 8 * threads)
        forEach(tasks) { task in
            let first = grains * task / tasks * grain
            let last = min(count, grains * (task + 1) / tasks * grain)
            body(first..<last)
        }
    }
}

private func startHelper(_ state: PoolState) -> pthread_t? {
    let context = Unmanaged.passRetained(state)
    #if canImport(Darwin)
        var thread: pthread_t?
        let failed = pthread_create(
            &thread, nil,
            { raw in
                Unmanaged<PoolState>.fromOpaque(raw).takeRetainedValue().serve()
                return nil
            }, context.toOpaque())
    #else
        var thread = pthread_t()
        let failed = pthread_create(
            &thread, nil,
            { raw in
                Unmanaged<PoolState>.fromOpaque(raw!).takeRetainedValue().serve()
                return nil
            }, context.toOpaque())
    #endif
    guard failed == 0 else {
        context.release()
        return nil
    }
    return thread
}

/// What the threads share. Helpers hold this and not the pool, so that the pool's end can stop
/// them.
private final class PoolState: @unchecked Sendable {
    typealias Body = @Sendable (Int) -> Void

    /// About 10-20 µs: longer than the gap between two regions of a prover loop, shorter than a
    /// scheduling slice.
    private static let spins = 20_000

    private let busy = Atomic<Bool>(false)
    private let stopped = Atomic<Bool>(false)
    /// Goes up by one with every job published, and once at the end.
    private let generation = Atomic<Int>(0)
    /// 1 while the job is open, plus 2 for every helper in it.
    private let job = Atomic<Int>(0)
    private let next = Atomic<Int>(0)
    private let sleepers = Atomic<Int>(0)

    // Written by the caller only while no helper is in a job (job == 0); read by helpers only after
    // they joined.
    private var count = 0
    private var body: UnsafePointer<Body>?

    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let wake = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    private let done = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)

    init() {
        mutex.initialize(to: pthread_mutex_t())
        wake.initialize(to: pthread_cond_t())
        done.initialize(to: pthread_cond_t())
        pthread_mutex_init(mutex, nil)
        pthread_cond_init(wake, nil)
        pthread_cond_init(done, nil)
    }

    deinit {
        pthread_cond_destroy(done)
        pthread_cond_destroy(wake)
        pthread_mutex_destroy(mutex)
        done.deallocate()
        wake.deallocate()
        mutex.deallocate()
    }

    /// True when the caller now owns the pool for one region.
    func acquire() -> Bool {
        busy.compareExchange(expected: false, desired: true, ordering: .acquiring).exchanged
    }

    func release() { busy.store(false, ordering: .releasing) }

    func run(_ count: Int, _ body: Body) {
        withoutActuallyEscaping(body) { escapable in
            withUnsafePointer(to: escapable) { pointer in
                self.count = count
                self.body = pointer
                next.store(0, ordering: .relaxed)
                job.store(1, ordering: .sequentiallyConsistent)
                announce()
                work(count, escapable)
                // Close: nobody joins from here on.
                job.wrappingSubtract(1, ordering: .sequentiallyConsistent)
                awaitHelpers()
                self.body = nil
            }
        }
    }

    func stop() {
        stopped.store(true, ordering: .sequentiallyConsistent)
        announce()
    }

    /// The helper's life: wait for a generation it has not seen, join its job if that is still
    /// open, work, leave.
    func serve() {
        var seen = 0
        while true {
            seen = awaitGeneration(after: seen)
            if stopped.load(ordering: .sequentiallyConsistent) { return }
            guard join() else { continue }
            work(count, body!.pointee)
            leave()
        }
    }

    private func work(_ count: Int, _ body: Body) {
        while true {
            let i = next.wrappingAdd(1, ordering: .relaxed).oldValue
            if i >= count { return }
            body(i)
        }
    }

    private func join() -> Bool {
        var current = job.load(ordering: .sequentiallyConsistent)
        while current & 1 == 1 {
            let result = job.compareExchange(
                expected: current, desired: current + 2, ordering: .sequentiallyConsistent)
            if result.exchanged { return true }
            current = result.original
        }
        return false
    }

    private func leave() {
        guard job.wrappingSubtract(2, ordering: .sequentiallyConsistent).newValue == 0 else {
            return
        }
        pthread_mutex_lock(mutex)
        pthread_cond_signal(done)
        pthread_mutex_unlock(mutex)
    }

    private func announce() {
        generation.wrappingAdd(1, ordering: .sequentiallyConsistent)
        guard sleepers.load(ordering: .sequentiallyConsistent) > 0 else { return }
        pthread_mutex_lock(mutex)
        pthread_cond_broadcast(wake)
        pthread_mutex_unlock(mutex)
    }

    private func awaitHelpers() {
        for _ in 0..<Self.spins where job.load(ordering: .sequentiallyConsistent) == 0 { return }
        pthread_mutex_lock(mutex)
        while job.load(ordering: .sequentiallyConsistent) != 0 { pthread_cond_wait(done, mutex) }
        pthread_mutex_unlock(mutex)
    }

    private func awaitGeneration(after seen: Int) -> Int {
        for _ in 0..<Self.spins {
            let current = generation.load(ordering: .acquiring)
            if current != seen { return current }
        }
        pthread_mutex_lock(mutex)
        sleepers.wrappingAdd(1, ordering: .sequentiallyConsistent)
        while generation.load(ordering: .sequentiallyConsistent) == seen {
            pthread_cond_wait(wake, mutex)
        }
        sleepers.wrappingSubtract(1, ordering: .sequentiallyConsistent)
        pthread_mutex_unlock(mutex)
        return generation.load(ordering: .sequentiallyConsistent)
    }
}
