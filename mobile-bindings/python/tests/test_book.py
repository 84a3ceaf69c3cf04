"""A book used for real: opened, edited offline, searched, observed, and synced with a running hub."""

import os
import tempfile
import threading
import time
import unittest

from carnet_sdk import sdk
from tests.hub import Hub, is_given

KEY = bytes(range(32))
DAY_MS = 24 * 3_600_000


def english(brief):
    return [sdk.render_line(line, sdk.Language.ENGLISH) for line in brief.lines]


def now():
    return time.time_ns() // 1_000_000


class PreviewTest(unittest.TestCase):
    def setUp(self):
        self.book = sdk.Book.preview()
        found = self.book.search("ana", 5)
        self.ana = found.hits[0].customer

    def test_the_brief_begins_with_what_must_not_happen(self):
        brief = self.book.brief(self.ana)
        self.assertEqual(brief.lines[0].kind, sdk.LineKind.ALLERGY)
        self.assertEqual(english(brief)[0], "Allergy: nickel (serious)")
        french = sdk.render_line(brief.lines[0], sdk.language_of("fr-FR"))
        self.assertEqual(french, "Allergie\u00a0: nickel (grave)")

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
        self.book.record(self.ana, sdk.Edit.SET_AGREEMENT(state=sdk.Agreement.AGREED))
        self.book.record(self.ana, sdk.Edit.TAG(tag="opera"))
        self.book.record_json(self.ana, '{"edit":"tag","tag":"garden"}')
        self.assertEqual(self.book.customer(self.ana).tags, ["garden", "opera"])

    def test_a_note_that_is_warned_of_waits_as_a_draft(self):
        ill = "cliente avec un problème cardiaque"
        kept = self.book.keep_as_draft(self.ana, sdk.Place.CARD, ill)
        self.assertEqual(self.book.drafts(), [kept])
        self.assertIsNone(self.book.reword(kept.draft, "encore malade", False).note)
        self.assertIsNotNone(self.book.reword(kept.draft, "proposer une chaise", False).note)
        self.assertEqual(self.book.drafts(), [])

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


    def test_the_answer_of_the_visit_settles_the_conflict(self):
        question = self.book.next_question(self.ana)
        self.assertEqual((question.about, set(question.says)), ("conflict", {"38", "39"}))
        self.book.choose_answer(self.ana, question.choices[question.says.index("39")])
        self.assertEqual(self.book.conflicts(self.ana), [])

    def test_today_lists_what_is_late_and_a_gesture_takes_a_right(self):
        today = self.book.today(None, now() + DAY_MS, 480, sdk.Language.ENGLISH)
        late = [item for item in today.today if item.customer == self.ana and item.is_late]
        self.assertEqual([item.kind for item in late], [sdk.DueKind.PROMISE])
        self.assertEqual(self.book.gesture_budget(), [])
        with self.assertRaises(sdk.BookError.Invalid) as raised:
            self.book.make_gesture(self.ana, "waited for an hour", 1_500, None)
        self.assertEqual(raised.exception.code, "gesture")
        exists = self.book.may_exist(sdk.EndpointKind.PHONE, "+351912345678")
        self.assertEqual(exists, sdk.MayExist.UNKNOWN)

    def test_a_guest_is_nobody_until_they_agree(self):
        guest = self.book.begin_guest()
        need = sdk.GuestWord.NEED(what="a coat for the rain", tags=["rain"])
        self.book.guest_said(guest, need)
        self.assertEqual([card.said for card in self.book.guests()], [[need]])
        self.assertEqual(self.book.status().pending, 0)
        name = [sdk.NamePartText(part=sdk.NamePart.GIVEN, text="Noor")]
        evidence = sdk.Evidence(text_version="1", method=sdk.ConsentMethod.SIGNATURE)
        introduction = sdk.GuestIntroduction(
            evidence=evidence, who=sdk.GuestIs.NEWCOMER(name=name)
        )
        noor = self.book.introduce_guest(guest, introduction)
        self.assertEqual(self.book.customer(noor).needs[0].what, "a coat for the rain")
        self.assertEqual(self.book.guests(), [])
        self.assertEqual(self.book.person(noor).members, [noor])


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

    def test_what_is_asked_for_offline_is_answered_by_the_hub(self):
        with Hub() as hub, tempfile.TemporaryDirectory() as folder:
            book = sdk.Book.open(os.path.join(folder, "book"), KEY, sdk.BookOptions())
            book.enrol(hub.url, hub.code, "python")
            book.sign_in(hub.login, hub.password)
            book.set_offline(True)
            name = [sdk.NamePartText(part=sdk.NamePart.GIVEN, text="Léa")]
            lea = book.create_customer(name, [], "fr")
            need = sdk.NeedInput(what="a coat for the rain", tags=["rain"])
            book.record(lea, sdk.Edit.ADD_NEED(need))
            promise = book.make_promise(lea, "call about the coat", now() + DAY_MS // 24)
            brief = book.brief(lea)
            self.assertIn(promise.edit, [source for line in brief.lines for source in line.sources])
            today = book.today(None, now() + DAY_MS, 480, sdk.Language.ENGLISH)
            self.assertIn(promise.edit, [item.about for item in today.today])
            way = sdk.ContactWay.THROUGH_HUB
            verdict = book.may_contact(lea, sdk.Channel.CALL, sdk.Purpose.SELL, way, None, False)
            self.assertEqual(verdict.ruling, sdk.ContactRuling.DENY)
            self.assertEqual(verdict.reason, sdk.ContactReason.NO_CONSENT)
            warnings = book.check_note("cliente avec un problème cardiaque")
            self.assertEqual([warning.category for warning in warnings], ["health"])
            wanted = sdk.AskInput(kind=sdk.AskKind.RESERVATION, subject="COAT-0100")
            asked = book.record(lea, sdk.Edit.ASK(wanted))
            self.assertEqual([ask.ask for ask in book.customer(lea).asks], [asked.edit])
            self.assertEqual(book.answers(lea), [], "asked for, not booked")
            book.set_offline(False)
            answer = answered(book, lea)
            self.assertEqual(answer.ask, asked.edit)
            self.assertEqual(answer.state, sdk.AnswerState.REFUSED)
            self.assertEqual(answer.code, "stock_unknown")
            self.assertTrue(answer.words)


def answered(book, customer):
    """The hub's answer: it is made after the sync that brings the ask, so a later sync brings it."""
    until = time.monotonic() + 30
    while time.monotonic() < until:
        book.sync_once(5_000)
        answers = book.answers(customer)
        if answers:
            return answers[0]
    raise AssertionError("the hub did not answer")


if __name__ == "__main__":
    unittest.main()
