//! Our own reader of Automerge's change chunk, for the changes that a flat card can have and no others.
//!
//! Layout: `magic, checksum, kind, length | dependencies, actor, seq, start_op, time, message, other actors, columns, column bytes`.
//! [`Chunk::read`] looks at every byte once, counts operations from run lengths and expands nothing; [`Chunk::ops`] then yields the operations, as borrowed slices.
//!
//! # Invariants
//! - No input makes it panic; memory is bounded by the input, and by the allowed number of operations.
//! - A chunk that is read whole has exactly one form: equal operations in equal order have equal bytes.
//!
//! # Why
//! Automerge's own reader expands run lengths before anyone can count them, and takes in forms that it can't load again once saved.

use sha2::{Digest as _, Sha256};

use super::column::{Cursor, Row, Runs};
use super::error::{FormFault, GateError, ShapeFault};
use crate::ids::{ActorId, ChangeHash, Timestamp};
use crate::limits;

const MAGIC: [u8; 4] = [0x85, 0x6f, 0x4a, 0x83];
pub(super) const KIND_DOCUMENT: u8 = 0;
const KIND_CHANGE: u8 = 1;

const KEY: u32 = 21;
const INSERT: u32 = 52;
const ACTION: u32 = 66;
const VALUE_META: u32 = 86;
const VALUE: u32 = 87;
const PRED_COUNT: u32 = 112;
const PRED_ACTOR: u32 = 113;
const PRED_COUNTER: u32 = 115;
/// The columns of a flat change, in the order in which they are written.
const COLUMNS: [u32; 8] = [
    KEY,
    INSERT,
    ACTION,
    VALUE_META,
    VALUE,
    PRED_COUNT,
    PRED_ACTOR,
    PRED_COUNTER,
];

const ACTION_PUT: u64 = 1;
const ACTION_DELETE: u64 = 3;
const META_BYTES: u64 = 7;

/// Seconds beyond any [`Timestamp`]; Automerge stores differences of times and must not run over.
const SECONDS_MAX: u64 = i64::MAX.unsigned_abs() / 1_000 + 1;

/// What a change says about itself in front of its operations.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangeHeader {
    /// Automerge's hash of it, computed here from its bytes.
    pub hash: ChangeHash,
    /// Who made it, as it claims.
    pub actor: ActorId,
    /// Its number among the changes of that actor, from 1.
    pub seq: u64,
    /// Counter of its first operation.
    pub start_op: u64,
    /// How many operations it has.
    pub ops: u64,
    /// When it was made, as it claims, in whole seconds.
    pub claimed_at: Timestamp,
    /// The changes it builds on, ascending.
    pub deps: Vec<ChangeHash>,
}

impl ChangeHeader {
    /// Counter of the last operation.
    #[must_use]
    pub fn max_op(&self) -> u64 {
        self.start_op.saturating_add(self.ops).saturating_sub(1)
    }
}

/// What bounds a reader.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bounds {
    pub(super) bytes: usize,
    pub(super) ops: u64,
}

impl Bounds {
    /// For changes from elsewhere.
    pub(super) const RECEIVED: Self = Self {
        bytes: limits::CHANGE_BYTES_MAX,
        ops: limits::CHANGE_OPS_MAX,
    };
}

/// One operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Op<'a> {
    pub(super) key: &'a str,
    pub(super) does: Does<'a>,
}

/// What an operation does at its key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Does<'a> {
    Put(&'a [u8]),
    /// Deletes what the operation with this counter of this actor put.
    Delete {
        actor: ActorId,
        counter: u64,
    },
}

/// A change whose bytes are well formed and whose columns agree.
#[derive(Debug)]
pub(super) struct Chunk<'a> {
    pub(super) header: ChangeHeader,
    others: Vec<ActorId>,
    columns: Columns<'a>,
}

#[derive(Debug, Default)]
struct Columns<'a> {
    key: &'a [u8],
    insert: &'a [u8],
    action: &'a [u8],
    value_meta: &'a [u8],
    value: &'a [u8],
    pred_count: &'a [u8],
    pred_actor: &'a [u8],
    pred_counter: &'a [u8],
}

impl<'a> Chunk<'a> {
    /// Reads a change: V1 to V4, the part of V7, V9, V10 and V11 that its bytes alone decide, and that each column has one canonical form.
    pub(super) fn read(bytes: &'a [u8], bounds: Bounds) -> Result<Self, GateError> {
        let (hash, data) = open(bytes, KIND_CHANGE, bounds.bytes)?;
        let mut cursor = Cursor(data);
        let deps = read_deps(&mut cursor)?;
        let actor = read_actor(&mut cursor)?;
        let seq = cursor.unsigned()?;
        let start_op = cursor.unsigned()?;
        let claimed_at = read_time(&mut cursor)?;
        let message = cursor.unsigned()?;
        if message != 0 {
            return Err(GateError::Decoration { bytes: message });
        }
        let others = read_others(&mut cursor, actor)?;
        let columns = Columns::read(&mut cursor)?;
        if !cursor.is_empty() {
            let bytes = cursor.0.len().try_into().unwrap_or(u64::MAX);
            return Err(GateError::Decoration { bytes });
        }
        let ops = columns.count(bounds.ops)?;
        Ok(Self {
            header: ChangeHeader {
                hash,
                actor,
                seq,
                start_op,
                ops,
                claimed_at,
                deps,
            },
            others,
            columns,
        })
    }

