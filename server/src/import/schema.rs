//! The columns that a file may have, in one table: for reading, for error messages and for `--help`.

use std::fmt::Write as _;

use super::What;

/// A column of a file, or a field of a JSON line.
#[derive(Debug, Clone, Copy)]
pub struct Column {
    /// Its name.
    pub name: &'static str,
    /// Whether a file without it is refused.
    pub is_required: bool,
    /// What stands in it.
    pub meaning: &'static str,
}

pub(super) const fn required(name: &'static str, meaning: &'static str) -> Column {
    Column {
        name,
        is_required: true,
        meaning,
    }
}

pub(super) const fn optional(name: &'static str, meaning: &'static str) -> Column {
    Column {
        name,
        is_required: false,
        meaning,
    }
}

/// Columns of a sales file.
pub const SALE_COLUMNS: &[Column] = &[
    required(
        "sale_id",
        "the till's id of the sale; lines of one sale stand together",
    ),
    required("customer_id", "the source's id of the customer"),
    required(
        "date",
        "YYYY-MM-DD, or YYYY-MM-DDTHH:MM:SS with Z or an offset",
    ),
    required("amount", "decimal text such as 120.50, for the line"),
    optional("currency", "ISO 4217 code, unless a default is named"),
    optional(
        "kind",
        "sale (default) or return; a return's amount is positive",
    ),
    optional("shop", "id of the shop here, unless a default is named"),
    optional("sku", "article number"),
    optional("label", "article name"),
    optional("quantity", "whole number, 1 if empty"),
];

/// Columns of a customers file.
pub const CUSTOMER_COLUMNS: &[Column] = &[
    required("customer_id", "the source's id of the customer"),
    optional(
        "name",
        "the name as it is shown, where that is not given and family name",
    ),
    optional("given_name", "given name"),
    optional("family_name", "family name"),
    optional("salutation", "salutation or title"),
    optional("language", "language tag such as fr or zh-Hant"),
    optional(
        "phone",
        "number with country code, unless a default country is named",
    ),
    optional("email", "e-mail address"),
    optional("birthday", "YYYY-MM-DD, or --MM-DD without the year"),
    optional(
        "do_not_contact",
        "yes or no; no never lifts a block set here",
    ),
    optional("note", "a note for colleagues"),
    optional(
        "consent_channel",
        "call, sms, email, whatsapp, wechat, line, kakao or post",
    ),
    optional(
        "consent_purpose",
        "care, chain, event, sell, sensitive or service",
    ),
    optional("consent_state", "granted or withdrawn"),
    optional(
        "consent_text_version",
        "evidence: version of the text agreed to",
    ),
    optional("consent_at", "evidence: when, as YYYY-MM-DD or with a time"),
    optional("consent_method", "evidence: how it was given"),
    optional("consent_reference", "evidence: where the proof is kept"),
];

impl What {
    /// The columns of such a file.
    #[must_use]
    pub fn columns(self) -> &'static [Column] {
        match self {
            Self::Sales => SALE_COLUMNS,
            Self::Customers => CUSTOMER_COLUMNS,
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
        text.push_str(match self {
            Self::Sales => "A JSON line may hold \"lines\": [{\"sku\", \"label\", \"quantity\", \"amount\"}]. The CDNOW text form is recognized by its header.\n",
            Self::Customers => "A JSON line may hold \"consents\": [{\"channel\", \"purpose\", \"state\", \"text_version\", \"at\", \"method\", \"reference\"}]. In CSV, further consents of a customer are further rows.\n",
        });
        text
    }
}
