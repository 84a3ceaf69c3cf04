//! Every text of the pages, in one place to read them over or to put them into another language.

pub(super) mod gap;

/// The product.
pub(super) const PRODUCT: &str = "Carnet";
/// The link over a page's frame.
pub(super) const SKIP: &str = "Skip to the page";
/// What the navigation is.
pub(super) const SECTIONS: &str = "Sections";

/// Titles of pages, also in the navigation.
pub(super) mod title {
    pub(crate) const TODAY: &str = "Today";
    pub(crate) const HANDHELDS: &str = "Handhelds";
    pub(crate) const PROMISES: &str = "Promises";
    pub(crate) const GAP: &str = "Gap";
    pub(crate) const CUSTOMERS: &str = "Customers";
    pub(crate) const SIGN_IN: &str = "Sign in";
    pub(crate) const ENROL: &str = "Enrol a handheld";
    pub(crate) const CODE: &str = "Code for one handheld";
    pub(crate) const REVOKE: &str = "Revoke a handheld";
    pub(crate) const ERROR: &str = "That did not work";
}

// Sign-in.
pub(super) const LOGIN: &str = "Name you sign in with";
pub(super) const PASSWORD: &str = "Password";
pub(super) const SIGN_IN: &str = "Sign in";
pub(super) const SIGN_OUT: &str = "Sign out";
pub(super) const SIGN_IN_LEAD: &str = "For managers. Associates sign in on a handheld.";
pub(super) const SIGN_IN_AGAIN: &str = "After 15 minutes without a touch you sign in again.";

// Errors.
pub(super) const FORM_FOREIGN: &str =
    "this form is too old, or did not come from a page of this hub: open the page again";
pub(super) const FORM_UNREADABLE: &str = "a field of the form is missing or has no usable value";
pub(super) const BACK: &str = "Back to today";
pub(super) const REQUEST_ID: &str = "Number of this request, for whoever looks after the hub:";

pub(super) fn not_allowed(scope: &str) -> String {
    format!("this takes the scope {scope}")
}

// Today.
pub(super) const ATTENTION: &str = "What needs you";
pub(super) const ALL_WELL: &str = "Nothing waits for you.";
pub(super) const FACTS: &str = "In the shop";
pub(super) const HERE_NOW: &str = "Customers here now";
pub(super) const DUE_SOON: &str = "Promises due within 7 days";
pub(super) const HANDHELDS_IN_USE: &str = "Handhelds in use";
pub(super) const GO: &str = "See them";

pub(super) fn overdue(count: u64) -> String {
    match count {
        1 => "1 customer waits for a promise that is overdue".to_owned(),
        _ => format!("{count} customers wait for promises that are overdue"),
    }
}

pub(super) fn silent(count: usize) -> String {
    match count {
        1 => "1 handheld has not been heard for a day".to_owned(),
        _ => format!("{count} handhelds have not been heard for a day"),
    }
}

pub(super) fn waiting(edits: u64, handhelds: usize) -> String {
    let edits = plural(edits, "edit waits", "edits wait");
    let handhelds = plural(as_u64(handhelds), "handheld", "handhelds");
    format!("{edits} on {handhelds} for a network")
}

// Handhelds.
pub(super) const HANDHELD: &str = "Handheld";
pub(super) const SHOP: &str = "Shop";
pub(super) const SIGNED_IN: &str = "Signed in";
pub(super) const PENDING: &str = "Edits waiting";
pub(super) const LAST_CONTACT: &str = "Last contact";
pub(super) const ACTION: &str = "In use";
pub(super) const NOBODY: &str = "nobody";
pub(super) const NEVER: &str = "never";
pub(super) const UNKNOWN: &str = "not told yet";
pub(super) const REVOKED: &str = "revoked";
pub(super) const REVOKE: &str = "Revoke";
pub(super) const REVOKE_SURE: &str = "Revoke this handheld";
pub(super) const KEEP: &str = "Keep it";
pub(super) const NO_HANDHELDS: &str = "No handheld is enrolled yet.";
pub(super) const HANDHELDS_LEAD: &str = "Edits waiting is what a handheld told when it was last heard, less what the hub took since. What was written on it later, out of reach, is not known here.";
pub(super) const REVOKE_LEAD: &str = "It can then read nothing more from this hub, everybody on it is signed out, and it locks. It has to be enrolled again to be used.";

pub(super) fn revoke_loses(edits: u32) -> String {
    let edits = plural(u64::from(edits), "edit waits", "edits wait");
    format!(
        "{edits} on it. Bring it to a network first if you can: a revoked handheld hands in nothing."
    )
}

