//! A session that meets a damaged document: the document is forgotten and asked for whole, and the session goes on.

use super::*;

impl HandheldSession {
    /// Takes a frame of the hub. Commit the transaction, then send the replies.
    ///
    /// A document that turns out to be damaged on the way is forgotten, and the frame taken again without it.
    ///
    /// # Errors
    /// What the store reports; the transaction must then be dropped and the session ended.
    pub fn receive(
        &mut self,
        tx: &mut dyn WriteTx,
        replica: &mut Replica,
        frame: &Frame,
        identity: &Identity<'_>,
        entropy: &mut dyn Entropy,
    ) -> Result<Step, StoreError> {
        let mut forgotten = BTreeSet::new();
        let mut step = loop {
            let (mark, before) = (tx.mark()?, self.clone());
            match self.take(tx, replica, frame, identity, entropy) {
                Ok(step) => {
                    tx.release(mark)?;
                    break step;
                }
                Err(StoreError::Corrupt { .. }) if replica.is_damaged() => {
                    tx.rollback_to(mark)?;
                    *self = before;
                    forgotten.append(&mut replica.forget_damaged(tx)?);
                }
                Err(error) => return Err(error),
            }
        };
        // What was found when a card was opened is mended with the next frame.
        forgotten.append(&mut replica.forget_damaged(tx)?);
        self.ask_anew(&forgotten, &mut step);
        Ok(step)
    }

    /// Asks for forgotten documents, once in a session: when the hub's copy is damaged too, that ends as a divergence and not as a loop.
    fn ask_anew(&mut self, forgotten: &BTreeSet<(Scope, DocumentId)>, step: &mut Step) {
        for (scope, document) in forgotten {
            if self.granted.contains(scope) && self.asked_anew.insert((*scope, *document)) {
                self.wanted.entry(*scope).or_default().insert(*document);
                self.ask_for_wanted(*scope, step);
            }
        }
    }
}
