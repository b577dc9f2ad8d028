//! What a process is about to do, to be compared with what rank 0 is about to do.

use tch::{Kind, Tensor};

/// An operation on a tensor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Call {
    pub operation: &'static str,
    kind: Kind,
    elements: usize,
}

const OPERATIONS: [&str; 3] = ["sum", "gather", "broadcast"];

impl Call {
    /// The first of all, with which connections are made.
    pub(crate) const JOIN: Self = Self { operation: "join", kind: Kind::Int64, elements: 1 };

    /// The kinds of tensors that all backends carry.
    pub(crate) const KINDS: [Kind; 8] = [
        Kind::Uint8,
        Kind::Int8,
        Kind::Int,
        Kind::Int64,
        Kind::Half,
        Kind::BFloat16,
        Kind::Float,
        Kind::Double,
    ];

    pub(crate) fn new(operation: &'static str, tensor: &Tensor) -> Self {
        Self { operation, kind: tensor.kind(), elements: tensor.numel() }
    }

    /// As it is sent.
    pub(crate) fn numbers(&self) -> [i64; 3] {
        let place = OPERATIONS.iter().position(|operation| *operation == self.operation);
        let kind = Self::KINDS.iter().position(|kind| *kind == self.kind);
        let number = |place: Option<usize>| place.map_or(-1, |place| place as i64);
        [number(place), number(kind), self.elements as i64]
    }

    /// `sum of 5 Float`, from what was sent.
    pub(crate) fn text([operation, kind, elements]: [i64; 3]) -> String {
        let at = |n: i64| usize::try_from(n).unwrap_or(usize::MAX);
        let operation = OPERATIONS.get(at(operation)).copied().unwrap_or("something unknown");
        let kind = Self::KINDS.get(at(kind)).map_or("elements".into(), |kind| format!("{kind:?}"));
        format!("{operation} of {elements} {kind}")
    }
}

#[cfg(test)]
mod tests {
    use tch::Device;

    use super::*;

    #[test]
    fn calls_are_told_apart_and_named() {
        let call = |operation, n: i64, kind| {
            Call::new(operation, &Tensor::zeros([n], (kind, Device::Cpu))).numbers()
        };
        let sum = call("sum", 5, Kind::Float);
        assert_eq!(Call::text(sum), "sum of 5 Float");
        for other in [
            call("sum", 6, Kind::Float),
            call("sum", 5, Kind::Half),
            call("gather", 5, Kind::Float),
        ] {
            assert_ne!(other, sum);
        }
        assert_eq!(Call::text(call("gather", 0, Kind::Int64)), "gather of 0 Int64");
        assert_eq!(Call::text([7, -1, 3]), "something unknown of 3 elements");
    }
}
