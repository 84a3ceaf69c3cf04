package carnet.sdk

import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.async
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.withTimeout
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertThrows
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Assumptions.assumeTrue
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.io.TempDir
import uniffi.carnet.BookException
import uniffi.carnet.Change
import uniffi.carnet.Edit
import uniffi.carnet.Language
import uniffi.carnet.LineKind
import uniffi.carnet.NamePart
import uniffi.carnet.Place
import uniffi.carnet.Severity
import uniffi.carnet.Source
import uniffi.carnet.SyncEnd
import uniffi.carnet.renderLine
import java.net.ServerSocket
import java.nio.file.Path

class CarnetBookTest {
    @TempDir
    lateinit var folder: Path

    private val key = ByteArray(32) { it.toByte() }

    private suspend fun open() = CarnetBook.open(folder.resolve("book").toString(), key)

    @Test
    fun `the preview is searched, read and edited`() =
        runBlocking {
            CarnetBook.preview().use { book ->
                val ana = book.search("ana").hits.single().customer
                assertEquals(LineKind.ALLERGY, book.brief(ana).lines.first().kind)
                book.record(ana, Edit.AddNote(Place.CARD, "collects lighthouses"))
                assertEquals(ana, book.search("lighthouses").hits.single().customer)
                assertEquals(1uL, book.status().pending)
            }
        }

    @Test
    fun `changes arrive in a flow`() =
        runBlocking {
            CarnetBook.preview().use { book ->
                val ana = book.search("ana").hits.single().customer
                val change = async(Dispatchers.Default) { book.changes.first { it is Change.Customer } }
                book.record(ana, Edit.Tag("opera"), Source.STATED)
                withTimeout(10_000) { assertEquals(Change.Customer(ana), change.await()) }
            }
        }

    @Test
    fun `another key is told from no book`() {
        runBlocking { open().close() }
        val wrong = { runBlocking { CarnetBook.open(folder.resolve("book").toString(), ByteArray(32)) } }
        assertThrows(BookException.WrongKey::class.java) { wrong() }
    }

    @Test
    fun `an edit that can not be made says why`() =
        runBlocking {
            CarnetBook.preview().use { book ->
                val ana = book.search("ana").hits.single().customer
                val bad = { runBlocking { book.record(ana, Edit.SetLanguage("???")) } }
                val error = assertThrows(BookException.Invalid::class.java) { bad() }
                assertEquals("language", error.code)
            }
        }

    @Test
    fun `what is written offline reaches a running hub`() =
        runBlocking {
            assumeTrue(RunningHub.binary().isFile, "the property carnet.hub names no binary")
            RunningHub().use { hub ->
                open().use { book ->
                    book.enrol(hub.url, hub.code, "kotlin")
                    book.signIn(hub.login, hub.password)
                    book.book.setOffline(true)
                    val lea = book.createCustomer(mapOf(NamePart.GIVEN to "Léa"), language = "fr")
                    book.record(lea, Edit.RecordAllergy("nickel", Severity.SERIOUS))
                    assertEquals(2uL, book.status().pending)
                    book.book.setOffline(false)
                    val report = book.sync()
                    assertEquals(SyncEnd.SETTLED, report.end)
                    assertEquals(0uL, report.pending + report.refused)
                    val first = book.brief(lea).lines.first()
                    assertEquals("Allergy: nickel (serious)", renderLine(first, Language.ENGLISH))
                }
            }
        }

    @Test
    fun `a cancelled coroutine stops its sync`() =
        runBlocking {
            assumeTrue(RunningHub.binary().isFile, "the property carnet.hub names no binary")
            RunningHub().use { hub ->
                open().use { book ->
                    // Enrolled with a hub that is then replaced by one that takes connections and says nothing.
                    book.enrol(hub.url, hub.code, "kotlin")
                    val port = hub.url.substringAfterLast(':').toInt()
                    hub.close()
                    ServerSocket(port).use { silent ->
                        val began = System.nanoTime()
                        val sync = async(Dispatchers.Default) { book.sync() }
                        silent.accept().use { sync.cancelAndJoin() }
                        assertTrue(System.nanoTime() - began < 10_000_000_000)
                        assertTrue(sync.isCancelled)
                    }
                }
            }
        }
}
