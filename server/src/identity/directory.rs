//! The present state of people, handhelds, sessions and keys: stored rows, and a copy of them in memory that every request is checked against.
//!
//! # Invariants
//! - Rows are written through [`IdentityTx`] only, which notes each change for the copy.
//! - The copy takes the changes of a transaction after its commit and before anybody is answered ([`crate::writer::Writer::run_then`]):
//!   the request after a deactivation already meets it.
//! - Ended sessions leave the copy but stay stored.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use sync_core::ids::{AssociateId, DeviceId, SessionId, ShopId, Timestamp};
use sync_core::store::{
    Direction, KeyRange, ReadTx, StoreError, Table, WriteTx, decode_row, get_row, key, prefix_end,
    put_row, scan_prefix,
};

use super::integrations::IntegrationId;
use super::rows::{
    AssociateRow, DeviceRow, EnrolmentRow, IntegrationRow, SecurityEventRow, SessionEnd,
    SessionRow, ShopRow,
};
use crate::config::LEASE_HOURS_MAX;

/// Keys of rows begin with this; other first bytes are indexes over them.
const ROW: &[u8] = b"r";
/// `(associate login) → id`.
const BY_LOGIN: &[u8] = b"n";
/// `(device thumbprint) → id`.
const BY_THUMBPRINT: &[u8] = b"k";
/// `(associate, session)` of sessions that nothing has ended.
const OPEN_OF_ASSOCIATE: &[u8] = b"a";
/// `(device, session)` of sessions that nothing has ended.
const OPEN_OF_DEVICE: &[u8] = b"d";
/// `(device, associate)` of everybody who ever signed in on a handheld.
const EVER_ON_DEVICE: &[u8] = b"e";
/// Security events in the table of single values, numbered.
const SECURITY_EVENT: &[u8] = b"security/";

/// What is known of a session that nothing has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OpenSession {
    /// Who signed in.
    pub associate: AssociateId,
    /// On which handheld.
    pub device: Option<DeviceId>,
    /// When it ends at the latest.
    pub expires_at: Timestamp,
}

/// The copy in memory.
#[derive(Debug, Default)]
pub struct Directory {
    /// All shops.
    pub shops: BTreeMap<ShopId, ShopRow>,
    /// All associates, those who left included.
    pub associates: BTreeMap<AssociateId, AssociateRow>,
    /// All handhelds, revoked ones included.
    pub devices: BTreeMap<DeviceId, DeviceRow>,
    /// Sessions that nothing has ended.
    pub sessions: BTreeMap<SessionId, OpenSession>,
    /// All integrations, revoked ones included.
    pub integrations: BTreeMap<IntegrationId, IntegrationRow>,
}

/// A change for the copy.
#[derive(Debug)]
pub(super) enum Change {
    Shop(ShopId, ShopRow),
    Associate(AssociateId, AssociateRow),
    Device(DeviceId, DeviceRow),
    SessionOpened(SessionId, OpenSession),
    SessionEnded(SessionId),
    Integration(IntegrationId, IntegrationRow),
}

impl Directory {
    /// Loads the copy.
    ///
    /// # Errors
    /// What the store reports.
    pub fn load(tx: &dyn ReadTx) -> Result<Self, StoreError> {
        Ok(Self {
            shops: rows(tx, Table::Shop, ShopId::from_slice)?,
            associates: rows(tx, Table::Associate, AssociateId::from_slice)?,
            devices: rows(tx, Table::Device, DeviceId::from_slice)?,
            sessions: open_sessions(tx)?,
            integrations: rows(tx, Table::Integration, IntegrationId::from_slice)?,
        })
    }

    pub(super) fn apply(&mut self, change: Change) {
        match change {
            Change::Shop(id, row) => drop(self.shops.insert(id, row)),
            Change::Associate(id, row) => drop(self.associates.insert(id, row)),
            Change::Device(id, row) => drop(self.devices.insert(id, row)),
            Change::SessionOpened(id, session) => drop(self.sessions.insert(id, session)),
            Change::SessionEnded(id) => drop(self.sessions.remove(&id)),
            Change::Integration(id, row) => drop(self.integrations.insert(id, row)),
        }
    }

    /// The associate who signs in under `login`.
    #[must_use]
    pub fn associate_by_login(&self, login: &str) -> Option<(AssociateId, &AssociateRow)> {
        let mut all = self.associates.iter();
        all.find(|(_, row)| row.login == login)
            .map(|(id, row)| (*id, row))
    }
}

