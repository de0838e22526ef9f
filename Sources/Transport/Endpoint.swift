import NIOCore

/// A host and a port, as in `127.0.0.1:7800`, `prover-3:7800` or `[::1]:0`.
package struct Endpoint: Hashable, Sendable, CustomStringConvertible {
    package let host: String
    package let port: Int

    package init(host: String, port: Int) {
        self.host = host
        self.port = port
    }

    package init(parsing text: String) throws(TransportError) {
        guard let colon = text.lastIndex(of: ":"),
            let port = UInt16(text[text.index(after: colon)...])
        else { throw .endpoint(text: text) }
        var host = text[..<colon]
        if host.hasPrefix("["), host.hasSuffix("]") {
            host = host.dropFirst().dropLast()
        } else if host.contains(":") {
            throw .endpoint(text: text)
        }
        guard !host.isEmpty else { throw .endpoint(text: text) }
        self.init(host: String(host), port: Int(port))
    }

    init?(_ address: SocketAddress?) {
        guard let host = address?.ipAddress, let port = address?.port else { return nil }
        self.init(host: host, port: port)
    }

    /// Whether the host names this machine itself, without asking a name server.
    package var isLoopback: Bool {
        host == "localhost" || host == "::1" || isIPv4Loopback
    }

    private var isIPv4Loopback: Bool {
        let parts = host.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4 && parts[0] == "127" && parts.allSatisfy { UInt8($0) != nil }
    }

    package var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
}
