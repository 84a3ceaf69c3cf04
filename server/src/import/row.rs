//! Rows as files, JSON lines and tills write them: text, before anything is believed. Checked in [`super::sale`] and [`super::customer`] alone.

use serde::{Deserialize, Deserializer, Serialize};

/// A sale, or one line of it, as a source writes it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SaleRow {
    /// The source's id of the sale.
    #[serde(deserialize_with = "scalar")]
    pub sale_id: Option<String>,
    /// The source's id of the customer.
    #[serde(deserialize_with = "scalar")]
    pub customer_id: Option<String>,
    /// When.
    pub date: Option<String>,
    /// The amount as decimal text: of the line, or of the sale when it lists lines.
    #[serde(deserialize_with = "scalar")]
    pub amount: Option<String>,
    /// Currency code.
    pub currency: Option<String>,
    /// `sale` or `return`.
    pub kind: Option<String>,
    /// Id of the shop.
    pub shop: Option<String>,
    /// Article number.
    #[serde(deserialize_with = "scalar")]
    pub sku: Option<String>,
    /// Article name.
    pub label: Option<String>,
    /// How many.
    #[serde(deserialize_with = "scalar")]
    pub quantity: Option<String>,
    /// The lines of the sale; then the four fields above describe none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub lines: Vec<SaleLineRow>,
}

/// One line of a sale.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SaleLineRow {
    /// Article number.
    #[serde(deserialize_with = "scalar")]
    pub sku: Option<String>,
    /// Article name.
    pub label: Option<String>,
    /// How many.
    #[serde(deserialize_with = "scalar")]
    pub quantity: Option<String>,
    /// The amount as decimal text.
    #[serde(deserialize_with = "scalar")]
    pub amount: Option<String>,
}

/// A customer as a source writes one. An empty field says nothing; it removes nothing here.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CustomerRow {
    /// The source's id of the customer.
    #[serde(deserialize_with = "scalar")]
    pub customer_id: Option<String>,
    /// The name as it is shown.
    pub name: Option<String>,
    /// Given name.
    pub given_name: Option<String>,
    /// Family name.
    pub family_name: Option<String>,
    /// Salutation or title.
    pub salutation: Option<String>,
    /// Language tag.
    pub language: Option<String>,
    /// Phone number.
    #[serde(deserialize_with = "scalar")]
    pub phone: Option<String>,
    /// E-mail address.
    pub email: Option<String>,
    /// `YYYY-MM-DD` or `--MM-DD`.
    pub birthday: Option<String>,
    /// `yes` or `no`.
    #[serde(deserialize_with = "scalar")]
    pub do_not_contact: Option<String>,
    /// A note for colleagues.
    pub note: Option<String>,
    /// What the customer agreed to or withdrew.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub consents: Vec<ConsentRow>,
}

/// A consent as a source writes it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ConsentRow {
    /// Channel of contact.
    pub channel: Option<String>,
    /// Purpose of contact.
    pub purpose: Option<String>,
    /// `granted` or `withdrawn`.
    pub state: Option<String>,
    /// Version of the text agreed to.
    #[serde(deserialize_with = "scalar")]
    pub text_version: Option<String>,
    /// When.
    pub at: Option<String>,
    /// How it was given.
    pub method: Option<String>,
    /// Where the proof is kept.
    #[serde(deserialize_with = "scalar")]
    pub reference: Option<String>,
}

/// Text, a whole number or yes/no as text. A number with decimals is refused: JSON readers round it before anybody can look.
fn scalar<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    struct Visitor;
    impl serde::de::Visitor<'_> for Visitor {
        type Value = Option<String>;

        fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("text or a whole number (write decimals as text: \"12.50\")")
        }

        fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
            Ok(Some(text.to_owned()))
        }

        fn visit_u64<E>(self, number: u64) -> Result<Self::Value, E> {
            Ok(Some(number.to_string()))
        }

        fn visit_i64<E>(self, number: i64) -> Result<Self::Value, E> {
            Ok(Some(number.to_string()))
        }

        fn visit_bool<E>(self, flag: bool) -> Result<Self::Value, E> {
            Ok(Some(if flag { "yes" } else { "no" }.to_owned()))
        }

        fn visit_unit<E>(self) -> Result<Self::Value, E> {
            Ok(None)
        }
    }
    deserializer.deserialize_any(Visitor)
}

impl SaleRow {
    /// The row of these columns.
    pub(super) fn from_fields(fields: Vec<(&'static str, String)>) -> Self {
        let mut row = Self::default();
        for (column, text) in fields {
            let field = match column {
                "sale_id" => &mut row.sale_id,
                "customer_id" => &mut row.customer_id,
                "date" => &mut row.date,
                "amount" => &mut row.amount,
                "currency" => &mut row.currency,
                "kind" => &mut row.kind,
                "shop" => &mut row.shop,
                "sku" => &mut row.sku,
                "label" => &mut row.label,
                "quantity" => &mut row.quantity,
                _ => continue,
            };
            *field = Some(text);
        }
        row
    }
}

impl CustomerRow {
    /// The row of these columns.
    pub(super) fn from_fields(fields: Vec<(&'static str, String)>) -> Self {
        let mut row = Self::default();
        let mut consent = ConsentRow::default();
        for (column, text) in fields {
            let field = match column {
                "customer_id" => &mut row.customer_id,
                "name" => &mut row.name,
                "given_name" => &mut row.given_name,
                "family_name" => &mut row.family_name,
                "salutation" => &mut row.salutation,
                "language" => &mut row.language,
                "phone" => &mut row.phone,
                "email" => &mut row.email,
                "birthday" => &mut row.birthday,
                "do_not_contact" => &mut row.do_not_contact,
                "note" => &mut row.note,
                "consent_channel" => &mut consent.channel,
                "consent_purpose" => &mut consent.purpose,
                "consent_state" => &mut consent.state,
                "consent_text_version" => &mut consent.text_version,
                "consent_at" => &mut consent.at,
                "consent_method" => &mut consent.method,
                "consent_reference" => &mut consent.reference,
                _ => continue,
            };
            *field = Some(text);
        }
        if consent != ConsentRow::default() {
            row.consents.push(consent);
        }
        row
    }
}
