/// Why a proof was refused: the message or equation, what was expected and what was found.
public enum VerificationError: Error, Equatable, Sendable {
    case truncated(Message, at: Int, needed: Int, left: Int)
    case nonCanonical(Message, at: Int, word: UInt32)
    case trailingBytes(count: Int)
    case proofOfWork(bits: Int, nonce: Field)
    /// The verifier data or the parameters do not fit each other.
    case shape(String)
    /// The bus does not balance at the root of the fraction tree.
    case busImbalance
    /// A denominator product is zero.
    case zeroDenominator
    case fractionLayer(Int)
    /// The table constraints do not hold at the random point.
    case zerocheck
    case merkleRoot(round: Int, tree: Int)
    case finalClaim
    /// P15 is not the value of the columns' claims joined.
    case deferredValue
    /// P17 is not the value of the claims joined.
    case batchedValue
    /// The proof's claim on its circuit's preprocessed columns is false, or nobody can settle it.
    case deferredClaim(String)
    /// The statement or fingerprint expected by the caller is another.
    case unexpected(String, expected: String, got: String)
}

extension VerificationError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .truncated(let m, let at, let needed, let left):
            "proof truncated in message \(m.name) (\(m)) at byte \(at): expected \(needed) more bytes, got \(left)"
        case .nonCanonical(let m, let at, let word):
            "message \(m.name) (\(m)) at byte \(at): expected a word below \(Field.modulus), got \(word)"
        case .trailingBytes(let count): "expected the end of the proof, got \(count) more bytes"
        case .proofOfWork(let bits, let nonce):
            "message P11 (nonce): expected \(bits) bits of work, nonce \(nonce) does not do them"
        case .shape(let what): "verifier data: \(what)"
        case .busImbalance:
            "message P3 (fractionTop): the bus does not balance for this statement and circuit"
        case .zeroDenominator: "message P3 (fractionTop): expected non-zero denominators, got zero"
        case .fractionLayer(let layer):
            "message P5 (fractionClaims): layer \(layer) does not match its sum-check"
        case .zerocheck: "message P7 (evaluations): the constraints do not hold at the random point"
        case .merkleRoot(let round, let tree):
            "message P12 (opening): round \(round), tree \(tree): the opened leaves do not hash to the root"
        case .deferredValue:
            "message P15 (deferredValue): the columns' claims do not join to this value"
        case .batchedValue:
            "message P17 (batchedValue): the deferred claims do not join to this value"
        case .deferredClaim(let what): "deferred claim on the preprocessed columns: \(what)"
        case .finalClaim:
            "message P13 (finalPolynomial): the folded claim does not match the final polynomial"
        case .unexpected(let what, let expected, let got):
            "\(what): expected \(expected), got \(got)"
        }
    }
}