    /// The operations in order. Refuses whatever a flat map of bytes does not have, and actors that nothing names.
    pub(super) fn ops(&self) -> Result<Vec<Op<'a>>, GateError> {
        let count = usize::try_from(self.header.ops).expect("the operations were bounded");
        let mut ops = Vec::with_capacity(count);
        let mut rows = Rows::of(&self.columns);
        let mut used = vec![false; self.others.len()];
        for op in 0..count {
            let key = rows.key.next()?;
            let does = match rows.does(op)? {
                Next::Put(value) => Does::Put(value),
                Next::Delete { actor, counter } => Does::Delete {
                    actor: self.named(actor, &mut used)?,
                    counter,
                },
            };
            ops.push(Op { key, does });
        }
        if used.contains(&false) {
            return Err(GateError::Form(FormFault::Actors));
        }
        Ok(ops)
    }

    /// The actor with this number: 0 is the change's own, the others follow.
    fn named(&self, index: u64, used: &mut [bool]) -> Result<ActorId, GateError> {
        let Some(at) = index.checked_sub(1) else {
            return Ok(self.header.actor);
        };
        let at = usize::try_from(at).unwrap_or(usize::MAX);
        let (Some(actor), Some(used)) = (self.others.get(at), used.get_mut(at)) else {
            return Err(GateError::Form(FormFault::Actors));
        };
        *used = true;
        Ok(*actor)
    }
}

/// Checks what every chunk begins with; gives its hash and the bytes behind.
pub(super) fn open(
    bytes: &[u8],
    kind: u8,
    bytes_max: usize,
) -> Result<(ChangeHash, &[u8]), GateError> {
    if bytes.len() > bytes_max {
        return Err(GateError::Size {
            bytes: bytes.len(),
            bytes_max,
        });
    }
    let mut cursor = Cursor(bytes);
    if cursor.array()? != MAGIC {
        return Err(GateError::Form(FormFault::Magic));
    }
    let checksum = cursor.array::<4>()?;
    let hashed = cursor.0;
    let [found] = cursor.array()?;
    if found != kind {
        return Err(GateError::Form(FormFault::Kind(found)));
    }
    let len = cursor.unsigned()?;
    let data = cursor.take(len)?;
    if !cursor.is_empty() {
        return Err(GateError::Form(FormFault::Trailing));
    }
    let hash: [u8; 32] = Sha256::digest(hashed).into();
    if !hash.starts_with(&checksum) {
        return Err(GateError::Checksum);
    }
    Ok((ChangeHash(hash), data))
}

fn read_deps(cursor: &mut Cursor<'_>) -> Result<Vec<ChangeHash>, GateError> {
    let count = cursor.unsigned()?;
    let wrong = GateError::Dependencies { count };
    let len = usize::try_from(count)
        .ok()
        .filter(|len| *len <= limits::CHANGE_DEPS_MAX)
        .ok_or_else(|| wrong.clone())?;
    let mut deps = Vec::with_capacity(len);
    for _ in 0..len {
        deps.push(ChangeHash(cursor.array()?));
    }
    if !deps.is_sorted_by(|one, next| one < next) {
        return Err(wrong);
    }
    Ok(deps)
}

fn read_actor(cursor: &mut Cursor<'_>) -> Result<ActorId, GateError> {
    let len = cursor.unsigned()?;
    ActorId::from_slice(cursor.take(len)?).ok_or(GateError::Form(FormFault::Actors))
}

fn read_others(cursor: &mut Cursor<'_>, own: ActorId) -> Result<Vec<ActorId>, GateError> {
    let count = cursor.unsigned()?;
    let mut others = Vec::new();
    for _ in 0..count {
        let actor = read_actor(cursor)?;
        if actor == own || others.last().is_some_and(|last| *last >= actor) {
            return Err(GateError::Form(FormFault::Actors));
        }
        others.push(actor);
    }
    Ok(others)
}

fn read_time(cursor: &mut Cursor<'_>) -> Result<Timestamp, GateError> {
    let seconds = cursor.signed()?;
    if seconds.unsigned_abs() > SECONDS_MAX {
        return Err(GateError::Time { seconds });
    }
    Ok(Timestamp(seconds.saturating_mul(1_000)))
}

impl<'a> Columns<'a> {
    /// Reads which columns there are and takes their bytes.
    fn read(cursor: &mut Cursor<'a>) -> Result<Self, GateError> {
        let count = cursor.unsigned()?;
        let mut lengths = [0_u64; COLUMNS.len()];
        let mut next = 0;
        for _ in 0..count {
            let number = cursor.unsigned()?;
            let column = u32::try_from(number).unwrap_or(u32::MAX);
            let Some(at) = COLUMNS.iter().position(|known| *known == column) else {
                let fault = ShapeFault::Column(column);
                return Err(GateError::Shape { op: 0, fault });
            };
            let len = cursor.unsigned()?;
            if at < next || len == 0 {
                return Err(GateError::Form(FormFault::NotCanonical));
            }
            next = at + 1;
            *lengths.get_mut(at).expect("a position is within its array") = len;
        }
        let mut bytes = lengths.iter().map(|len| cursor.take(*len));
        let mut column = || bytes.next().expect("there are as many lengths as columns");
        Ok(Self {
            key: column()?,
            insert: column()?,
            action: column()?,
            value_meta: column()?,
            value: column()?,
            pred_count: column()?,
            pred_actor: column()?,
            pred_counter: column()?,
        })
    }

