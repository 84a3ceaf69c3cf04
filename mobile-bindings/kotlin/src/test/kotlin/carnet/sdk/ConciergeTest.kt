package carnet.sdk

import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.withTimeout
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertFalse
import org.junit.jupiter.api.Assertions.assertNull
import org.junit.jupiter.api.Assertions.assertThrows
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Assumptions.assumeTrue
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.io.TempDir
import uniffi.carnet.AnswerState
import uniffi.carnet.AskInput
import uniffi.carnet.AskKind
import uniffi.carnet.BookException
import uniffi.carnet.Channel
import uniffi.carnet.ConsentMethod
import uniffi.carnet.ContactReason
import uniffi.carnet.ContactRuling
import uniffi.carnet.ContactWay
import uniffi.carnet.CustomerId
import uniffi.carnet.DueKind
import uniffi.carnet.Edit
import uniffi.carnet.EndpointKind
import uniffi.carnet.Evidence
import uniffi.carnet.GuestIntroduction
import uniffi.carnet.GuestIs
import uniffi.carnet.GuestWord
import uniffi.carnet.HubAnswer
import uniffi.carnet.LinkEvidence
import uniffi.carnet.MayExist
import uniffi.carnet.NamePart
import uniffi.carnet.NamePartText
import uniffi.carnet.NeedInput
import uniffi.carnet.ObligationState
import uniffi.carnet.PersonStanding
import uniffi.carnet.Purpose
import uniffi.carnet.Sameness
import java.nio.file.Path
import kotlin.time.Duration.Companion.seconds

private const val HOUR_MS = 3_600_000L

private const val SHIFT_MINUTES = 480

class ConciergeTest {
    @TempDir
    lateinit var folder: Path

    private suspend fun open() = CarnetBook.open(folder.resolve("book").toString(), ByteArray(32) { it.toByte() })

    private suspend fun CarnetBook.ana(): CustomerId = search("ana").hits.single().customer

    @Test
    fun `the answer of the visit settles the conflict`() =
        runBlocking {
            CarnetBook.preview().use { book ->
                val ana = book.ana()
                val question = book.nextQuestion(ana)!!
                assertEquals(setOf("38", "39"), question.says.toSet())
                book.chooseAnswer(ana, question.choices[question.says.indexOf("39")])
                assertTrue(book.conflicts(ana).isEmpty())
            }
        }

    @Test
    fun `today lists what is late`() =
        runBlocking {
            CarnetBook.preview().use { book ->
                val ana = book.ana()
                val today = book.today(System.currentTimeMillis() + 24 * HOUR_MS, SHIFT_MINUTES)
                val late = today.today.single { it.customer == ana && it.isLate }
                assertEquals(DueKind.PROMISE, late.kind)
                assertEquals(0, book.prepareToday())
            }
        }

    @Test
    fun `a gesture takes a right and says how to get one`() =
        runBlocking {
            CarnetBook.preview().use { book ->
                val ana = book.ana()
                assertTrue(book.gestureBudget().isEmpty())
                val gesture = { runBlocking { book.makeGesture(ana, "waited for an hour", 1_500) } }
                val error = assertThrows(BookException.Invalid::class.java) { gesture() }
                assertEquals("gesture", error.code)
                assertTrue(error.reason.contains("connect to the hub"), error.reason)
            }
        }

    @Test
    fun `what this book does not hold is told from what there is not`() =
        runBlocking {
            CarnetBook.preview().use { book ->
                val ana = book.ana()
                assertEquals(MayExist.UNKNOWN, book.mayExist(EndpointKind.PHONE, "+351912345678"))
                assertNull(book.article("COAT-0100"))
                assertTrue(book.findArticles("coat").isEmpty() && book.stock("COAT-0100").isEmpty())
                assertTrue(book.recommendations(ana).items.isEmpty())
                assertTrue(book.serviceCases(ana).isEmpty() && book.responses(ana).isEmpty())
                assertTrue(book.outsideContacts(ana).isEmpty() && book.colleagues().isEmpty())
                assertFalse(book.valueLedger(ana).line.isEmpty())
                assertTrue(book.owed(ana).all { it.opens <= it.closes && (it.state != ObligationState.MET || it.doneAt != null) })
                assertTrue(book.handoverPackJson(ana).startsWith("{") && book.smallEvents().isEmpty())
            }
        }

