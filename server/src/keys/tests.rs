//! The keystore's file: made once, guarded, rotated.

use sync_core::entropy::SeededEntropy;
use sync_core::store::memory::MemoryStore;

use super::*;

const START: Timestamp = Timestamp(1_800_000_000_000);

fn open(folder: &Path, now: Timestamp, seed: u64) -> Result<Keystore, KeysError> {
    open_with(folder, &MemoryStore::default(), now, seed)
}

fn open_with(
    folder: &Path,
    store: &MemoryStore,
    now: Timestamp,
    seed: u64,
) -> Result<Keystore, KeysError> {
    Keystore::open_or_create(folder, store, &mut SeededEntropy::new(seed), now)
}

fn kids(keys: &Keystore) -> Vec<String> {
    keys.token_keys()
        .iter()
        .map(|key| key.kid.clone())
        .collect()
}

#[test]
fn a_second_run_finds_the_keys_of_the_first() {
    let folder = tempfile::tempdir().unwrap();
    let first = open(folder.path(), START, 1).unwrap();
    let second = open(folder.path(), START.plus_ms(1), 2).unwrap();
    assert_eq!(kids(&first), kids(&second));
    assert_eq!(first.hub_key().public_key(), second.hub_key().public_key());
    assert_eq!(first.pepper().expose(), second.pepper().expose());
    assert_ne!(first.pepper().expose(), first.refresh_secret().expose());
}

#[test]
fn a_token_key_is_replaced_after_ninety_days_and_verifies_a_day_longer() {
    let folder = tempfile::tempdir().unwrap();
    let old = kids(&open(folder.path(), START, 1).unwrap());
    let due = START.plus_ms(SIGNING_MS);
    let both = open(folder.path(), due, 2).unwrap();
    assert_eq!(both.token_keys().len(), 2);
    assert!(kids(&both).contains(old.first().unwrap()));
    assert_ne!(&both.signing_key().kid, old.first().unwrap());
    let later = open(folder.path(), due.plus_ms(VERIFY_AFTER_MS), 3).unwrap();
    assert_eq!(kids(&later), [both.signing_key().kid.clone()]);
}

#[cfg(unix)]
#[test]
fn a_file_that_others_can_read_stops_the_start() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    open(folder.path(), START, 1).unwrap();
    let path = folder.path().join(FILE_NAME);
    let mode = std::fs::metadata(&path).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
    let error = open(folder.path(), START, 1).unwrap_err();
    assert!(matches!(error, KeysError::Exposed { mode: 0o640, .. }));
    assert!(error.to_string().contains("chmod 600"));
}

#[test]
fn a_cut_file_is_reported_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    open(folder.path(), START, 1).unwrap();
    let path = folder.path().join(FILE_NAME);
    let bytes = std::fs::read(&path).unwrap();
    for length in 0..bytes.len() {
        std::fs::write(&path, &bytes[..length]).unwrap();
        let error = open(folder.path(), START, 1).unwrap_err();
        assert!(
            matches!(error, KeysError::Damaged { .. }),
            "cut at {length}"
        );
        assert_eq!(std::fs::read(&path).unwrap().len(), length);
    }
}

#[test]
fn the_keystore_does_not_show_its_secrets() {
    let keys = Keystore::generate(&mut SeededEntropy::new(1), START);
    let shown = format!("{keys:?}");
    assert!(shown.contains("Secret(…)"));
    assert!(!shown.contains(&format!("{:?}", keys.pepper().expose())));
}

#[test]
fn a_database_takes_no_keystore_but_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let store = MemoryStore::default();
    open_with(folder.path(), &store, START, 1).unwrap();
    let own = folder.path().join(FILE_NAME);
    let kept = folder.path().join("backup");
    std::fs::rename(&own, &kept).unwrap();
    let missing = open_with(folder.path(), &store, START, 2).unwrap_err();
    assert!(matches!(missing, KeysError::Missing { .. }), "{missing}");
    assert!(!own.exists(), "a new keystore would only hide the loss");
    open(folder.path(), START, 3).unwrap();
    let foreign = open_with(folder.path(), &store, START, 4).unwrap_err();
    assert!(matches!(foreign, KeysError::Foreign { .. }), "{foreign}");
    let found = Keystore::verify(folder.path(), &store).unwrap_err();
    assert!(matches!(found, KeysError::Foreign { .. }), "{found}");
    std::fs::rename(&kept, &own).unwrap();
    let rotated = START.plus_ms(SIGNING_MS);
    open_with(folder.path(), &store, rotated, 5).unwrap();
    Keystore::verify(folder.path(), &store).expect("a new token key changes nothing");
}

#[test]
fn a_database_from_before_fingerprints_takes_the_keystore_it_has_and_no_new_one() {
    let folder = tempfile::tempdir().unwrap();
    let store = MemoryStore::default();
    let mut tx = store.write().unwrap();
    tx.put(Table::Associate, b"somebody", b"row").unwrap();
    tx.commit().unwrap();
    let missing = open_with(folder.path(), &store, START, 1).unwrap_err();
    assert!(matches!(missing, KeysError::Missing { .. }), "{missing}");
    open(folder.path(), START, 1).unwrap();
    open_with(folder.path(), &store, START, 2).unwrap();
    let bound = store.read().unwrap().get(Table::Meta, FINGERPRINT).unwrap();
    assert!(bound.is_some());
}
