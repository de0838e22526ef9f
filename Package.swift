// swift-tools-version: 6.1
// PARTH: a distributed proving network for recursive zero-knowledge aggregation. The ladder of modules is in README.md.

import PackageDescription

let nio: [Target.Dependency] = [
    .product(name: "NIOCore", package: "swift-nio"),
    .product(name: "NIOPosix", package: "swift-nio"),
]
let log: Target.Dependency = .product(name: "Logging", package: "swift-log")
let crypto: Target.Dependency = .product(name: "Crypto", package: "swift-crypto")
let collections: Target.Dependency = .product(name: "Collections", package: "swift-collections")
let lifecycle: Target.Dependency = .product(
    name: "ServiceLifecycle", package: "swift-service-lifecycle")
let arguments: Target.Dependency = .product(
    name: "ArgumentParser", package: "swift-argument-parser")

let package = Package(
    name: "parth",
    products: [.executable(name: "parth", targets: ["ParthCLI"])],
    dependencies: [
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
    ],
    targets: [
        .target(name: "CKernels", exclude: ["README.md"]),
        .systemLibrary(name: "CZstd", pkgConfig: "libzstd", providers: [.apt(["libzstd-dev"])]),
        .target(name: "Wire", dependencies: ["CZstd"], exclude: ["README.md"]),
        .target(
            name: "ProofCore", dependencies: ["CKernels"],
            exclude: ["README.md", "PROTOCOL.md", "Commitment/README.md"]),
        .target(name: "Parth", dependencies: ["ProofCore"], exclude: ["README.md"]),
        .target(name: "Transport", dependencies: ["Wire", crypto] + nio, exclude: ["README.md"]),
        .target(
            name: "Coordinator", dependencies: ["Wire", "Transport", log, collections, lifecycle],
            exclude: ["README.md"]),
        .target(
            name: "Worker", dependencies: ["Wire", "Transport", log, lifecycle],
            exclude: ["README.md"]),
        .executableTarget(
            name: "ParthCLI",
            dependencies: [
                "CKernels", "ProofCore", "Parth", "Wire", "Transport", "Coordinator", "Worker", log,
                lifecycle, arguments,
            ],
            exclude: ["README.md"]),
        .testTarget(name: "WireTests", dependencies: ["Wire"]),
        .testTarget(name: "ProofCoreTests", dependencies: ["ProofCore", "CKernels"]),
        .testTarget(name: "ParthTests", dependencies: ["Parth", "ProofCore"]),
        .testTarget(name: "TransportTests", dependencies: ["Transport", "Wire"] + nio),
        .testTarget(name: "CoordinatorTests", dependencies: ["Coordinator", "Transport", "Wire"]),
        .testTarget(
            name: "WorkerTests", dependencies: ["Worker", "Coordinator", "Transport", "Wire", log]),
        .testTarget(
            name: "CLITests",
            dependencies: ["ProofCore", "Parth", "Worker", "Transport", "Wire", log]),
        .testTarget(name: "TidyTests"),
    ],
    swiftLanguageModes: [.v6]
)
