import CZstd

/// zstd for one body at a time, bounded on both sides.
enum Compression {
    /// The compressed bytes, or `nil` when they would not be smaller than `bytes`.
    static func compressed(_ bytes: [UInt8]) -> [UInt8]? {
        guard bytes.count >= WireLimits.compressionThreshold else { return nil }
        var smaller = true
        let result = [UInt8](unsafeUninitializedCapacity: bytes.count) { buffer, count in
            // A destination smaller than the source makes zstd stop as soon as it cannot win.
            let written = ZSTD_compress(
                buffer.baseAddress, bytes.count - 1, bytes, bytes.count,
                WireLimits.compressionLevel)
            smaller = ZSTD_isError(written) == 0
            count = smaller ? written : 0
        }
        return smaller ? result : nil
    }

    /// Decompresses into exactly `rawCount` bytes, which the caller has checked against its limit.
    static func decompressed(_ bytes: [UInt8], rawCount: Int) throws(WireError) -> [UInt8] {
        let declared = ZSTD_getFrameContentSize(bytes, bytes.count)
        guard declared == UInt64(rawCount) else {
            throw .compression(
                reason: "expected a zstd frame of \(rawCount) bytes, got "
                    + (declared >= UInt64.max - 1 ? "none" : "\(declared)"))
        }
        var failure: String?
        let result = [UInt8](unsafeUninitializedCapacity: rawCount) { buffer, count in
            let written = ZSTD_decompress(buffer.baseAddress, rawCount, bytes, bytes.count)
            if ZSTD_isError(written) != 0 {
                failure = String(cString: ZSTD_getErrorName(written))
            } else {
                count = written
            }
        }
        if let failure { throw .compression(reason: failure) }
        guard result.count == rawCount else {
            throw .compression(reason: "expected \(rawCount) bytes, got \(result.count)")
        }
        return result
    }
}
