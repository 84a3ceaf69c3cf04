//! What the customer likes, needs and must not come into contact with.

use super::text::{maybe_prose, maybe_words, prose, words};
use super::{Drafts, Outcome, list, named_id};
use crate::card::FieldPath;
use crate::card::edit::{Edit, EditError};
use crate::card::normal::{derived_id, fold};
use crate::card::schema::entity_id;
use crate::card::terms::{Place, Polarity};
use crate::card::value::Value;

impl Drafts<'_> {
    pub(in crate::card::edit::draft) fn preference(
        &mut self,
        kind: &str,
        subject: &str,
        value: Option<&str>,
        polarity: Polarity,
    ) -> Outcome {
        let named = Named::new(kind, subject, polarity)?;
        let value = list([
            named.kind.into(),
            named.subject.into(),
            maybe_words("value", value)?,
        ]);
        self.card("preference", &named.id, "value", value)?;
        self.card("preference", &named.id, "polarity", polarity.into())
    }

    pub(in crate::card::edit::draft) fn sighting(
        &mut self,
        named: &Named,
        value: Value,
        polarity: Polarity,
    ) -> Outcome {
        let value = list([
            named.kind.clone().into(),
            named.subject.clone().into(),
            value,
            polarity.into(),
            self.when().days().into(),
        ]);
        self.card("preference", &named.id, "sighting", value)
    }

    pub(in crate::card::edit::draft) fn drop_preference(
        &mut self,
        kind: &str,
        subject: &str,
    ) -> Outcome {
        // Checked as a like: dropping is right here, where it would be wrong in an edit that sets or observes.
        let named = Named::new(kind, subject, Polarity::Like)?;
        self.card(
            "preference",
            &named.id,
            "polarity",
            Polarity::Dropped.into(),
        )?;
        self.sighting(&named, Value::Null, Polarity::Dropped)
    }

    pub(in crate::card::edit::draft) fn size(
        &mut self,
        category: &str,
        system: &str,
        brand: Option<&str>,
        size: Option<&str>,
    ) -> Outcome {
        let category = Value::from(words("category", category)?);
        let system = Value::from(words("system", system)?);
        let brand = maybe_words("brand", brand)?;
        let id = entity_id("size", &[Some(&category), Some(&system), Some(&brand)]);
        let value = match size {
            Some(size) => list([category, system, brand, words("size", size)?.into()]),
            None => Value::Null,
        };
        self.card("size", &id, "value", value)
    }

    pub(in crate::card::edit::draft) fn allergy(&mut self, edit: &Edit) -> Outcome {
        let Edit::RecordAllergy {
            substance,
            severity,
            cause,
        } = edit
        else {
            return Ok(());
        };
        self.present("allergy", substance, true)?;
        let id = named_id("allergy", &words("allergy", substance)?);
        self.card("allergy", &id, "severity", (*severity).into())?;
        if let Some(cause) = cause {
            let path = FieldPath::new("allergy", &id, "cause");
            self.at(Place::Restricted, path, prose("cause", cause)?.into())?;
        }
        Ok(())
    }

    pub(in crate::card::edit::draft) fn wish(&mut self, edit: &Edit) -> Outcome {
        let Edit::AddWish {
            sku,
            quantity,
            note,
            surprise_until,
        } = edit
        else {
            return Ok(());
        };
        let sku = words("article", sku)?;
        let id = named_id("wish", &sku);
        self.present("wish", &sku, true)?;
        self.card("wish", &id, "fulfilled", false.into())?;
        if let Some(quantity) = quantity {
            self.card("wish", &id, "quantity", i64::from(*quantity).into())?;
        }
        if note.is_some() {
            self.card("wish", &id, "note", maybe_words("note", note.as_deref())?)?;
        }
        if surprise_until.is_some() {
            self.card("wish", &id, "surprise", (*surprise_until).into())?;
        }
        Ok(())
    }

    pub(in crate::card::edit::draft) fn reaction(&mut self, edit: &Edit) -> Outcome {
        let Edit::RecordReaction {
            interaction,
            sku,
            sentiment,
            words: said,
        } = edit
        else {
            return Ok(());
        };
        let sku = words("article", sku)?;
        let interaction = interaction.map(|interaction| interaction.to_string());
        let author = self.context.provenance.by.to_string();
        let id = derived_id(&[
            "reaction",
            interaction.as_deref().unwrap_or("-"),
            &fold(&sku),
            &author,
        ]);
        let value = list([
            interaction.into(),
            sku.into(),
            (*sentiment).into(),
            maybe_prose("words", said.as_deref())?,
        ]);
        self.card("reaction", &id, "said", value)
    }
}

/// What a preference is about, in its one form.
pub(super) struct Named {
    id: String,
    kind: String,
    subject: String,
}

impl Named {
    pub(super) fn new(kind: &str, subject: &str, polarity: Polarity) -> Result<Self, EditError> {
        if polarity == Polarity::Dropped {
            return Err(EditError::Text {
                field: "polarity",
                expected: "like, avoid or never; to retire a preference, drop it".to_owned(),
            });
        }
        let (kind, subject) = (words("kind", kind)?, words("subject", subject)?);
        let id = derived_id(&["preference", &fold(&kind), &fold(&subject)]);
        Ok(Self { id, kind, subject })
    }
}