    /// How many operations there are, when every column says the same and it is no more than `ops_max`. Reads each run once.
    fn count(&self, ops_max: u64) -> Result<u64, GateError> {
        let (keys, _) = Runs::<&str>::new(self.key).measure(|_| 0)?;
        let inserts = count_booleans(self.insert)?;
        let (ops, _) = Runs::<u64>::new(self.action).measure(|_| 0)?;
        let (metas, value_bytes) = Runs::<u64>::new(self.value_meta).measure(|meta| meta >> 4)?;
        let (pred_counts, preds) = Runs::<u64>::new(self.pred_count).measure(|count| count)?;
        let (pred_actors, _) = Runs::<u64>::new(self.pred_actor).measure(|_| 0)?;
        let (pred_counters, _) = Runs::<i64>::new(self.pred_counter).measure(|_| 0)?;
        let most = [
            ops,
            keys,
            inserts,
            metas,
            pred_counts,
            preds,
            pred_actors,
            pred_counters,
        ]
        .into_iter()
        .max()
        .unwrap_or(0);
        if most > ops_max {
            return Err(GateError::Ops { ops: most, ops_max });
        }
        let value_len = u64::try_from(self.value.len()).unwrap_or(u64::MAX);
        for (column, found, expected) in [
            (KEY, keys, ops),
            (INSERT, inserts, ops),
            (VALUE_META, metas, ops),
            (VALUE, value_len, value_bytes),
            (PRED_COUNT, pred_counts, ops),
            (PRED_ACTOR, pred_actors, preds),
            (PRED_COUNTER, pred_counters, preds),
        ] {
            if found != expected {
                return Err(GateError::Form(FormFault::Rows {
                    column,
                    found,
                    expected,
                }));
            }
        }
        Ok(ops)
    }
}

/// Rows of a column of yes and no, which alternate from no. A flat map inserts nowhere, so a second run is refused.
fn count_booleans(column: &[u8]) -> Result<u64, GateError> {
    let mut cursor = Cursor(column);
    if cursor.is_empty() {
        return Ok(0);
    }
    let rows = cursor.unsigned()?;
    if rows == 0 || !cursor.is_empty() {
        let fault = ShapeFault::Column(INSERT);
        return Err(GateError::Shape { op: 0, fault });
    }
    Ok(rows)
}

/// The columns row by row, after they were counted.
struct Rows<'a> {
    key: Row<'a, &'a str>,
    action: Row<'a, u64>,
    value_meta: Row<'a, u64>,
    value: Cursor<'a>,
    pred_count: Row<'a, u64>,
    pred_actor: Row<'a, u64>,
    pred_step: Row<'a, i64>,
    pred_counter: i64,
}

impl<'a> Rows<'a> {
    fn of(columns: &Columns<'a>) -> Self {
        Self {
            key: Row::new(columns.key),
            action: Row::new(columns.action),
            value_meta: Row::new(columns.value_meta),
            value: Cursor(columns.value),
            pred_count: Row::new(columns.pred_count),
            pred_actor: Row::new(columns.pred_actor),
            pred_step: Row::new(columns.pred_counter),
            pred_counter: 0,
        }
    }

    /// What the next operation does, without what it does it to.
    fn does(&mut self, op: usize) -> Result<Next<'a>, GateError> {
        let shape = |fault| Err(GateError::Shape { op, fault });
        let (action, meta, preds) = (
            self.action.next()?,
            self.value_meta.next()?,
            self.pred_count.next()?,
        );
        match (action, preds) {
            (ACTION_PUT, 0) if meta & 15 == META_BYTES => self.value.take(meta >> 4).map(Next::Put),
            (ACTION_DELETE, 1) if meta == 0 => {
                let actor = self.pred_actor.next()?;
                self.pred_counter = self.pred_counter.wrapping_add(self.pred_step.next()?);
                match u64::try_from(self.pred_counter) {
                    Ok(counter) => Ok(Next::Delete { actor, counter }),
                    Err(_) => shape(ShapeFault::UnseenDelete),
                }
            }
            (ACTION_PUT, 0) | (ACTION_DELETE, 1) => shape(ShapeFault::ValueType(meta & 15)),
            (ACTION_PUT | ACTION_DELETE, _) => shape(ShapeFault::Predecessors(preds)),
            (_, _) => shape(ShapeFault::Action(action)),
        }
    }
}

/// What an operation does, its predecessor's actor still a number.
enum Next<'a> {
    Put(&'a [u8]),
    Delete { actor: u64, counter: u64 },
}
