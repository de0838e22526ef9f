import NIOCore
import Wire

/// Bytes to frames and back on one channel, with every bound of `ConnectionLimits`.
///
/// TLS will be another handler in front of this one; nothing here knows.
final class FrameHandler: ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundIn = Connection.Command
    typealias OutboundOut = ByteBuffer

    private let connection: Connection
    private let delegate: any ConnectionDelegate
    private let limits: ConnectionLimits
    private var maximumPayload: Int
    private var buffer = ByteBuffer()
    private var header: FrameHeader?
    private var isGreeted: Bool
    private var isOpen = false
    private var closeReason: CloseReason?
    private var unsentBytes = 0
    private var openedAt = NIODeadline.now()
    private var lastReadAt = NIODeadline.now()
    private var frameBeganAt: NIODeadline?
    private var isFinishing = false
    private var timer: RepeatedTask?

    /// - Parameter isServer: an accepted peer is unknown and bounded until `Connection.admit`.
    init(
        connection: Connection, delegate: any ConnectionDelegate, limits: ConnectionLimits,
        isServer: Bool
    ) {
        self.connection = connection
        self.delegate = delegate
        self.limits = limits
        isGreeted = !isServer
        maximumPayload = isServer ? WireLimits.greetingPayload : WireLimits.framePayload
    }

    // MARK: Life

    func channelActive(context: ChannelHandlerContext) {
        openedAt = .now()
        lastReadAt = openedAt
        isOpen = true
        let loopBound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        let interval = TimeAmount.nanoseconds(Int64(limits.check.nanoseconds))
        timer = context.eventLoop.scheduleRepeatedTask(
            initialDelay: interval, delay: interval
        ) { _ in
            let (handler, context) = loopBound.value
            handler.checkTimes(context)
        }
        delegate.opened(connection)
        context.fireChannelActive()
    }

    func channelInactive(context: ChannelHandlerContext) {
        timer?.cancel()
        timer = nil
        if isOpen {
            isOpen = false
            delegate.closed(connection, reason: closeReason ?? .peer)
        }
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        close(context, .io("\(error)"))
    }

    private func close(_ context: ChannelHandlerContext, _ reason: CloseReason) {
        if closeReason == nil { closeReason = reason }
        context.close(promise: nil)
    }

    private func checkTimes(_ context: ChannelHandlerContext) {
        let now = NIODeadline.now()
        func passed(_ since: NIODeadline, _ limit: Span) -> Bool {
            (now - since).nanoseconds >= Int64(limit.nanoseconds)
        }
        if isFinishing {
            return  // `finish` has its own end.
        } else if !isGreeted, passed(openedAt, limits.greeting) {
            close(context, .greetingTimeout)
        } else if let frameBeganAt, passed(frameBeganAt, limits.frame) {
            close(context, .frameTimeout)
        } else if passed(lastReadAt, limits.idle) {
            close(context, .idle)
        }
    }

    // MARK: Inbound

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard closeReason == nil else { return }
        lastReadAt = .now()
        var incoming = unwrapInboundIn(data)
        buffer.writeBuffer(&incoming)
        do {
            while closeReason == nil, let frame = try nextFrame() {
                isGreeted = true
                delegate.received(frame, on: connection)
            }
        } catch {
            refuse(context, error)
        }
        if buffer.readableBytes == 0 {
            buffer.clear(minimumCapacity: 0)
        } else {
            buffer.discardReadBytes()
        }
    }

    private func nextFrame() throws(WireError) -> Frame? {
        if header == nil {
            guard let bytes = buffer.readBytes(length: FrameHeader.byteCount) else {
                // A peer of another protocol may never send 40 bytes: look at what is there.
                try checkMagic()
                frameBeganAt = buffer.readableBytes == 0 ? nil : frameBeganAt ?? .now()
                return nil
            }
            header = try FrameHeader(decoding: bytes, maximumPayload: maximumPayload)
        }
        guard let header, let payload = buffer.readBytes(length: header.payloadCount) else {
            frameBeganAt = frameBeganAt ?? .now()
            return nil
        }
        self.header = nil
        frameBeganAt = nil
        return try Frame(header: header, payload: payload)
    }

    private func checkMagic() throws(WireError) {
        guard
            let magic = buffer.getInteger(
                at: buffer.readerIndex, endianness: .little, as: UInt32.self)
        else { return }
        if magic != FrameHeader.magic { throw .magic(got: magic) }
    }

    /// Tells the peer what was wrong with its bytes, and closes.
    private func refuse(_ context: ChannelHandlerContext, _ error: WireError) {
        closeReason = .malformed(error)
        let code: RefusalCode = if case .version = error { .version } else { .malformed }
        emit(context, .error(ErrorMessage(Refusal(code, "\(error)"))), epoch: 0, correlation: 0)
        finish(context)
    }

    // MARK: Outbound

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        switch unwrapOutboundIn(data) {
        case .send(let message, let epoch, let correlation):
            if !isFinishing {
                emit(context, message, epoch: epoch, correlation: correlation)
            }
        case .admit:
            isGreeted = true
            maximumPayload = WireLimits.framePayload
        case .finish:
            if closeReason == nil { closeReason = .local }
            finish(context)
        }
        promise?.succeed(())
    }

    private func emit(
        _ context: ChannelHandlerContext, _ message: Message, epoch: UInt64, correlation: UInt64
    ) {
        let bytes = message.encoded(epoch: epoch, correlation: correlation)
        unsentBytes += bytes.count
        guard unsentBytes <= limits.unsentBytes else {
            close(context, .slowReader(unsent: unsentBytes))
            return
        }
        let count = bytes.count
        let loopBound = NIOLoopBound(self, eventLoop: context.eventLoop)
        let sent = context.eventLoop.makePromise(of: Void.self)
        sent.futureResult.whenComplete { _ in loopBound.value.unsentBytes -= count }
        context.writeAndFlush(
            wrapOutboundOut(context.channel.allocator.buffer(bytes: bytes)), promise: sent)
    }

    /// Ends our direction once the bytes before are out, and waits for the peer to close: closing
    /// at once, with bytes of its unread, would reset the connection and could take our last
    /// frame from it. A peer that does not close is cut.
    private func finish(_ context: ChannelHandlerContext) {
        guard !isFinishing else { return }
        isFinishing = true
        let loopBound = NIOLoopBound(context, eventLoop: context.eventLoop)
        context.writeAndFlush(wrapOutboundOut(ByteBuffer())).whenComplete { _ in
            loopBound.value.close(mode: .output, promise: nil)
        }
        let farewell = TimeAmount.nanoseconds(Int64(limits.farewell.nanoseconds))
        context.eventLoop.scheduleTask(in: farewell) { loopBound.value.close(promise: nil) }
    }
}
