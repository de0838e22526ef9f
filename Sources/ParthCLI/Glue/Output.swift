// What commands print: lines for people, and one JSON object as the last line of standard output for programs.

import ArgumentParser
import Foundation

/// `--json`, which every command has.
struct OutputOptions: ParsableArguments {
    @Flag(name: .long, help: "End with one JSON object on the last line of standard output.")
    var json = false

    /// Lines for people go to standard output, or to standard error when that carries JSON.
    func say(_ line: String) {
        if json { standardError(line) } else { standardOutput(line) }
    }

    func finish(_ object: [String: Any]) throws {
        guard json else { return }
        let data = try JSONSerialization.data(
            withJSONObject: object, options: [.sortedKeys, .withoutEscapingSlashes])
        standardOutput(String(decoding: data, as: UTF8.self))
    }
}

/// Unbuffered: a reader of a pipe sees each line when it is written.
func standardOutput(_ line: String) { FileHandle.standardOutput.write(Data((line + "\n").utf8)) }
func standardError(_ line: String) { FileHandle.standardError.write(Data((line + "\n").utf8)) }

/// An error of the input (exit code 65): one line that says what, where, expected, got.
struct BadInput: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}

/// Runs a command's body; a failure becomes one line on standard error and exit code 65, as sysexits' EX_DATAERR.
func reporting(_ body: () async throws -> Void) async throws {
    do {
        try await body()
    } catch let code as ExitCode {
        throw code
    } catch let error as CleanExit {
        throw error
    } catch let error as ValidationError {
        throw error
    } catch {
        standardError("error: \(error)")
        throw ExitCode(65)
    }
}

/// Reads a file, or says which one and why not.
func readFile(_ path: String, limit: Int = 64 << 20) throws -> [UInt8] {
    guard let attributes = try? FileManager.default.attributesOfItem(atPath: path) else {
        throw BadInput("\(path): expected a readable file, found none")
    }
    let size = (attributes[.size] as? NSNumber)?.intValue ?? 0
    guard size <= limit else {
        throw BadInput("\(path): expected at most \(limit) bytes, got \(size)")
    }
    guard let data = FileManager.default.contents(atPath: path) else {
        throw BadInput("\(path): cannot be read")
    }
    return Array(data)
}

/// Writes a file whole or not at all: a temporary file beside it is renamed.
func writeFile(_ bytes: [UInt8], to path: String) throws {
    do {
        try Data(bytes).write(to: URL(fileURLWithPath: path), options: .atomic)
    } catch {
        throw BadInput("\(path): cannot be written: \(error.localizedDescription)")
    }
}

func makeDirectory(_ path: String) throws {
    do {
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    } catch {
        throw BadInput("\(path): cannot be made a directory: \(error.localizedDescription)")
    }
}

/// Least, middle and greatest of some seconds; zeros when there are none.
func spread(_ values: [Double]) -> [String: Double] {
    let sorted = values.sorted()
    guard !sorted.isEmpty else { return ["min": 0, "median": 0, "max": 0] }
    return ["min": sorted[0], "median": sorted[sorted.count / 2], "max": sorted[sorted.count - 1]]
}

func seconds(_ value: Double) -> String { String(format: "%.3f s", value) }

/// Seconds that a body takes, and what it returns.
func timed<R>(_ body: () throws -> R) rethrows -> (R, Double) {
    let start = ContinuousClock.now
    let result = try body()
    let d = (ContinuousClock.now - start).components
    return (result, Double(d.seconds) + Double(d.attoseconds) * 1e-18)
}
