//! What a handheld sends of its own accord: pushes, its access log and its walk-ins.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use super::*;

impl HandheldSession {
    /// The next push, if anything waits and not too much is under way. Call after a welcome, after verdicts and after recording.
    ///
    /// # Errors
    /// What the store reports.
    pub fn push(
        &mut self,
        tx: &dyn ReadTx,
        signer: &dyn DeviceSigner,
        replica: &Replica,
    ) -> Result<Option<Frame>, StoreError> {
        let may_speak = self.welcomed || self.is_batch;
        if !may_speak || self.stopped || self.pushes.len() >= PUSHES_IN_FLIGHT_MAX {
            return Ok(None);
        }
        let mut numbers = Vec::new();
        let mut entries = Vec::new();
        let mut bytes = 0;
        let in_flight: BTreeSet<u64> = self.pushes.iter().flatten().copied().collect();
        outbox::scan(tx, self.pushed_to, &mut |number, row| {
            if row.state != OutboxState::Pending || in_flight.contains(&number) {
                return ControlFlow::Continue(());
            }
            bytes += row
                .members
                .iter()
                .map(|member| member.change.len() + 256)
                .sum::<usize>();
            let is_full = entries.len() + row.members.len() > limits::PUSH_ENTRIES_MAX
                || (bytes > self.target.0 && !entries.is_empty());
            if is_full {
                return ControlFlow::Break(());
            }
            numbers.push(number);
            entries.extend(row.members);
            ControlFlow::Continue(())
        })?;
        let Some(last) = numbers.last() else {
            return Ok(None);
        };
        let leaves: Vec<_> = entries
            .iter()
            .map(|sealed| sealed.envelope.leaf())
            .collect();
        let Some(signature) = envelope::sign_push(signer, replica.device(), &leaves) else {
            // The keystore refused (locked): the edits stay where they are.
            return Ok(None);
        };
        self.pushed_to = last + 1;
        self.pushes.push_back(numbers);
        Ok(Some(Frame::Push(Push { entries, signature })))
    }

    /// The next page of the access log, with the walk-ins that were not told, if any wait.
    ///
    /// # Errors
    /// What the store reports.
    pub fn reads(&mut self, tx: &dyn ReadTx) -> Result<Option<Frame>, StoreError> {
        if !(self.welcomed || self.is_batch) || self.reads_in_flight {
            return Ok(None);
        }
        let (first, entries) = access::unsent(tx, READS_PER_FRAME)?;
        // Told once in a meeting: a hub that does not know them would be told for ever.
        let walk_ins = if self.walk_ins_told {
            Vec::new()
        } else {
            guest::untold_walk_ins(tx)?
        };
        if entries.is_empty() && walk_ins.is_empty() {
            return Ok(None);
        }
        self.walk_ins_told = true;
        self.reads_in_flight = true;
        Ok(Some(Frame::Reads(Reads {
            first,
            entries,
            walk_ins: (!walk_ins.is_empty()).then_some(walk_ins),
        })))
    }
}
