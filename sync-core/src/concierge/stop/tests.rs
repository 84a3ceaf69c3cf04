//! Replies as people write them.

use super::*;

#[track_caller]
fn check(messages: &[&str], expected: Reply) {
    for message in messages {
        assert_eq!(read(message), expected, "{message:?}");
    }
}

#[test]
fn a_plain_stop_is_understood_in_any_dress() {
    check(
        &[
            "STOP",
            "stop",
            " Stop. ",
            "stop!!!",
            "S.T.O.P",
            "Stop please",
            "please STOP, thanks",
            "\u{ff33}\u{ff34}\u{ff2f}\u{ff30}",
            "Unsubscribe",
            "opt-out",
            "Remove me",
            "ARRÊT",
            "arrêter",
            "Arrêtez svp",
            "stop sms",
            "STOP, merci",
            "Désabonnement",
            "Me désinscrire s'il vous plaît",
            "ne me contactez plus",
            "Don't contact me",
            "退订",
            "停止",
            "TD",
            "配信停止",
            "수신거부",
            "Abmelden",
            "baja",
            "basta",
        ],
        Reply::Stop,
    );
}

#[test]
fn a_stop_among_other_words_is_left_to_a_human() {
    check(
        &[
            "Please stop, I have asked twice already and nobody listens",
            "I don't want the bag any more, and stop sending me pictures",
            "Can you unsubscribe my mother too?",
            "je ne veux plus de vos promotions mais gardez mon numéro",
            "Merci d'arrêter, ou plutôt: arrêtez les pubs",
            "请不要再发给我了",
            "delete my data",
            "laissez-moi tranquille !!",
        ],
        Reply::Unsure,
    );
}

#[test]
fn other_words_are_just_words() {
    check(
        &[
            "",
            "...",
            "Yes please",
            "Merci beaucoup, à samedi",
            "I'll stop by tomorrow at noon",
            "Is the non-stop shuttle near you?",
            "Can I cancel my appointment and come on Friday?",
            "the end of the week suits me",
            "Do you have it in navy?",
            "👍",
            "谢谢，我明天来",
            "Le top est arrivé ?",
        ],
        Reply::Words,
    );
}

#[test]
fn the_words_are_folded_and_of_known_kinds() {
    let lines = WORDS.lines().filter(|line| !line.starts_with('#'));
    let mut count = 0;
    for line in lines {
        let parts: Vec<&str> = line.split('\t').collect();
        let [language, kind, phrase] = parts.as_slice() else {
            panic!("three columns: {line:?}");
        };
        assert_eq!(language.len(), 2, "{line:?}");
        assert!(
            ["stop", "hint", "polite", "harmless"].contains(kind),
            "{line:?}"
        );
        assert_eq!(words(phrase).join(" "), *phrase, "{line:?}");
        count += 1;
    }
    assert!(count > 150);
}

/// Whatever arrives, it is read without a panic, and never silently as a plain STOP when it is long.
#[test]
fn a_long_message_is_never_a_plain_stop() {
    let long = "stop ".repeat(10_000);
    assert_eq!(read(&long), Reply::Unsure);
    assert_eq!(read(&"\u{301}\u{0}\u{202e}".repeat(1_000)), Reply::Words);
}
