//! The names of refusals, which verdicts and metrics carry.

use super::*;

fn one_of_each() -> Vec<GateError> {
    let shape = |fault| GateError::Shape { op: 0, fault };
    vec![
        GateError::Size {
            bytes: 1,
            bytes_max: 0,
        },
        GateError::Form(FormFault::Magic),
        GateError::Ops { ops: 1, ops_max: 0 },
        GateError::Checksum,
        GateError::Binding(BindingFault::Actor),
        GateError::Sequence {
            expected: 1,
            found: 2,
            saw_own: true,
        },
        GateError::Unmet {
            dependency: ChangeHash([0; 32]),
        },
        GateError::Dependencies { count: 65 },
        GateError::Counter {
            expected: 1,
            found: 2,
        },
        GateError::CounterRoom { max_op: 0 },
        GateError::Time { seconds: 0 },
        GateError::Decoration { bytes: 1 },
        shape(ShapeFault::Nothing),
        shape(ShapeFault::Column(0)),
        shape(ShapeFault::Action(0)),
        shape(ShapeFault::ValueType(0)),
        shape(ShapeFault::Predecessors(0)),
        shape(ShapeFault::Key),
        shape(ShapeFault::NotFresh),
        shape(ShapeFault::Entry),
        shape(ShapeFault::ForeignEdit),
        shape(ShapeFault::IdleEdit),
        shape(ShapeFault::ForeignAuthor),
        shape(ShapeFault::Seen),
        shape(ShapeFault::StrayDelete),
        shape(ShapeFault::LogDelete),
        shape(ShapeFault::UnseenDelete),
        shape(ShapeFault::Schema(String::new())),
        GateError::Full {
            what: Holding::Notes,
            count: 0,
        },
        GateError::Permission {
            write: 0,
            reason: String::new(),
        },
        GateError::Proof(ProofFault::Load),
    ]
}

#[test]
fn codes_are_those_of_the_frozen_list() {
    let frozen = include_str!("../../../../tests/fixtures/gate-codes.txt");
    let codes: Vec<_> = one_of_each().iter().map(GateError::code).collect();
    assert_eq!(codes, frozen.lines().collect::<Vec<_>>());
}

#[test]
fn a_code_begins_with_the_number_of_its_rule() {
    for error in one_of_each() {
        let rule = format!("v{:02}_", error.rule());
        assert!(error.code().starts_with(&rule), "{error:?}");
        assert_eq!(error.is_recoverable(), error.code() == "v07_unmet");
    }
}