    @Test
    fun `a guest is nobody until they agree`() =
        runBlocking {
            CarnetBook.preview().use { book ->
                val guest = book.beginGuest()
                val need = GuestWord.Need("a coat for the rain", listOf("rain"))
                book.guestSaid(guest, need)
                assertEquals(listOf(need), book.guests().single().said)
                assertEquals(0uL, book.status().pending)
                val newcomer = GuestIs.Newcomer(listOf(NamePartText(NamePart.GIVEN, "Noor")))
                val evidence = Evidence("1", ConsentMethod.SIGNATURE)
                val noor = book.introduceGuest(guest, GuestIntroduction(evidence, newcomer))
                assertEquals("a coat for the rain", book.customer(noor).needs.single().what)
                assertTrue(book.guests().isEmpty())
                val ana = book.ana()
                book.linkCustomers(noor, ana, Sameness.SAME, listOf(LinkEvidence.SAID))
                val person = book.person(ana)
                assertEquals(PersonStanding.ONE_PERSON, person.standing)
                assertEquals(setOf(noor, ana), person.members.toSet())
            }
        }

    @Test
    fun `what is asked for offline is answered by the hub`() =
        runBlocking {
            assumeTrue(RunningHub.binary().isFile, "the property carnet.hub names no binary")
            RunningHub().use { hub ->
                open().use { book ->
                    book.enrol(hub.url, hub.code, "kotlin")
                    book.signIn(hub.login, hub.password)
                    book.book.setOffline(true)
                    val lea = book.createCustomer(mapOf(NamePart.GIVEN to "Léa"), language = "fr")
                    val asked = workOffline(book, lea)
                    book.book.setOffline(false)
                    val answer = withTimeout(30.seconds) { answered(book, lea) }
                    assertEquals(asked, answer.ask)
                    assertEquals(AnswerState.REFUSED, answer.state)
                    assertEquals("stock_unknown", answer.code)
                    assertFalse(answer.words.isNullOrEmpty())
                }
            }
        }

    /** A need, a promise, the brief, the today list, the guard, the linter; returns what was asked for. */
    private suspend fun workOffline(
        book: CarnetBook,
        lea: CustomerId,
    ): String {
        val soon = System.currentTimeMillis() + HOUR_MS
        book.record(lea, Edit.AddNeed(NeedInput("a coat for the rain", listOf("rain"))))
        val promise = book.record(lea, Edit.MakePromise("call about the coat", soon)).edit
        assertTrue(book.brief(lea).lines.any { promise in it.sources })
        val today = book.today(soon + 23 * HOUR_MS, SHIFT_MINUTES)
        assertTrue(today.today.any { it.about == promise })
        val verdict = book.mayContact(lea, Channel.CALL, Purpose.SELL, ContactWay.THROUGH_HUB)
        assertEquals(ContactRuling.DENY, verdict.ruling)
        assertEquals(ContactReason.NO_CONSENT, verdict.reason)
        val warnings = book.checkNote("cliente avec un problème cardiaque")
        assertEquals("health", warnings.single().category)
        val asked = book.record(lea, Edit.Ask(AskInput(AskKind.RESERVATION, "COAT-0100"))).edit
        assertEquals(asked, book.customer(lea).asks.single().ask)
        assertTrue(book.answers(lea).isEmpty(), "asked for, not booked")
        return asked
    }

    /** The answer is made after the sync that brings the ask, so a later sync brings it. */
    private suspend fun answered(
        book: CarnetBook,
        customer: CustomerId,
    ): HubAnswer {
        while (true) {
            book.sync()
            book.answers(customer).firstOrNull()?.let { return it }
        }
    }
}