pub(super) fn rows<I: Ord, R: for<'b> minicbor::Decode<'b, ()>>(
    tx: &dyn ReadTx,
    table: Table,
    read_id: impl Fn(&[u8]) -> Option<I>,
) -> Result<BTreeMap<I, R>, StoreError> {
    let mut found = BTreeMap::new();
    scan_prefix(tx, table, ROW, &mut |key, value| {
        let id = tail_id(table, key, ROW.len(), &read_id)?;
        found.insert(id, decode_row(table, value)?);
        Ok(ControlFlow::Continue(()))
    })?;
    Ok(found)
}

fn tail_id<I>(
    table: Table,
    key: &[u8],
    from: usize,
    read_id: impl Fn(&[u8]) -> Option<I>,
) -> Result<I, StoreError> {
    let id = key.get(from..).and_then(read_id);
    id.ok_or_else(|| StoreError::Corrupt {
        table: table.name(),
        detail: "a key does not end in an id".to_owned(),
    })
}

fn open_sessions(tx: &dyn ReadTx) -> Result<BTreeMap<SessionId, OpenSession>, StoreError> {
    let mut found = BTreeMap::new();
    for id in session_index(tx, OPEN_OF_ASSOCIATE, &[])? {
        if let Some(row) = session(tx, id)? {
            found.insert(id, OpenSession::of(&row));
        }
    }
    Ok(found)
}

/// The sessions that an index lists for `owner`, or for everybody when it is empty.
fn session_index(
    tx: &dyn ReadTx,
    index: &[u8],
    owner: &[u8],
) -> Result<Vec<SessionId>, StoreError> {
    let mut found = Vec::new();
    scan_prefix(tx, Table::Session, &key(&[index, owner]), &mut |key, _| {
        let at = key.len().saturating_sub(SessionId::LEN);
        found.push(tail_id(Table::Session, key, at, SessionId::from_slice)?);
        Ok(ControlFlow::Continue(()))
    })?;
    Ok(found)
}

/// A session as stored, ended or not.
///
/// # Errors
/// What the store reports.
pub fn session(tx: &dyn ReadTx, id: SessionId) -> Result<Option<SessionRow>, StoreError> {
    get_row(tx, Table::Session, &key(&[ROW, id.as_bytes()]))
}

/// The lease that a handheld keeps to, in hours: the one it was told when it was enrolled, and where nobody knows that, the longest.
pub(crate) fn lease_hours(tx: &dyn ReadTx, device: DeviceId) -> Result<u32, StoreError> {
    let row: Option<DeviceRow> = get_row(tx, Table::Device, &key(&[ROW, device.as_bytes()]))?;
    Ok(row
        .and_then(|row| row.lease_hours)
        .unwrap_or(LEASE_HOURS_MAX))
}

/// Whether the associate ever signed in on the handheld.
///
/// # Errors
/// What the store reports.
pub fn ever_signed_in(
    tx: &dyn ReadTx,
    device: DeviceId,
    associate: AssociateId,
) -> Result<bool, StoreError> {
    let ever = tx.get(Table::Session, &ever_on_device(device, associate))?;
    if ever.is_some() {
        return Ok(true);
    }
    // A sign-in from before this was noted: while it is open it can still be found.
    for id in session_index(tx, OPEN_OF_DEVICE, device.as_bytes())? {
        if session(tx, id)?.is_some_and(|row| row.associate == associate) {
            return Ok(true);
        }
    }
    Ok(false)
}

fn ever_on_device(device: DeviceId, associate: AssociateId) -> Vec<u8> {
    key(&[EVER_ON_DEVICE, device.as_bytes(), associate.as_bytes()])
}

/// An associate as stored, deactivated ones too.
///
/// # Errors
/// What the store reports.
pub fn associate(tx: &dyn ReadTx, id: AssociateId) -> Result<Option<AssociateRow>, StoreError> {
    get_row(tx, Table::Associate, &key(&[ROW, id.as_bytes()]))
}

/// The newest security events, newest first.
///
/// # Errors
/// What the store reports.
pub fn security_events(tx: &dyn ReadTx, max: usize) -> Result<Vec<SecurityEventRow>, StoreError> {
    let mut found = Vec::new();
    let end = prefix_end(SECURITY_EVENT);
    let range = KeyRange {
        from: SECURITY_EVENT,
        to: end.as_deref(),
    };
    tx.scan(
        Table::Meta,
        range,
        Direction::Descending,
        &mut |_, value| {
            if found.len() >= max {
                return Ok(ControlFlow::Break(()));
            }
            found.push(decode_row(Table::Meta, value)?);
            Ok(ControlFlow::Continue(()))
        },
    )?;
    Ok(found)
}