// Enrolment.
pub(super) const ENROL: &str = "Enrol a handheld";
pub(super) const ENROL_LEAD: &str =
    "The code works once, for one handheld, for 10 minutes. Show it to nobody else.";
pub(super) const ENROL_CONFIRM: &str = "Your password, once more";
pub(super) const ENROL_WRONG: &str = "The password is wrong.";
pub(super) const MAKE_CODE: &str = "Make a code";
pub(super) const SCAN: &str = "Scan this with the handheld";
pub(super) const OR_TYPE: &str = "or type it";
pub(super) const HUB: &str = "Hub";
pub(super) const CODE: &str = "Code";
pub(super) const WORKS_UNTIL: &str = "Works until";
pub(super) const QR_TITLE: &str = "QR code with the hub's address and the code";
pub(super) const ANOTHER: &str = "Make another one";
pub(super) const DONE: &str = "Done";
pub(super) const CODE_ONCE: &str = "This page is shown once. Loading it again makes another code.";

// Promises.
pub(super) const PROMISES_LEAD: &str =
    "Overdue promises, the longest first. Opening this page counts as reading these cards.";
pub(super) const PROMISES_NONE: &str = "No promise is overdue.";
pub(super) const CUSTOMER: &str = "Customer";
pub(super) const PROMISE: &str = "Promise";
pub(super) const WHO: &str = "Who";
pub(super) const DUE: &str = "Due";
pub(super) const FORMER: &str = "somebody who left";

pub(super) const OVERSPENT: &str = "Gestures beyond what was given";
pub(super) const OVERSPENT_LEAD: &str = "These gestures were made and stay on record. Ask the associate, and look at the handheld: a copy of it may be about.";
pub(super) const SPENT_AT: &str = "First spent";
pub(super) const GIVEN: &str = "Given";
pub(super) const SPENT: &str = "Spent";
pub(super) const ELSEWHERE: &str = "on another handheld";

pub(super) fn promises_more(shown: usize, all: u64) -> String {
    format!("The {shown} longest overdue of {all} customers.")
}

// Customers.
pub(super) const FIND: &str = "Find a customer";
pub(super) const FIND_LABEL: &str = "Name, or the end of a phone number";
pub(super) const FIND_GO: &str = "Find";
pub(super) const FIND_LEAD: &str =
    "Without a word: who was here last. What you search for is kept nowhere.";
pub(super) const FOUND_NONE: &str = "Nobody was found.";
pub(super) const FOUND_MORE: &str = "There may be others: add a word or a letter.";
pub(super) const PHONE: &str = "Phone ends in";
pub(super) const NO_NAME: &str = "without a name";
pub(super) const ALLERGY: &str = "allergy";
pub(super) const DO_NOT_CONTACT: &str = "do not contact";
pub(super) const HERE: &str = "here now";
pub(super) const AVOID: &str = "What to avoid";
pub(super) const AVOID_NONE: &str = "Nothing is known.";
pub(super) const ADDRESS: &str = "How to address them";
pub(super) const SPOKEN: &str = "Spoken";
pub(super) const LANGUAGE: &str = "Language";
pub(super) const SINCE: &str = "Known since";
pub(super) const OPEN_PROMISES: &str = "Open promises";
pub(super) const OPEN_PROMISES_NONE: &str = "None is open.";
pub(super) const PURCHASES: &str = "Purchases";
pub(super) const PURCHASES_NONE: &str = "None is known.";
pub(super) const BOUGHT: &str = "Bought";
pub(super) const RETURNED: &str = "Brought back";
pub(super) const FIRST: &str = "First";
pub(super) const LAST: &str = "Last";
pub(super) const LOGGED: &str = "That you opened this card is in the access log.";
pub(super) const TO_ASK: &str = "Colleagues wrote different things";

pub(super) fn avoid_more(count: usize) -> String {
    format!("and {count} more on the card")
}

pub(super) fn conflicts(count: usize) -> String {
    plural(
        as_u64(count),
        "field to settle on a handheld",
        "fields to settle on a handheld",
    )
}

pub(super) fn sales(count: u64) -> String {
    plural(count, "purchase", "purchases")
}

pub(super) fn returns(count: u64) -> String {
    plural(count, "return", "returns")
}

fn plural(count: u64, one: &str, many: &str) -> String {
    let unit = if count == 1 { one } else { many };
    format!("{count} {unit}")
}

fn as_u64(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}
