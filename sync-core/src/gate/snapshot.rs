//! Reading which keys a saved document ever held, straight from its operation columns.
//!
//! Automerge tells what stands, not what was deleted, unless it builds every change anew, which costs more than loading the document.
//! The saved bytes list each put with the operations that deleted it, in columns that [`super::column`] reads already.
//!
//! The bytes are our own (a document was just saved), so runs need not be canonical here; they are bounded all the same.

use super::chunk::{KIND_DOCUMENT, open};
use super::column::{Cursor, Row, Runs};
use super::error::{FormFault, GateError, ShapeFault};
use crate::ids::ActorId;
use crate::limits;

const KEY: u64 = 21;
const ID_ACTOR: u64 = 33;
const ID_COUNTER: u64 = 35;
const INSERT: u64 = 52;
const ACTION: u64 = 66;
const VALUE_META: u64 = 86;
const VALUE: u64 = 87;
const DELETED_COUNT: u64 = 128;
const DELETED_ACTOR: u64 = 129;
const DELETED_COUNTER: u64 = 131;

const ACTION_PUT: u64 = 1;
/// Bytes of a document that is held: one that was let in, and what a batch may add.
const BYTES_MAX: usize = 2 * limits::DOCUMENT_BYTES_MAX;

/// The name of an operation.
pub(super) type OpId = (ActorId, u64);

/// A key's put, and the operations that deleted it.
#[derive(Debug)]
pub(super) struct SavedPut<'a> {
    pub(super) key: &'a str,
    pub(super) id: OpId,
    pub(super) value_len: u64,
    pub(super) deleted_by: Vec<OpId>,
}

/// Every put of a saved document, in the order of keys.
pub(super) fn read_puts(saved: &[u8]) -> Result<Vec<SavedPut<'_>>, GateError> {
    let (_, data) = open(saved, KIND_DOCUMENT, BYTES_MAX)?;
    let mut cursor = Cursor(data);
    let mut actors = Vec::new();
    for _ in 0..cursor.unsigned()? {
        let len = cursor.unsigned()?;
        let actor = ActorId::from_slice(cursor.take(len)?);
        actors.push(actor.ok_or(GateError::Form(FormFault::Actors))?);
    }
    for _ in 0..cursor.unsigned()? {
        cursor.array::<32>()?;
    }
    let changes = read_lengths(&mut cursor)?;
    let columns = read_lengths(&mut cursor)?;
    for (_, len) in changes {
        cursor.take(len)?;
    }
    let mut taken = Vec::with_capacity(columns.len());
    for (column, len) in columns {
        taken.push((column, cursor.take(len)?));
    }
    Puts::of(&taken)?.read(&actors)
}

fn read_lengths(cursor: &mut Cursor<'_>) -> Result<Vec<(u64, u64)>, GateError> {
    let mut columns = Vec::new();
    for _ in 0..cursor.unsigned()? {
        columns.push((cursor.unsigned()?, cursor.unsigned()?));
    }
    Ok(columns)
}

/// The columns that are read.
struct Puts<'a> {
    count: u64,
    key: Row<'a, &'a str>,
    id_actor: Row<'a, u64>,
    id_step: Row<'a, i64>,
    action: Row<'a, u64>,
    value_meta: Row<'a, u64>,
    deleted_count: Row<'a, u64>,
    deleted_actor: Row<'a, u64>,
    deleted_step: Row<'a, i64>,
}

impl<'a> Puts<'a> {
    fn of(columns: &[(u64, &'a [u8])]) -> Result<Self, GateError> {
        const KNOWN: [u64; 10] = [
            KEY,
            ID_ACTOR,
            ID_COUNTER,
            INSERT,
            ACTION,
            VALUE_META,
            VALUE,
            DELETED_COUNT,
            DELETED_ACTOR,
            DELETED_COUNTER,
        ];
        if let Some((column, _)) = columns.iter().find(|(column, _)| !KNOWN.contains(column)) {
            let fault = ShapeFault::Column(u32::try_from(*column).unwrap_or(u32::MAX));
            return Err(GateError::Shape { op: 0, fault });
        }
        let of = |wanted| {
            let found = columns.iter().find(|(column, _)| *column == wanted);
            found.map_or(&[][..], |(_, bytes)| bytes)
        };
        let (count, _) = Runs::<&str>::lenient(of(KEY)).measure(|_| 0)?;
        let deletes = Runs::<u64>::lenient(of(DELETED_COUNT)).measure(|count| count)?;
        // A key takes more than 16 bytes and is written once, so no document holds more; a run length may say anything.
        if count.max(deletes.1) > 1 << 17 {
            return Err(GateError::Form(FormFault::Document));
        }
        Ok(Self {
            count,
            key: Row::of(Runs::lenient(of(KEY))),
            id_actor: Row::of(Runs::lenient(of(ID_ACTOR))),
            id_step: Row::of(Runs::lenient(of(ID_COUNTER))),
            action: Row::of(Runs::lenient(of(ACTION))),
            value_meta: Row::of(Runs::lenient(of(VALUE_META))),
            deleted_count: Row::of(Runs::lenient(of(DELETED_COUNT))),
            deleted_actor: Row::of(Runs::lenient(of(DELETED_ACTOR))),
            deleted_step: Row::of(Runs::lenient(of(DELETED_COUNTER))),
        })
    }

    fn read(mut self, actors: &[ActorId]) -> Result<Vec<SavedPut<'a>>, GateError> {
        let (mut counter, mut deleted_counter) = (0, 0);
        let mut puts = Vec::new();
        for op in 0..usize::try_from(self.count).unwrap_or(0) {
            let action = self.action.next()?;
            if action != ACTION_PUT {
                let fault = ShapeFault::Action(action);
                return Err(GateError::Shape { op, fault });
            }
            let id = name(
                actors,
                &mut self.id_actor,
                (&mut counter, &mut self.id_step),
            )?;
            let mut deleted_by = Vec::new();
            for _ in 0..self.deleted_count.next()? {
                let step = (&mut deleted_counter, &mut self.deleted_step);
                deleted_by.push(name(actors, &mut self.deleted_actor, step)?);
            }
            puts.push(SavedPut {
                key: self.key.next()?,
                id,
                value_len: self.value_meta.next()? >> 4,
                deleted_by,
            });
        }
        Ok(puts)
    }
}

/// The next operation named by a column of actors and one of counter steps.
fn name(
    actors: &[ActorId],
    actor: &mut Row<'_, u64>,
    (counter, step): (&mut i64, &mut Row<'_, i64>),
) -> Result<OpId, GateError> {
    let at = usize::try_from(actor.next()?).unwrap_or(usize::MAX);
    let actor = actors.get(at).copied();
    *counter = counter.wrapping_add(step.next()?);
    let wrong = GateError::Form(FormFault::Actors);
    Ok((
        actor.ok_or(wrong.clone())?,
        u64::try_from(*counter).ok().ok_or(wrong)?,
    ))
}
