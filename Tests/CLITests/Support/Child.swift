// A process of the `parth` executable: started, waited for with a limit, always reaped.

import Foundation
import Glibc
import Synchronization

/// How a process ended.
enum Ending: Equatable, CustomStringConvertible {
    case exit(Int32)
    /// Killed by a signal: a trap of its own, or a test's.
    case signal(Int32)

    var description: String {
        switch self {
        case .exit(let code): "exit \(code)"
        case .signal(let signal): "signal \(signal)"
        }
    }
}

struct ChildError: Error, CustomStringConvertible {
    let description: String
}

/// A child process. Its output goes to files, so that a full pipe never holds it up.
final class Child: Sendable {
    let pid: pid_t
    private let arguments: [String]
    private let outputPath: String
    private let errorsPath: String
    private struct State {
        var ending: Ending?
        /// The writing end of its standard input; when this process dies, the child reads the end.
        var lifeline: Int32?

        mutating func closeLifeline() {
            if let descriptor = lifeline.take() { close(descriptor) }
        }
    }
    private let state: Mutex<State>

    /// - Parameter place: a path that the names of the two output files begin with.
    init(_ arguments: [String], place: String) throws {
        self.arguments = arguments
        outputPath = place + ".out"
        errorsPath = place + ".err"
        let (pid, lifeline) = try Self.starting.withLock { [outputPath, errorsPath] _ in
            try Self.spawn(arguments, outputPath, errorsPath)
        }
        self.pid = pid
        state = Mutex(State(lifeline: lifeline))
    }

    /// Held while a pipe is made and a process is started: no other child may inherit the pipe.
    private static let starting = Mutex(())

    private static func spawn(
        _ arguments: [String], _ outputPath: String, _ errorsPath: String
    ) throws -> (pid: pid_t, lifeline: Int32) {
        var input: [Int32] = [0, 0]
        guard pipe(&input) == 0 else { throw ChildError(description: "pipe: \(errno)") }
        defer { close(input[0]) }
        for descriptor in input { _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC) }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, input[0], 0)
        let flags = O_WRONLY | O_CREAT | O_TRUNC
        posix_spawn_file_actions_addopen(&actions, 1, outputPath, flags, 0o644)
        posix_spawn_file_actions_addopen(&actions, 2, errorsPath, flags, 0o644)

        let binary = Executable.path
        let words = ([binary] + arguments).map { strdup($0) }
        // A trap must end the child at once: Swift's backtracer would hold it for a minute.
        let variables = ProcessInfo.processInfo.environment
            .merging(["SWIFT_BACKTRACE": "enable=no"]) { $1 }
            .map { strdup("\($0)=\($1)") }
        defer { for pointer in words + variables { free(pointer) } }
        var pid: pid_t = 0
        // Other suites of this process listen on sockets: a child that held them would keep their
        // ports.
        for descriptor in Int32(3)..<1024 {
            posix_spawn_file_actions_addclose(&actions, descriptor)
        }
        let status = posix_spawn(&pid, binary, &actions, nil, words + [nil], variables + [nil])
        guard status == 0 else {
            close(input[1])
            throw ChildError(description: "\(binary): \(String(cString: strerror(status)))")
        }
        return (pid, input[1])
    }

    /// The end of the process, if it has ended.
    func poll() -> Ending? {
        state.withLock { state in
            if let ending = state.ending { return ending }
            var status: Int32 = 0
            guard waitpid(pid, &status, WNOHANG) == pid else { return nil }
            state.closeLifeline()
            let signal = status & 0x7f
            state.ending = signal == 0 ? .exit(status >> 8 & 0xff) : .signal(signal)
            return state.ending
        }
    }

    /// Ends its standard input.
    func closeInput() { state.withLock { $0.closeLifeline() } }

    /// Waits for the end. A process that takes longer than `limit` is killed, and that is an error.
    func wait(_ limit: Duration = .seconds(120)) async throws -> Ending {
        let start = ContinuousClock.now
        while true {
            if let ending = poll() { return ending }
            guard start.duration(to: .now) < limit else {
                kill()
                throw ChildError(
                    description: "parth \(arguments.joined(separator: " ")): expected its end in "
                        + "\(limit), killed; standard error ends with \(errors.suffix(2000))")
            }
            try await Task.sleep(for: .milliseconds(5))
        }
    }

    /// Sends a signal, unless the process was reaped: its number may be another's by now.
    func signal(_ number: Int32) {
        state.withLock { if $0.ending == nil { _ = Glibc.kill(pid, number) } }
    }

    /// Ends the process whatever it does, and reaps it.
    func kill() {
        signal(SIGKILL)
        while poll() == nil { usleep(1000) }
    }

    var output: String { text(outputPath) }
    var errors: String { text(errorsPath) }

    private func text(_ path: String) -> String {
        String(decoding: FileManager.default.contents(atPath: path) ?? Data(), as: UTF8.self)
    }
}

/// Where the executable is: `PARTH_BINARY`, or beside this test bundle.
enum Executable {
    static let path: String = {
        if let path = ProcessInfo.processInfo.environment["PARTH_BINARY"] { return path }
        let bundle = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
        var folder = bundle.deletingLastPathComponent()
        // The bundle of another platform is a folder; a few steps up are enough for every layout.
        for _ in 0..<4 {
            let candidate = folder.appendingPathComponent("parth").path
            if FileManager.default.isExecutableFile(atPath: candidate) { return candidate }
            folder.deleteLastPathComponent()
        }
        return bundle.deletingLastPathComponent().appendingPathComponent("parth").path
    }()
}
