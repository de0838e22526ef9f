// Deferred claims (PROTOCOL.md section 9). A proof of a *deferred* shape does not open its circuit's preprocessed stack P: it ends in one claim P(z) = v that
// whoever relies on the proof must settle. In a tree of proofs of the same few circuits the claims are joined on the way up and settled once.

import CKernels

/// "The multilinear polynomial has this value at this point."
public struct DeferredClaim: Hashable, Sendable {
    public let point: [Extension]
    public let value: Extension

    public init(point: [Extension], value: Extension) {
        self.point = point
        self.value = value
    }

    /// The claim that any polynomial whose first cell is zero satisfies: its value at the origin is that cell.
    public static func trivial(variables: Int) -> DeferredClaim {
        DeferredClaim(point: [Extension](repeating: .zero, count: variables), value: .zero)
    }

    /// Coordinates, then the value.
    public var elements: [Extension] { point + [value] }

    public init(elements: [Extension]) {
        self.init(point: Array(elements.dropLast()), value: elements.last!)
    }
}

/// A polynomial with base coefficients that deferred claims are about: one circuit's preprocessed stack, or several one after the other.
public final class ClaimedPolynomial: Sendable {
    package let cells: BaseVector
    public let variables: Int

    /// - Precondition: a power of two of cells.
    package init(cells: BaseVector) {
        precondition(cells.count & (cells.count - 1) == 0)
        self.cells = cells
        variables = cells.count.trailingZeroBitCount
    }

    /// The preprocessed stacks of circuits of one shape, in order, as one polynomial: the leading coordinates choose the circuit.
    /// - Precondition: a power of two of keys, equal shapes.
    public convenience init(_ keys: [ProvingKey]) {
        precondition(
            keys.allSatisfy { $0.circuit.shape == keys[0].circuit.shape }
                && keys.count & (keys.count - 1) == 0)
        let each = keys[0].preprocessed.cells.count
        let cells = BaseVector(count: each * keys.count, zeroed: false)
        for (i, key) in keys.enumerated() {
            (cells.words + i * each).update(from: key.preprocessed.cells.words, count: each)
        }
        self.init(cells: cells)
    }

    public var firstCell: Field { cells[0] }

    /// The value at a point. The table of eq of the last coordinates is shared by all rows, so that it stays in cache.
    public func value(at point: [Extension]) -> Extension {
        precondition(point.count == variables)
        let low = min(variables, 12)
        let table = EqTables.table(Array(point.suffix(low)))
        let high = EqTables.table(Array(point.dropLast(low)))
        var sum = Extension.zero
        for row in 0..<high.count {
            sum +=
                high[row]
                * Extension {
                    kb_base_ext_dot(
                        cells.words + (row << low), table.words, table.stride, 1 << low, $0)
                }
        }
        return sum
    }

    public func satisfies(_ claim: DeferredClaim) -> Bool {
        claim.point.count == variables && value(at: claim.point) == claim.value
    }
}
