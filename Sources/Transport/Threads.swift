import Glibc
import Synchronization
import Wire

/// A thread of our own. Proving and verifying run here: on the cooperative pool or an event
/// loop they would starve every timer and heartbeat (measured: 970 ms).
package final class OwnThread: Sendable {
    private let handle: pthread_t
    private let isJoined = Atomic(false)

    private final class Box {
        let body: @Sendable () -> Void
        init(_ body: @escaping @Sendable () -> Void) { self.body = body }
    }

    /// Starts `body` on a new thread.
    package init(_ body: @escaping @Sendable () -> Void) {
        var attributes = pthread_attr_t()
        pthread_attr_init(&attributes)
        // Provers recurse and keep large values on the stack: as much as a main thread has.
        pthread_attr_setstacksize(&attributes, 8 << 20)
        defer { pthread_attr_destroy(&attributes) }
        var handle = pthread_t()
        let box = Unmanaged.passRetained(Box(body))
        let status = pthread_create(
            &handle, &attributes,
            { argument in
                Unmanaged<Box>.fromOpaque(argument!).takeRetainedValue().body()
                return nil
            }, box.toOpaque())
        precondition(status == 0, "pthread_create: \(status)")
        self.handle = handle
    }

    /// Waits for the end of the thread. Call once, and not from an async context.
    package func join() {
        isJoined.store(true, ordering: .relaxed)
        pthread_join(handle, nil)
    }

    /// A thread that nobody joins cleans up after itself.
    deinit {
        if !isJoined.load(ordering: .relaxed) { pthread_detach(handle) }
    }
}

/// Values from many threads for one or more readers, in the order of `post`.
package final class Mailbox<Element: Sendable>: @unchecked Sendable {
    // SAFETY: `elements` and `isClosed` are touched only while `mutex` is held; mutex and
    // condition live at fixed addresses from `init` to `deinit`.
    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let condition = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    private var elements: [Element] = []
    private var isClosed = false

    package init() {
        pthread_mutex_init(mutex, nil)
        var attributes = pthread_condattr_t()
        pthread_condattr_init(&attributes)
        pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
        pthread_cond_init(condition, &attributes)
        pthread_condattr_destroy(&attributes)
    }

    deinit {
        pthread_cond_destroy(condition)
        pthread_mutex_destroy(mutex)
        condition.deallocate()
        mutex.deallocate()
    }

    private func locked<T>(_ body: () -> T) -> T {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        return body()
    }

    /// - Returns: false when the mailbox is closed and the element was dropped.
    @discardableResult
    package func post(_ element: Element) -> Bool {
        locked {
            guard !isClosed else { return false }
            elements.append(element)
            pthread_cond_signal(condition)
            return true
        }
    }

    /// Nothing is taken in any more; readers get what is left and then `nil`.
    package func close() {
        locked {
            isClosed = true
            pthread_cond_broadcast(condition)
        }
    }

    package var count: Int { locked { elements.count } }

    /// Everything there is, waiting for something until `deadline`.
    /// - Returns: empty at the deadline, `nil` once closed and empty.
    package func takeAll(until deadline: Instant) -> [Element]? {
        locked {
            var limit = timespec(
                tv_sec: Int(deadline.nanoseconds / 1_000_000_000),
                tv_nsec: Int(deadline.nanoseconds % 1_000_000_000))
            while elements.isEmpty {
                if isClosed { return nil }
                if pthread_cond_timedwait(condition, mutex, &limit) == ETIMEDOUT { return [] }
            }
            defer { elements = [] }
            return elements
        }
    }

    /// The oldest element, waiting for one; `nil` once closed and empty.
    package func takeOne() -> Element? {
        locked {
            while elements.isEmpty {
                if isClosed { return nil }
                pthread_cond_wait(condition, mutex)
            }
            return elements.removeFirst()
        }
    }
}

/// A fixed number of own threads that run jobs in order.
package final class JobPool: Sendable {
    private let jobs = Mailbox<@Sendable () -> Void>()
    private let threads: [OwnThread]

    package init(threads count: Int) {
        precondition(count > 0, "a pool has a thread")
        let jobs = jobs
        threads = (0..<count).map { _ in
            OwnThread {
                while let job = jobs.takeOne() { job() }
            }
        }
    }

    /// - Returns: false when the pool is stopping and the job was dropped.
    @discardableResult
    package func run(_ job: @escaping @Sendable () -> Void) -> Bool { jobs.post(job) }

    /// Jobs that wait for a thread.
    package var backlog: Int { jobs.count }

    /// Takes no more jobs; those that wait still run.
    package func close() { jobs.close() }

    /// Waits for the threads after `close`. Not from an async context.
    package func join() { for thread in threads { thread.join() } }
}
