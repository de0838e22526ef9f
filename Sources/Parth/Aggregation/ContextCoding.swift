// Contexts as bytes, as a task carries them: counts and digests, nothing else.

import ProofCore

extension CombineContext {
    /// level [1 byte], number of left siblings [1], of right siblings [1], the siblings [32 each].
    public var bytes: [UInt8] {
        [UInt8(level), UInt8(leftSiblings.count), UInt8(rightSiblings.count)]
            + (leftSiblings + rightSiblings).flatMap(\.bytes)
    }

    /// - Throws: `ArtifactError`.
    public init(bytes: [UInt8]) throws {
        guard bytes.count >= 3 else {
            throw ArtifactError(
                "combine context", expected: "at least 3 bytes", got: "\(bytes.count)")
        }
        let (level, left, right) = (Int(bytes[0]), Int(bytes[1]), Int(bytes[2]))
        guard (1...Network.userTreeHeight).contains(level), left < level, right < level else {
            throw ArtifactError(
                "combine context",
                expected: "a level of 1...\(Network.userTreeHeight) and fewer siblings",
                got: "\(level), \(left), \(right)")
        }
        let siblings = try digests(bytes[3...], count: left + right, "combine context")
        self.init(
            level: level, leftSiblings: Array(siblings[..<left]),
            rightSiblings: Array(siblings[left...]))
    }
}

extension BlockContext {
    /// height [4 bytes, little endian], user root, contract root, previous [32 each], number of siblings [1], the siblings [32 each].
    public var bytes: [UInt8] {
        let height = withUnsafeBytes(of: state.height.littleEndian) { Array($0) }
        return height + state.userRoot.bytes + state.contractRoot.bytes + state.previous.bytes
            + [UInt8(siblings.count)] + siblings.flatMap(\.bytes)
    }

    /// - Throws: `ArtifactError`.
    public init(bytes: [UInt8]) throws {
        guard bytes.count >= 101 else {
            throw ArtifactError(
                "block context", expected: "at least 101 bytes", got: "\(bytes.count)")
        }
        let height = bytes[0..<4].reversed().reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
        let roots = try digests(bytes[4..<100], count: 3, "block context")
        let count = Int(bytes[100])
        guard height < Field.modulus - 1, count <= Network.userTreeHeight else {
            throw ArtifactError(
                "block context", expected: "a height below the modulus and at most 30 siblings",
                got: "\(height), \(count)")
        }
        self.init(
            state: BlockState(
                userRoot: roots[0], contractRoot: roots[1], previous: roots[2], height: height),
            siblings: try digests(bytes[101...], count: count, "block context"))
    }
}

private func digests(_ bytes: ArraySlice<UInt8>, count: Int, _ place: String) throws -> [Digest] {
    guard bytes.count == 32 * count else {
        throw ArtifactError(
            place, expected: "\(count) digests, \(32 * count) bytes", got: "\(bytes.count) bytes")
    }
    return try (0..<count).map { i in
        guard let digest = Digest(bytes: bytes.dropFirst(32 * i).prefix(32)) else {
            throw ArtifactError(
                "\(place), digest \(i)", expected: "eight words below the modulus",
                got: "a larger one")
        }
        return digest
    }
}
