// A directory of one test and the processes it started: both gone when the test ends.

import Foundation
import Synchronization
import Testing

/// A finished command.
struct Finished: Sendable {
    let arguments: [String]
    let ending: Ending
    let output: String
    let errors: String

    /// The JSON object of the last line of standard output, which `--json` promises.
    func json(_ location: SourceLocation = #_sourceLocation) throws -> [String: Any] {
        let line = output.split(separator: "\n").last.map(String.init) ?? ""
        let object = try? JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
        return try #require(
            object, "expected a JSON object as the last line, got \(line)",
            sourceLocation: location)
    }

    var command: String { "parth " + arguments.joined(separator: " ") }

    func expectSuccess(_ location: SourceLocation = #_sourceLocation) {
        #expect(ending == .exit(0), "\(command): \(errors.suffix(1000))", sourceLocation: location)
    }

    /// Bad input: exit code 65 and one line on standard error that says what and where.
    func expectRefused(
        naming words: String..., location: SourceLocation = #_sourceLocation
    ) {
        #expect(ending == .exit(65), "\(command): \(errors)", sourceLocation: location)
        let lines = errors.split(separator: "\n", omittingEmptySubsequences: false).dropLast()
        #expect(lines.count == 1, "\(command): \(errors)", sourceLocation: location)
        let line = lines.first ?? ""
        let said = line.dropFirst("error: ".count)
        let saysWhat =
            line.hasPrefix("error: ") && (said.contains(": ") || said.contains("expected"))
        #expect(saysWhat, "\(command): \(errors)", sourceLocation: location)
        for word in words {
            #expect(line.contains(word), "\(command): \(errors)", sourceLocation: location)
        }
        #expect(!output.contains("verified"), "\(command)", sourceLocation: location)
    }

    /// A wrong command line: exit code 64 and a usage message.
    func expectUsageError(
        naming words: String..., location: SourceLocation = #_sourceLocation
    ) {
        #expect(ending == .exit(64), "\(command): \(errors)", sourceLocation: location)
        #expect(errors.contains("Usage: parth"), "\(command): \(errors)", sourceLocation: location)
        for word in words {
            #expect(errors.contains(word), "\(command): \(errors)", sourceLocation: location)
        }
    }
}

final class Sandbox: Sendable {
    let path: String
    private let children = Mutex<[Child]>([])

    init() throws {
        let folder = FileManager.default.temporaryDirectory.path
        var template = Array("\(folder)/parth-cli-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw ChildError(description: "mkdtemp: \(errno)") }
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// Runs a test's body; kills its processes and removes its files whatever happens.
    static func run(_ body: (Sandbox) async throws -> Void) async throws {
        let sandbox = try Sandbox()
        defer { sandbox.close() }
        try await body(sandbox)
    }

    func close() {
        for child in children.withLock({ $0 }) { child.kill() }
        try? FileManager.default.removeItem(atPath: path)
    }

    func file(_ name: String) -> String { "\(path)/\(name)" }

    @discardableResult
    func write(_ bytes: some Sequence<UInt8>, _ name: String) throws -> String {
        try Data(bytes).write(to: URL(fileURLWithPath: file(name)))
        return file(name)
    }

    /// Starts `parth` and returns while it runs.
    func start(_ arguments: [String]) throws -> Child {
        try children.withLock { children in
            let child = try Child(arguments, place: file("process-\(children.count)"))
            children.append(child)
            return child
        }
    }

    /// Runs `parth` to its end.
    func parth(
        _ arguments: String..., limit: Duration = .seconds(120)
    ) async throws -> Finished {
        try await parth(arguments, limit: limit)
    }

    func parth(_ arguments: [String], limit: Duration = .seconds(120)) async throws -> Finished {
        let child = try start(arguments)
        let ending = try await child.wait(limit)
        return Finished(
            arguments: arguments, ending: ending, output: child.output, errors: child.errors)
    }
}

func read(_ path: String) throws -> [UInt8] {
    try Array(Data(contentsOf: URL(fileURLWithPath: path)))
}

/// Looks until something is there, and says what was missing when it never is.
func eventually<T>(
    _ what: String, within limit: Duration = .seconds(60), _ look: () async throws -> T?
) async throws -> T {
    let start = ContinuousClock.now
    while true {
        if let found = try await look() { return found }
        guard start.duration(to: .now) < limit else {
            throw ChildError(description: "expected \(what) within \(limit)")
        }
        try await Task.sleep(for: .milliseconds(10))
    }
}
