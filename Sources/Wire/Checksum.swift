/// CRC-32C (Castagnoli, reflected polynomial 0x82F63B78), eight bytes a step.
///
/// It finds bytes changed by a network or a disk. It is no protection against a person: proofs
/// are verified, and artifacts are named by their SHA-256.
package enum Checksum {
    /// `tables[256·k + b]` is the CRC of byte `b` followed by `k` zero bytes.
    private static let tables: [UInt32] = {
        var tables = [UInt32](repeating: 0, count: 8 * 256)
        for byte in 0..<256 {
            var crc = UInt32(byte)
            for _ in 0..<8 { crc = (crc >> 1) ^ (crc & 1 == 1 ? 0x82F6_3B78 : 0) }
            tables[byte] = crc
        }
        for slot in 256..<8 * 256 {
            let previous = tables[slot - 256]
            tables[slot] = (previous >> 8) ^ tables[Int(previous & 0xFF)]
        }
        return tables
    }()

    /// Continues `crc` (0 at the start) over `bytes`.
    package static func crc32c(_ bytes: some Sequence<UInt8>, continuing crc: UInt32 = 0) -> UInt32
    {
        bytes.withContiguousStorageIfAvailable { update(crc, $0) }
            ?? Array(bytes).withUnsafeBufferPointer { update(crc, $0) }
    }

    private static func update(_ start: UInt32, _ bytes: UnsafeBufferPointer<UInt8>) -> UInt32 {
        tables.withUnsafeBufferPointer { table in
            var crc = ~start
            var index = 0
            let raw = UnsafeRawBufferPointer(bytes)
            // SAFETY: `index + 8 <= count` bounds the load; every table index is a byte plus a
            // multiple of 256 below 2048, and the table has 2048 entries.
            while index + 8 <= raw.count {
                let word = raw.loadUnaligned(fromByteOffset: index, as: UInt64.self).littleEndian
                let low = UInt32(truncatingIfNeeded: word) ^ crc
                let high = UInt32(truncatingIfNeeded: word >> 32)
                crc =
                    table[1792 + Int(low & 0xFF)] ^ table[1536 + Int(low >> 8 & 0xFF)]
                    ^ table[1280 + Int(low >> 16 & 0xFF)] ^ table[1024 + Int(low >> 24)]
                crc ^=
                    table[768 + Int(high & 0xFF)] ^ table[512 + Int(high >> 8 & 0xFF)]
                    ^ table[256 + Int(high >> 16 & 0xFF)] ^ table[Int(high >> 24)]
                index += 8
            }
            while index < raw.count {
                crc = (crc >> 8) ^ table[Int((crc ^ UInt32(raw[index])) & 0xFF)]
                index += 1
            }
            return ~crc
        }
    }
}
