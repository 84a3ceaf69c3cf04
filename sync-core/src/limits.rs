//! Every bound of the system, with its unit and its reason.
//!
//! A limit is enforced before an edit is accepted locally, so that no handheld holds work that the hub must refuse for its size.
//! `GET /v1/limits` shows this table.

/// Bytes of one frame as sent: the largest document behind a page that was almost full, neither of them compressible.
///
/// Larger frames end the session: nothing honest needs them, and a receiver must bound its memory.
pub const FRAME_BYTES_MAX: usize = (1 << 20) + (512 << 10);
/// Bytes of one frame after decompression; with the ratio below it bounds what a small frame can cost.
pub const FRAME_INFLATED_BYTES_MAX: usize = 4 << 20;
/// Inflated bytes for each byte received. Honest frames reach 4 to 8; a sender whose frame would exceed the ratio sends it plain.
pub const FRAME_RATIO_MAX: usize = 10;
/// Bytes at which a sender closes a frame of feed entries, rows or bases: small enough to resume cheaply, large enough to compress well.
pub const FRAME_BYTES_TARGET: usize = 256 << 10;
/// Changes in one push frame: one signature covers them all, and the hub judges them in one transaction.
pub const PUSH_ENTRIES_MAX: usize = 256;
/// Frames of a stream that may be under way without an acknowledgement.
pub const STREAM_WINDOW_FRAMES: usize = 4;
/// Documents named in one page of heads: some 120 KB, compared in a few milliseconds.
pub const HEADS_DOCUMENTS_MAX: usize = 2_000;
/// Documents asked for whole in one frame, and at a time: a handheld on an older disk lacks about a thousand, and asks twice.
pub const FETCH_DOCUMENTS_MAX: usize = 512;
/// Raw bytes of one change. The largest honest edit is a note of 8 KiB.
pub const CHANGE_BYTES_MAX: usize = 64 << 10;
/// Operations of one change, counted from run lengths before anything is expanded.
pub const CHANGE_OPS_MAX: u64 = 2_000;
/// Dependencies of one change: more concurrent heads than any shop has handhelds.
pub const CHANGE_DEPS_MAX: usize = 64;
/// Highest operation counter. Automerge counts in 32 bits; half of that leaves no room to poison later local writes.
pub const MAX_OP_MAX: u64 = 1 << 31;
/// Encoded bytes of one value of a card.
pub const VALUE_BYTES_MAX: usize = 8 << 10;
/// Bytes of a note's text.
pub const NOTE_BYTES_MAX: usize = 7 << 10;
/// Bytes of a name, a preference, a tag or another short text.
pub const SHORT_TEXT_BYTES_MAX: usize = 512;
/// Characters of an entity id inside a key.
pub const ENTITY_ID_CHARS_MAX: usize = 32;
/// Bytes of a whole key.
pub const KEY_BYTES_MAX: usize = 96;
/// Edits that an entry of a log lists as seen: more concurrent writers than any shop has handhelds. What is left out stays a head, which only asks again.
pub const SEEN_MAX: usize = 64;
/// Words that say what an answer to a need has to be good for: more than anybody asks in one breath.
pub const TAGS_OF_A_NEED_MAX: usize = 12;
/// Cards that count as one person at most; what is linked beyond that is shown for review, because no person has so many.
pub const CARDS_OF_A_PERSON_MAX: usize = 32;
/// Notes on one document; beyond it the associate is asked to archive.
pub const NOTES_MAX: usize = 500;
/// Bytes of one document as saved; beyond it an epoch is due.
pub const DOCUMENT_BYTES_MAX: usize = 1 << 20;
/// Milliseconds a change's own time may lie from its receipt; beyond, receipt time counts (never a refusal).
pub const CLAIMED_TIME_WINDOW_MS: i64 = 30 * 86_400_000;
/// Milliseconds a handheld's clock may run ahead before its times are corrected.
pub const CLOCK_TOLERANCE_MS: i64 = 5 * 60_000;
/// Edits an outbox holds before recording is refused with "connect first": a shop's work of weeks.
pub const OUTBOX_ENTRIES_MAX: u64 = 10_000;
/// Customers of a book that a handheld carries.
pub const BOOK_CUSTOMERS_MAX: u64 = 50_000;
/// Scopes one handheld may replicate: its shop's book and one for each associate signed in on it.
pub const SCOPES_MAX: usize = 64;
/// Characters of a search text.
pub const QUERY_CHARS_MAX: usize = 128;
/// Index entries that one search word may visit; whoever types one letter sees the best of these.
pub const SEARCH_CANDIDATES_MAX: usize = 2_000;
/// Results of one search.
pub const SEARCH_RESULTS_MAX: usize = 50;
/// Distinct terms indexed for one customer.
pub const TERMS_MAX: usize = 400;
/// Index entries sorted in memory at a time when the entries of a whole book are written: about 15 MB.
pub const INDEX_ENTRIES_SORTED_MAX: usize = 300_000;
/// Bytes of terms held in memory meanwhile: those of 40,000 customers.
pub const INDEX_ROWS_BYTES_MAX: usize = 16 << 20;
/// Records (purchases and the like) in one feed entry.
pub const RECORDS_PER_ENTRY_MAX: usize = 100;
/// Encoded bytes of one record.
pub const RECORD_BYTES_MAX: usize = 16 << 10;
/// Words of one search that count; further ones are ignored, because eight already name one customer.
pub const SEARCH_WORDS_MAX: usize = 8;
/// Rows that one search reads to check and order its candidates: five times what it may return.
pub const SEARCH_ROWS_READ_MAX: usize = 256;
/// Characters of one indexed term; longer words are found by their beginning.
pub const TERM_CHARS_MAX: usize = 24;
/// Milliseconds after which an arrival nobody closed no longer counts as a visit under way: longer than any shop is open.
pub const VISIT_OPEN_MS_MAX: i64 = 14 * 3_600_000;
/// Lines of the today list that are shown of what does not fit into the shift; all of it is counted.
pub const NOT_TODAY_SHOWN: usize = 100;
/// Milliseconds after which what the customer said, or was seen to like, has to be confirmed again.
pub const PREFERENCE_HALF_LIFE_MS: i64 = 365 * 86_400_000;
/// Encoded bytes of what one notice says: a playbook of a hundred items, or 8,000 endpoints of the index of duplicates.
pub const NOTICE_BYTES_MAX: usize = 64 << 10;
/// Notices in one feed entry.
pub const NOTICES_PER_ENTRY_MAX: usize = 100;
/// Bytes of an enrolment link as it was scanned: an origin and a code, with room for keys that a later hub adds.
pub const ENROLMENT_LINK_BYTES_MAX: usize = 2 << 10;