impl OpenSession {
    fn of(row: &SessionRow) -> Self {
        Self {
            associate: row.associate,
            device: row.device,
            expires_at: row.expires_at,
        }
    }
}

/// A transaction in the words of identity: typed rows in, and every change noted for the copy.
pub(super) struct IdentityTx<'a> {
    tx: &'a mut dyn WriteTx,
    pub(super) changes: Vec<Change>,
}

impl<'a> IdentityTx<'a> {
    pub(super) fn new(tx: &'a mut dyn WriteTx) -> Self {
        Self {
            tx,
            changes: Vec::new(),
        }
    }

    /// Whether shops or people changed, which handhelds are told.
    pub(super) fn concerns_house(&self) -> bool {
        let of_house = |change: &Change| matches!(change, Change::Shop(..) | Change::Associate(..));
        self.changes.iter().any(of_house)
    }

    fn row<R: for<'b> minicbor::Decode<'b, ()>>(
        &self,
        table: Table,
        id: &[u8],
    ) -> Result<Option<R>, StoreError> {
        get_row(self.tx.as_read(), table, &key(&[ROW, id]))
    }

    pub(super) fn shop(&self, id: ShopId) -> Result<Option<ShopRow>, StoreError> {
        self.row(Table::Shop, id.as_bytes())
    }

    pub(super) fn put_shop(&mut self, id: ShopId, row: ShopRow) -> Result<(), StoreError> {
        put_row(self.tx, Table::Shop, &key(&[ROW, id.as_bytes()]), &row)?;
        self.changes.push(Change::Shop(id, row));
        Ok(())
    }

    pub(super) fn associate(&self, id: AssociateId) -> Result<Option<AssociateRow>, StoreError> {
        self.row(Table::Associate, id.as_bytes())
    }

    pub(super) fn associates(&self) -> Result<BTreeMap<AssociateId, AssociateRow>, StoreError> {
        rows(self.tx.as_read(), Table::Associate, AssociateId::from_slice)
    }

    pub(super) fn login_is_taken(&self, login: &str) -> Result<bool, StoreError> {
        let found = self
            .tx
            .get(Table::Associate, &key(&[BY_LOGIN, login.as_bytes()]))?;
        Ok(found.is_some())
    }

    /// Writes an associate. Logins never change and are never given to another.
    pub(super) fn put_associate(
        &mut self,
        id: AssociateId,
        row: AssociateRow,
    ) -> Result<(), StoreError> {
        let by_login = key(&[BY_LOGIN, row.login.as_bytes()]);
        self.tx.put(Table::Associate, &by_login, id.as_bytes())?;
        put_row(self.tx, Table::Associate, &key(&[ROW, id.as_bytes()]), &row)?;
        self.changes.push(Change::Associate(id, row));
        Ok(())
    }

    pub(super) fn device(&self, id: DeviceId) -> Result<Option<DeviceRow>, StoreError> {
        self.row(Table::Device, id.as_bytes())
    }

    pub(super) fn thumbprint_is_known(&self, thumbprint: &str) -> Result<bool, StoreError> {
        let by_thumbprint = key(&[BY_THUMBPRINT, thumbprint.as_bytes()]);
        Ok(self.tx.get(Table::Device, &by_thumbprint)?.is_some())
    }

    pub(super) fn put_device(&mut self, id: DeviceId, row: DeviceRow) -> Result<(), StoreError> {
        let by_thumbprint = key(&[BY_THUMBPRINT, row.thumbprint.as_bytes()]);
        self.tx.put(Table::Device, &by_thumbprint, id.as_bytes())?;
        put_row(self.tx, Table::Device, &key(&[ROW, id.as_bytes()]), &row)?;
        self.changes.push(Change::Device(id, row));
        Ok(())
    }

    pub(super) fn enrolment(&self, selector: &str) -> Result<Option<EnrolmentRow>, StoreError> {
        self.row(Table::Enrolment, selector.as_bytes())
    }

    pub(super) fn put_enrolment(
        &mut self,
        selector: &str,
        row: &EnrolmentRow,
    ) -> Result<(), StoreError> {
        put_row(
            self.tx,
            Table::Enrolment,
            &key(&[ROW, selector.as_bytes()]),
            row,
        )
    }

    /// Removes the codes for which `dead` holds.
    pub(super) fn remove_enrolments(
        &mut self,
        dead: impl Fn(&EnrolmentRow) -> bool,
    ) -> Result<(), StoreError> {
        let mut keys = Vec::new();
        scan_prefix(
            self.tx.as_read(),
            Table::Enrolment,
            ROW,
            &mut |key, value| {
                if dead(&decode_row(Table::Enrolment, value)?) {
                    keys.push(key.to_vec());
                }
                Ok(ControlFlow::Continue(()))
            },
        )?;
        keys.iter()
            .try_for_each(|key| self.tx.delete(Table::Enrolment, key))
    }

