"""A book used for real: opened, edited offline, searched, observed, and synced with a running hub."""

import os
import tempfile
import threading
import unittest

from carnet_sdk import sdk
from tests.hub import Hub, is_given

KEY = bytes(range(32))


def english(brief):
    return [sdk.render_english(line) for line in brief.lines]


class PreviewTest(unittest.TestCase):
    def setUp(self):
        self.book = sdk.Book.preview()
        found = self.book.search("ana", 5)
        self.ana = found.hits[0].customer

    def test_the_brief_begins_with_what_must_not_happen(self):
        brief = self.book.brief(self.ana)
        self.assertEqual(brief.lines[0].kind, sdk.LineKind.ALLERGY)
        self.assertEqual(english(brief)[0], "Allergy: nickel (serious)")

    def test_an_edit_is_found_at_once_and_waits(self):
        self.book.add_note(self.ana, sdk.Place.CARD, "collects lighthouses")
        hits = self.book.search("lighthouses", 5).hits
        self.assertEqual([hit.customer for hit in hits], [self.ana])
        self.assertEqual(self.book.status().pending, 1)
        self.assertTrue(self.book.outbox()[0].intent.is_ADD_NOTE())
        self.book.sync_once(5_000)
        self.assertEqual(self.book.status().pending, 0)

    def test_a_conflict_is_settled_by_choosing(self):
        conflict = self.book.conflicts(self.ana)[0]
        self.assertEqual({choice.text for choice in conflict.choices}, {"38", "39"})
        self.book.resolve(self.ana, conflict, conflict.choices[0].edit)
        self.assertEqual(self.book.conflicts(self.ana), [])

    def test_every_edit_can_be_made_typed_or_as_json(self):
        self.book.record(self.ana, sdk.Edit.TAG(tag="opera"))
        self.book.record_json(self.ana, '{"edit":"tag","tag":"garden"}')
        self.assertEqual(self.book.customer(self.ana).tags, ["garden", "opera"])

    def test_an_edit_that_can_not_be_made_says_why(self):
        with self.assertRaises(sdk.BookError.Invalid) as raised:
            self.book.record(self.ana, sdk.Edit.SET_LANGUAGE(language="???"))
        self.assertEqual(raised.exception.code, "language")

    def test_a_listener_is_woken_and_one_that_throws_harms_nothing(self):
        woken = threading.Event()

        class Listener(sdk.BookListener):
            def on_change(self, summary):
                woken.set()
                raise RuntimeError("an app may do anything")

        self.book.listen(Listener())
        self.book.arrive(self.ana, None)
        self.assertTrue(woken.wait(10))
        self.book.listen(None)
        changes = self.book.drain(100)
        self.assertTrue(any(change.is_CUSTOMER() for change in changes))


class OpeningTest(unittest.TestCase):
    def test_another_key_is_told_from_no_book(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "book")
            sdk.Book.open(path, KEY, sdk.BookOptions())
            with self.assertRaises(sdk.BookError.WrongKey):
                sdk.Book.open(path, bytes(32), sdk.BookOptions())

    def test_an_empty_book_asks_to_be_enrolled(self):
        with tempfile.TemporaryDirectory() as folder:
            book = sdk.Book.open(os.path.join(folder, "book"), KEY, sdk.BookOptions())
            with self.assertRaises(sdk.BookError.EnrolAgain):
                book.search("", 1)
            with self.assertRaises(sdk.BookError.Offline):
                book.enrol("http://127.0.0.1:1", "0000000000", "test")

    def test_frames_are_carried_by_the_app_too(self):
        book = sdk.Book.preview()
        self.assertEqual(len(book.session_open()), 1)
        with self.assertRaises(sdk.BookError.Busy):
            book.session_open()
        self.assertFalse(book.session_is_settled())
        book.session_end()


@unittest.skipUnless(is_given(), "CARNET_HUB names no binary")
class HubTest(unittest.TestCase):
    def test_what_is_written_offline_reaches_the_hub(self):
        with Hub() as hub, tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "book")
            book = sdk.Book.open(path, KEY, sdk.BookOptions())
            with self.assertRaises(sdk.BookError.Rejected):
                book.enrol(hub.url, "0000000000", "python")
            book.enrol(hub.url, hub.code, "python")
            with self.assertRaises(sdk.BookError.Rejected):
                book.sign_in(hub.login, "wrong")
            self.assertEqual(book.sign_in(hub.login, hub.password).role, sdk.Role.MANAGER)
            book.set_offline(True)
            name = [sdk.NamePartText(part=sdk.NamePart.GIVEN, text="Léa")]
            lea = book.create_customer(name, [], "fr")
            book.record_allergy(lea, "nickel", sdk.Severity.SERIOUS)
            with self.assertRaises(sdk.BookError.Offline):
                book.sync_once(5_000)
            self.assertEqual(book.status().pending, 2)
            book.set_offline(False)
            report = book.sync_once(20_000)
            self.assertEqual((report.end, report.pending), (sdk.SyncEnd.SETTLED, 0))
            self.assertEqual(report.refused, 0, book.outbox())
            self.assertEqual(book.outbox(), [])
            self.assertEqual(book.status().agreement, sdk.SyncAgreement.AGREED)
            self.assertEqual(english(book.brief(lea))[0], "Allergy: nickel (serious)")


if __name__ == "__main__":
    unittest.main()
