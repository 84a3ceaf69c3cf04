//! The story ends well on a real hub, with real handhelds.

use super::*;

#[test]
fn the_story_plays_to_its_end() {
    let folder = tempfile::tempdir().unwrap();
    let arguments = DemoArguments {
        customers: 120,
        seed: 3,
        data: Some(folder.path().to_owned()),
        listen: "127.0.0.1:0".to_owned(),
        exit: true,
    };
    run(&arguments).unwrap();
    let again = run(&arguments).unwrap_err().to_string();
    assert_eq!(
        again,
        "the folder of --data holds a hub already: name an empty one"
    );
}

#[test]
fn a_folder_of_its_own_is_gone_at_the_end() {
    let folder = Folder::make(None).unwrap();
    let path = folder.path().to_owned();
    assert!(path.is_dir());
    drop(folder);
    assert!(!path.exists());
}
