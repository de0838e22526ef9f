import Testing

extension CommandLineTests {
    /// Wrong command lines, and help.
    @Suite(.serialized, .timeLimit(.minutes(2))) struct UsageTests {
        static let commands = [
            ["demo"], ["coordinator"], ["worker"], ["sample"], ["submit"], ["status"], ["verify"],
            ["circuits"], ["bench"], ["bench", "combine"], ["bench", "kernels"],
        ]

        @Test(arguments: commands)
        func helpShowsAnExample(_ command: [String]) async throws {
            try await Sandbox.run { sandbox in
                let help = try await sandbox.parth(command + ["--help"])
                help.expectSuccess()
                #expect(help.errors.isEmpty)
                // Beside the usage line, which every command has.
                let name = "parth " + command.joined(separator: " ")
                let examples = help.output.split(separator: "\n").filter {
                    $0.contains(name) && !$0.hasPrefix("USAGE:") && !$0.contains("help")
                }
                #expect(!examples.isEmpty, "\(help.output)")
                if command != ["bench"] {
                    #expect(help.output.contains("--json"), "\(help.output)")
                }
            }
        }

        @Test func theRootListsEveryCommandAndItsVersion() async throws {
            try await Sandbox.run { sandbox in
                let help = try await sandbox.parth("--help")
                help.expectSuccess()
                for command in Self.commands { #expect(help.output.contains("  \(command[0])")) }
                let version = try await sandbox.parth("--version")
                version.expectSuccess()
                #expect(version.output.hasPrefix("parth "))
            }
        }

        @Test(arguments: [
            (["demo", "--frobnicate"], "--frobnicate"), (["frobnicate"], "frobnicate"),
            (["demo", "--users", "0"], "--users"), (["demo", "--users", "4097"], "--users"),
            (["demo", "--users", "many"], "--users"), (["demo", "--users=-1"], "--users"),
            (["demo", "--users"], "--users"),
            (["demo", "--users", "99999999999999999999999"], "--users"),
            (["demo", "--workers", "0"], "--workers"), (["demo", "--threads", "0"], "--threads"),
            (["demo", "--ids", "diagonal"], "dense"), (["demo", "--seed", "-1"], "--seed"),
            (["sample", "--users", "0", "--out", "x"], "--users"), (["sample"], "--out"),
            (["sample", "--threads", "0", "--out", "x"], "--threads"),
            (["worker"], "--coordinator"),
            (["worker", "--coordinator", "127.0.0.1:1", "--threads", "0"], "--threads"),
            (["worker", "--coordinator", "127.0.0.1:1", "--slots", "0"], "--slots"),
            (["worker", "--coordinator", "127.0.0.1:1", "--slots", "100000"], "--slots"),
            (["coordinator", "--genesis", "x"], "--data"),
            (
                ["coordinator", "--genesis", "x", "--data", "x", "--verification-threads", "0"],
                "--verification-threads"
            ),
            (["coordinator", "--genesis", "x", "--data", "x", "--log-level", "loud"], "log-level"),
            (["submit"], "end-caps"), (["status", "--round", "first"], "--round"),
            (["verify"], "proof"), (["verify", "a", "b"], "b"),
            (["bench", "combine", "--runs", "0"], "--runs"),
            (["bench", "combine", "--threads", "0"], "--threads"),
            (["bench", "combine", "--threads", "257"], "--threads"),
        ])
        func wrongArgumentsExit64(_ arguments: [String], _ word: String) async throws {
            try await Sandbox.run { sandbox in
                let run = try await sandbox.parth(arguments, limit: .seconds(20))
                run.expectUsageError(naming: word)
                #expect(run.output.isEmpty)
            }
        }
    }
}
