// The one executable: `parth`.

import ArgumentParser

@main
struct ParthCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "parth",
        abstract:
            "A proving network: users' proofs become one block proof, by a tree of recursive two-to-one combines.",
        discussion: """
            Try it on this machine:
              parth demo --users 8 --workers 2

            A fleet of your own:
              parth sample --users 8 --out batch
              parth coordinator --listen 127.0.0.1:7800 --genesis batch/genesis.json --data chain
              parth worker --coordinator 127.0.0.1:7800 --threads 2
              parth submit --coordinator 127.0.0.1:7800 --wait batch/*.endcap
              parth verify chain/block-1.proof
            """,
        version: software,
        subcommands: [
            Demo.self, RunCoordinator.self, RunWorker.self, Sample.self, Submit.self, Status.self,
            Verify.self,
            Circuits.self, Bench.self,
        ])

    static let software = "parth 0.1.0"
}
