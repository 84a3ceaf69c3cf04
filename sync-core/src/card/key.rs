//! Keys of the flat map: `entity/id/field#edit`.
