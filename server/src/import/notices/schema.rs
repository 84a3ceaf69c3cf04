//! The columns of these files.

use std::fmt::Write as _;

use super::Facts;
use crate::import::schema::{Column, optional, required};

const CUSTOMER_ID: Column = optional("customer_id", "the source's number of the customer, or …");
const PHONE: Column = optional("phone", "… a phone number that one customer has, or …");
const EMAIL: Column = optional("email", "… an e-mail address that one customer has");
const AS_OF: Column = optional(
    "as_of",
    "when the source said so; the time of the import if empty",
);
const CHANNEL: Column = optional(
    "channel",
    "call, sms, email, whatsapp, wechat, line, kakao or post",
);
const SKU: Column = optional("sku", "article number");

const CASES: &[Column] = &[
    required("case_id", "the service desk's id of the case"),
    CUSTOMER_ID,
    PHONE,
    EMAIL,
    required("topic", "what it is about, in a few words"),
    required(
        "opened_at",
        "YYYY-MM-DD, or YYYY-MM-DDTHH:MM:SS with Z or an offset",
    ),
    optional("solved_at", "when it was solved"),
    optional("state", "open or solved; solved if solved_at is given"),
    optional("complaint", "yes or no (default)"),
    SKU,
    AS_OF,
];

const INTERACTIONS: &[Column] = &[
    required("interaction_id", "the source's id of the dealing"),
    CUSTOMER_ID,
    PHONE,
    EMAIL,
    required("at", "when"),
    CHANNEL,
    optional("purpose", "care, event, sell or service"),
    optional("by_customer", "yes if the customer began it, no (default)"),
    optional("summary", "what was said, in a few words"),
    optional("content", "the campaign or content it carried"),
    optional("act", "what it served, as the playbook names acts"),
    AS_OF,
];

const RESPONSES: &[Column] = &[
    required("response_id", "the source's id of the answer"),
    CUSTOMER_ID,
    PHONE,
    EMAIL,
    required("to", "the message, campaign or survey that was answered"),
    required("at", "when"),
    CHANNEL,
    optional("words", "what the customer wrote"),
    optional("score", "a mark from 0 to 100"),
    AS_OF,
];

const CATALOGUE: &[Column] = &[
    required("sku", "article number"),
    required("label", "the article's name"),
    optional("category", "what it is: coat, ring"),
    optional("brand", "its brand"),
    optional("tags", "what it is good for or like, separated by |"),
    optional("materials", "what it is made of, separated by |"),
    optional("size_system", "in which system its sizes are"),
    optional("sizes", "the sizes it is made in, separated by |"),
    optional("price", "decimal text such as 120.50"),
    optional("currency", "ISO 4217 code, unless a default is named"),
    optional("consumable", "yes if it is used up, no (default)"),
    AS_OF,
];

const STOCK: &[Column] = &[
    required(
        "sku",
        "article number; rows of one article and shop stand together",
    ),
    optional("shop", "id of the shop here, unless a default is named"),
    optional("size", "the size counted; empty where there is none"),
    required("on_hand", "how many there are"),
    optional("arriving_at", "when more are expected"),
    optional("arriving", "how many are expected then"),
    AS_OF,
];

impl Facts {
    /// The columns of such a file.
    #[must_use]
    pub fn columns(self) -> &'static [Column] {
        match self {
            Self::Cases => CASES,
            Self::Interactions => INTERACTIONS,
            Self::Responses => RESPONSES,
            Self::Catalogue => CATALOGUE,
            Self::Stock => STOCK,
        }
    }

    /// The schema as text, for `--help`.
    #[must_use]
    pub fn schema_text(self) -> String {
        let mut text = String::from(
            "CSV (separated by comma, semicolon or tab; UTF-8; first line names the columns) or JSON lines with these fields:\n",
        );
        for column in self.columns() {
            let mark = if column.is_required { "required" } else { "" };
            writeln!(text, "  {:<21} {mark:<9} {}", column.name, column.meaning)
                .expect("writing to a string does not fail");
        }
        text
    }
}