    pub(super) fn session(&self, id: SessionId) -> Result<Option<SessionRow>, StoreError> {
        session(self.tx.as_read(), id)
    }

    pub(super) fn open_session(
        &mut self,
        id: SessionId,
        row: &SessionRow,
    ) -> Result<(), StoreError> {
        for index in session_index_keys(id, row) {
            self.tx.put(Table::Session, &index, &[])?;
        }
        self.note_ever(row)?;
        self.update_session(id, row)?;
        self.changes
            .push(Change::SessionOpened(id, OpenSession::of(row)));
        Ok(())
    }

    fn note_ever(&mut self, row: &SessionRow) -> Result<(), StoreError> {
        let Some(device) = row.device else {
            return Ok(());
        };
        let ever = ever_on_device(device, row.associate);
        self.tx.put(Table::Session, &ever, &[])
    }

    /// Writes a session that stays open.
    pub(super) fn update_session(
        &mut self,
        id: SessionId,
        row: &SessionRow,
    ) -> Result<(), StoreError> {
        put_row(self.tx, Table::Session, &key(&[ROW, id.as_bytes()]), row)
    }

    /// Ends a session; one that has ended already keeps its first end.
    pub(super) fn end_session(
        &mut self,
        id: SessionId,
        end: SessionEnd,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let Some(mut row) = self.session(id)? else {
            return Ok(());
        };
        if row.ended_at.is_some() {
            return Ok(());
        }
        row.ended_at = Some(now.min(row.expires_at));
        row.end = Some(end);
        // Without its hashes no refresh token of the family can ever match again.
        row.refresh = None;
        for index in session_index_keys(id, &row) {
            self.tx.delete(Table::Session, &index)?;
        }
        self.note_ever(&row)?;
        self.update_session(id, &row)?;
        self.changes.push(Change::SessionEnded(id));
        Ok(())
    }

    pub(super) fn sessions_of_associate(
        &self,
        id: AssociateId,
    ) -> Result<Vec<SessionId>, StoreError> {
        session_index(self.tx.as_read(), OPEN_OF_ASSOCIATE, id.as_bytes())
    }

    pub(super) fn sessions_of_device(&self, id: DeviceId) -> Result<Vec<SessionId>, StoreError> {
        session_index(self.tx.as_read(), OPEN_OF_DEVICE, id.as_bytes())
    }

    pub(super) fn integration(
        &self,
        id: IntegrationId,
    ) -> Result<Option<IntegrationRow>, StoreError> {
        self.row(Table::Integration, id.as_bytes())
    }

    pub(super) fn put_integration(
        &mut self,
        id: IntegrationId,
        row: IntegrationRow,
    ) -> Result<(), StoreError> {
        put_row(
            self.tx,
            Table::Integration,
            &key(&[ROW, id.as_bytes()]),
            &row,
        )?;
        self.changes.push(Change::Integration(id, row));
        Ok(())
    }

    pub(super) fn log(&mut self, event: &SecurityEventRow) -> Result<(), StoreError> {
        let number = self.next_event_number()?;
        put_row(
            self.tx,
            Table::Meta,
            &key(&[SECURITY_EVENT, &number.to_be_bytes()]),
            event,
        )
    }

    fn next_event_number(&self) -> Result<u64, StoreError> {
        let mut next = 0;
        let end = prefix_end(SECURITY_EVENT);
        let range = KeyRange {
            from: SECURITY_EVENT,
            to: end.as_deref(),
        };
        self.tx
            .scan(Table::Meta, range, Direction::Descending, &mut |key, _| {
                let read = |tail: &[u8]| tail.try_into().ok().map(u64::from_be_bytes);
                next = tail_id(Table::Meta, key, SECURITY_EVENT.len(), read)? + 1;
                Ok(ControlFlow::Break(()))
            })?;
        Ok(next)
    }
}

fn session_index_keys(id: SessionId, row: &SessionRow) -> Vec<Vec<u8>> {
    let of_associate = key(&[OPEN_OF_ASSOCIATE, row.associate.as_bytes(), id.as_bytes()]);
    let of_device = row
        .device
        .map(|device| key(&[OPEN_OF_DEVICE, device.as_bytes(), id.as_bytes()]));
    std::iter::once(of_associate).chain(of_device).collect()
}
