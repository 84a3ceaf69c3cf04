//! Claims about edits of notes.

use super::*;

#[test]
fn a_moved_note_is_copied_whole_and_redacted_where_it_was() {
    let mut stage = Stage::new();
    let note = stage.does(&note("old words"));
    let rewrite = |body: &str| Edit::EditNote {
        place: Place::Card,
        note,
        body: body.to_owned(),
        title: None,
    };
    stage.meanwhile(&[&[rewrite("her words")], &[rewrite("his words")]]);
    let (from, to) = (Place::Card, Place::Private);
    stage.does(&Edit::MoveNote { note, from, to });
    let view = stage.view();
    let by_place = |place| view.notes.iter().find(|note| note.place == place).unwrap();
    assert!(by_place(Place::Card).redacted);
    assert!(by_place(Place::Card).versions.is_empty());
    let body = &by_place(Place::Private).versions[0].body;
    assert!(
        body.contains("her words") && body.contains("his words"),
        "{body}"
    );
    let card = format!("{:?}", stage.visible.get(&Facet::Card).unwrap());
    assert!(
        !card.contains("words"),
        "no text stays in what the writer saw"
    );
}

#[test]
fn words_for_a_note_that_is_redacted_here_are_refused_rather_than_swallowed() {
    let mut stage = Stage::new();
    let gone = stage.does(&note("old words"));
    let moved = stage.does(&note("other words"));
    let body = stage.does(&Edit::EditNote {
        place: Place::Card,
        note: moved,
        body: "newer words".to_owned(),
        title: None,
    });
    let seen = stage.visible.clone();
    stage.does(&json(&format!(
        r#"{{"edit":"redact_note","place":"card","note":"{gone}","reason":"asked"}}"#
    )));
    stage.does(&json(&format!(
        r#"{{"edit":"move_note","note":"{moved}","from":"card","to":"private"}}"#
    )));
    let on = |note: EditId, edit: &str, rest: &str| {
        json(&format!(
            r#"{{"edit":"{edit}","place":"card","note":"{note}",{rest}}}"#
        ))
    };
    for (edit, rest) in [
        ("edit_note", r#""body":"new""#),
        ("pin_note", r#""reason":"wedding""#),
        ("label_note", r#""label":"guarded""#),
    ] {
        let error = stage.plans(&on(gone, edit, rest)).unwrap_err();
        assert_eq!(error, EditError::NoteRedacted { note: gone });
        assert!(error.to_string().contains("write a new note"), "{error}");
        let error = stage.plans(&on(moved, edit, rest)).unwrap_err();
        let to = Place::Private;
        assert_eq!(error, EditError::NoteMoved { note: moved, to });
        assert!(error.to_string().contains("private part"), "{error}");
    }
    for (edit, rest) in [
        ("archive_note", r#""archived":true"#),
        ("redact_note", r#""reason":"asked again""#),
    ] {
        assert!(stage.plans(&on(gone, edit, rest)).is_ok(), "{edit}");
    }
    let copy = Edit::EditNote {
        place: Place::Private,
        note: moved,
        body: "where it went".to_owned(),
        title: None,
    };
    assert!(stage.plans(&copy).is_ok());
    // Somebody who had not seen the move wrote meanwhile: their words are theirs alone, nobody takes them up for them.
    let mut late = Stage::new();
    late.visible = seen;
    late.by = AssociateId([5; 8]);
    let mut context = late.context();
    context.edit = EditId([99; 10]);
    let words = on(moved, "edit_note", r#""body":"late words""#);
    let words = words.plan(&context, &late.visible).unwrap();
    assert_eq!(words.writes[0].1[0].replaces, [body]);
    stage.visible.write(&words);
    for edit in [
        format!(r#"{{"edit":"move_note","note":"{moved}","from":"card","to":"shop"}}"#),
        format!(
            r#"{{"edit":"resolve","place":"card","path":"note/{moved}/body","choose":"{}"}}"#,
            words.edit
        ),
    ] {
        let error = stage.plans(&json(&edit)).unwrap_err();
        assert!(matches!(error, EditError::NoteMoved { .. }), "{error}");
    }
}

#[test]
fn a_full_card_refuses_one_more_note() {
    let mut stage = Stage::new();
    for _ in 0..crate::limits::NOTES_MAX {
        stage.does(&note("x"));
    }
    assert_eq!(stage.plans(&note("x")), Err(EditError::TooManyNotes));
}

#[test]
fn the_largest_note_fits_a_value() {
    let mut stage = Stage::new();
    let plan = stage
        .plans(&note(&"é".repeat(crate::limits::NOTE_BYTES_MAX / 2)))
        .unwrap();
    let entry: &Entry = &plan.writes[0].1[0].entry;
    assert!(entry.to_bytes().len() <= crate::limits::VALUE_BYTES_MAX);
    assert_eq!(Entry::from_bytes(&entry.to_bytes()).as_ref(), Some(entry));
}
