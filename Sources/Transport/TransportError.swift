import Wire

/// What the outside world refused, in one line: what, where, expected, got.
package enum TransportError: Error, Equatable, Sendable {
    case endpoint(text: String)
    case cannotListen(Endpoint, reason: String)
    /// Plain TCP beyond this machine must be asked for by name.
    case notLoopback(Endpoint)
    case cannotConnect(Endpoint, reason: String)
}

extension TransportError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .endpoint(let text):
            "address: expected HOST:PORT with a port of 0…65535, got \"\(text)\""
        case .cannotListen(let endpoint, let reason):
            "cannot listen on \(endpoint): \(reason)"
        case .notLoopback(let endpoint):
            "cannot listen on \(endpoint): expected a loopback address, because connections are "
                + "not encrypted yet; pass --insecure to listen on a trusted network"
        case .cannotConnect(let endpoint, let reason):
            "cannot connect to \(endpoint): \(reason)"
        }
    }
}

/// Why a connection ended.
package enum CloseReason: Equatable, Sendable {
    /// The peer closed, or the network did.
    case peer
    /// We closed.
    case local
    case malformed(WireError)
    case greetingTimeout
    case frameTimeout
    case idle
    /// The peer does not read what it is sent.
    case slowReader(unsent: Int)
    case io(String)
}

extension CloseReason: CustomStringConvertible {
    package var description: String {
        switch self {
        case .peer: "closed by the peer"
        case .local: "closed here"
        case .malformed(let error): "malformed frame: \(error)"
        case .greetingTimeout: "no complete first frame in time"
        case .frameTimeout: "a frame was begun and not finished in time"
        case .idle: "idle for too long"
        case .slowReader(let unsent): "the peer left \(unsent) bytes unread"
        case .io(let reason): reason
        }
    }
}
