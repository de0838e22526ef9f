import Crypto
import Wire

extension Artifact {
    /// Names `bytes` by their SHA-256.
    package init(naming bytes: [UInt8]) {
        self.init(digest: Self.digest(of: bytes), bytes: bytes)
    }

    package static func digest(of bytes: [UInt8]) -> ArtifactDigest {
        ArtifactDigest(exactly: Array(SHA256.hash(data: bytes)))!  // SHA-256 has 32 bytes.
    }

    /// Whether the bytes are those that the digest names.
    package var isIntact: Bool { Self.digest(of: bytes) == digest }
}
