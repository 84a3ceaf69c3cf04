//! What a handheld asks for beside its stream: documents whole, and what differs from its heads.
//!
//! # Invariants
//! - A question makes no answer by itself: it is noted, within bounds, and answered page by page as the window allows.
//! - A question that no honest handheld asks ends the session.

use std::collections::{BTreeSet, VecDeque};

use super::{HubSession, Owed};
use crate::digest::document_item;
use crate::ids::{DocumentId, Hash32};
use crate::limits;
use crate::protocol::frame::{DocumentHeads, Fetch, Frame, Heads, Stop, StopCode};

/// Documents of one scope that may be asked for and not sent yet; an honest handheld waits for one frame of them before it asks for more.
const ASKED_MAX: usize = limits::FETCH_DOCUMENTS_MAX * limits::STREAM_WINDOW_FRAMES;

/// A page of the handheld's heads, and how far its answer came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Compared {
    /// Whether the handheld is still to be told from where the feed counts.
    pub(super) begins: bool,
    /// Everything up to this document is answered; empty at the beginning of the scope.
    pub(super) cursor: Vec<u8>,
    /// What the handheld holds behind the cursor, as digests: ascending, up to the end of its page.
    pub(super) theirs: VecDeque<(DocumentId, Option<Hash32>)>,
    /// The last document of the page.
    pub(super) end: Option<DocumentId>,
    /// Whether it was the handheld's last page, which ends with the scope.
    pub(super) last: bool,
}

impl Compared {
    fn of(heads: &Heads, begins: bool) -> Self {
        let item = |known: &DocumentHeads| {
            (!known.heads.is_empty())
                .then(|| document_item(known.document, known.epoch, &known.heads))
        };
        let theirs = heads.documents.iter();
        Self {
            begins,
            cursor: heads
                .after
                .map(|after| after.0.to_vec())
                .unwrap_or_default(),
            theirs: theirs.map(|known| (known.document, item(known))).collect(),
            end: heads.documents.last().map(|known| known.document),
            last: heads.last,
        }
    }

    /// Whether `document` lies behind the handheld's page.
    pub(super) fn is_past(&self, document: DocumentId) -> bool {
        !self.last && self.end.is_none_or(|end| document > end)
    }

    /// Takes what the handheld holds before `document`, which the scope does not hold.
    pub(super) fn take_before(&mut self, document: DocumentId) -> Vec<DocumentId> {
        let count = self
            .theirs
            .partition_point(|(theirs, _)| *theirs < document);
        self.theirs
            .drain(..count)
            .map(|(theirs, _)| theirs)
            .collect()
    }

    /// Takes what the handheld holds of `document`, after everything before it was taken.
    pub(super) fn take(&mut self, document: DocumentId) -> Option<Hash32> {
        let next = self.theirs.pop_front_if(|(theirs, _)| *theirs == document);
        next.and_then(|(_, item)| item)
    }
}

impl HubSession {
    /// Takes a page of the handheld's heads. What it lacks comes with the next frames; a page that is not answered in full yet is replaced.
    /// Returns the reason when the session ends.
    pub fn compare(&mut self, heads: &Heads) -> Vec<Frame> {
        let Some(stream) = self.streams.get_mut(&heads.scope) else {
            return Vec::new();
        };
        let ids = heads.documents.iter().map(|known| known.document);
        let follows = heads
            .after
            .into_iter()
            .chain(ids)
            .is_sorted_by(|a, b| a < b);
        if heads.documents.len() > limits::HEADS_DOCUMENTS_MAX || !follows {
            return self.broken("a page of heads is too long, or not in order");
        }
        // A first sync that has not begun has no position that the feed could go on from.
        let begins = heads.after.is_none() || stream.seq == u64::MAX;
        stream.caught_up = false;
        stream.owed = Owed::Differing(Compared::of(heads, begins));
        Vec::new()
    }

    /// Takes a request for whole documents, which come with the next frames. Returns the reason when the session ends.
    pub fn fetch(&mut self, fetch: &Fetch) -> Vec<Frame> {
        if fetch.documents.len() > limits::FETCH_DOCUMENTS_MAX {
            return self.broken("too many documents are asked for in one frame");
        }
        let Some(stream) = self.streams.get_mut(&fetch.scope) else {
            return Vec::new();
        };
        stream.asked.extend(&fetch.documents);
        if stream.asked.len() > ASKED_MAX {
            return self.broken("too many documents are asked for at a time");
        }
        Vec::new()
    }

    /// Ends the session: nothing is owed any more.
    fn broken(&mut self, detail: &str) -> Vec<Frame> {
        self.streams.clear();
        vec![Frame::Stop(Stop {
            code: StopCode::Protocol,
            detail: detail.to_owned(),
        })]
    }
}

/// Documents asked for whole and not sent yet, each once.
pub(super) type Asked = BTreeSet<DocumentId>;
