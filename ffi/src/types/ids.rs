//! Ids and times as apps see them: text, and milliseconds since 1970.

use sync_core::ids::{AssociateId, CustomerId, DeviceId, EditId, SessionId, ShopId, Timestamp};

macro_rules! text_ids {
    ($($name:ident),+) => {$(
        uniffi::custom_type!($name, String, {
            remote,
            lower: |id| id.to_string(),
            try_lift: |text| Ok(text.parse::<$name>()?),
        });
    )+};
}

text_ids!(AssociateId, CustomerId, DeviceId, EditId, SessionId, ShopId);

uniffi::custom_type!(Timestamp, i64, {
    remote,
    lower: |at| at.0,
    try_lift: |ms| Ok(Timestamp(ms)),
});
