/*
 * The book as Kotlin speaks: suspending calls, a Flow of changes, a sync that is cancelled with its coroutine.
 *
 * Ids, records, edits and errors are the generated ones; this class only moves calls off the caller's thread.
 * What has no function here is reached through [record] with an Edit, or through [book] itself.
 */
package carnet.sdk

import kotlinx.coroutines.CoroutineDispatcher
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.asExecutor
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.suspendCancellableCoroutine
import uniffi.carnet.Associate
import uniffi.carnet.Book
import uniffi.carnet.BookListener
import uniffi.carnet.BookOptions
import uniffi.carnet.Brief
import uniffi.carnet.Card
import uniffi.carnet.Change
import uniffi.carnet.ChangeSummary
import uniffi.carnet.ConflictView
import uniffi.carnet.CustomerId
import uniffi.carnet.DeviceKeystore
import uniffi.carnet.Edit
import uniffi.carnet.EditId
import uniffi.carnet.EndpointInput
import uniffi.carnet.NamePart
import uniffi.carnet.NamePartText
import uniffi.carnet.RecordedEdit
import uniffi.carnet.SearchResult
import uniffi.carnet.Source
import uniffi.carnet.Status
import uniffi.carnet.SyncReport
import uniffi.carnet.SyncRun
import uniffi.carnet.WaitingEdit
import kotlin.time.Duration
import kotlin.time.Duration.Companion.seconds

/** A handheld's book. It opens without a network, and works without one. */
class CarnetBook private constructor(
    /** The generated object: every call of it blocks. */
    val book: Book,
    private val dispatcher: CoroutineDispatcher,
) : AutoCloseable {
    private val calls = Calls(dispatcher)

    /** Changes as they come, for as long as the flow is collected. One collector at a time. */
    val changes: Flow<Change> =
        observe(
            subscribe = { wake ->
                book.listen(Waker(wake))
                AutoCloseable { book.listen(null) }
            },
            drain = { max -> book.drain(max.toUInt()) },
            dispatcher = dispatcher,
        )

    /** Enrols this handheld by a one-time code that a manager shows. */
    suspend fun enrol(
        hubUrl: String,
        code: String,
        label: String,
    ) = calls.run { book.enrol(hubUrl, code, label) }

    /** Signs an associate in, who then works with the book. */
    suspend fun signIn(
        login: String,
        password: String,
    ): Associate = calls.run { book.signIn(login, password) }

    /** Signs out whoever works with the book. What they recorded goes out all the same. */
    suspend fun signOut() = calls.run { book.signOut() }

    /** Finds customers as [text] is typed. */
    suspend fun search(
        text: String,
        limit: Int = 20,
    ): SearchResult = calls.run { book.search(text, limit.toUInt()) }

    /** The customer's card. The look is logged. */
    suspend fun customer(customer: CustomerId): Card = calls.run { book.customer(customer) }

    /** What to avoid, to say and to do before the customer is greeted. */
    suspend fun brief(customer: CustomerId): Brief = calls.run { book.brief(customer) }

    /** What colleagues said differently at the same time. */
    suspend fun conflicts(customer: CustomerId): List<ConflictView> = calls.run { book.conflicts(customer) }

    /** Begins a card and returns its new id. */
    suspend fun createCustomer(
        name: Map<NamePart, String>,
        endpoints: List<EndpointInput> = emptyList(),
        language: String? = null,
    ): CustomerId =
        calls.run {
            book.createCustomer(name.map { (part, text) -> NamePartText(part, text) }, endpoints, language)
        }

    /**
     * Records an edit, durably, network or not; on its usual ground unless [source] names another.
     * What takes an allergy or a "never" away is refused unless [source] says that it was the customer's word.
     */
    suspend fun record(
        customer: CustomerId,
        edit: Edit,
        source: Source? = null,
    ): RecordedEdit =
        calls.run {
            if (source == null) book.record(customer, edit) else book.recordFrom(customer, edit, source)
        }

    /** Settles a conflict by choosing one of its choices. */
    suspend fun resolve(
        customer: CustomerId,
        conflict: ConflictView,
        choose: EditId,
    ): RecordedEdit = calls.run { book.resolve(customer, conflict, choose) }

    /** Edits that the hub has not brought back yet. */
    suspend fun outbox(): List<WaitingEdit> = calls.run { book.outbox() }

    /** Discards a refused edit for good. */
    suspend fun discardRefused(number: ULong) = calls.run { book.discardRefused(number) }

    /** For a manager: edits that colleagues who were deactivated left behind on this handheld. */
    suspend fun leftBehind(): List<WaitingEdit> = calls.run { book.leftBehind() }

    /** Makes an edit that a colleague left behind the manager's own word. */
    suspend fun takeOver(number: ULong) = calls.run { book.takeOver(number) }

    /** How the book stands. */
    suspend fun status(): Status = calls.run { book.status() }

    /** Syncs once. Cancelling the coroutine stops the work; what came is kept. */
    suspend fun sync(deadline: Duration = 30.seconds): SyncReport {
        val run = calls.run { book.beginSync(deadline.inWholeMilliseconds.coerceAtLeast(0).toULong()) }
        return outcome(run)
    }

    private suspend fun outcome(run: SyncRun): SyncReport =
        suspendCancellableCoroutine { continuation ->
            continuation.invokeOnCancellation { run.cancel() }
            dispatcher.asExecutor().execute {
                // The run is let go only when nobody waits for it any more.
                run.use { continuation.resumeWith(runCatching { it.outcome() }) }
            }
        }

    /** Keeps a connection open, until [stopSync]. */
    suspend fun startSync() = calls.run { book.startSync() }

    /** Ends the live connection. */
    fun stopSync() = book.stopSync()

    /** Lets the book go. Its file stays. */
    override fun close() {
        book.listen(null)
        book.stopSync()
        book.close()
    }

    companion object {
        /** Opens the book at [path], or makes an empty one. [key] has 32 bytes, from the app's keystore. */
        suspend fun open(
            path: String,
            key: ByteArray,
            keystore: DeviceKeystore? = null,
            dispatcher: CoroutineDispatcher = Dispatchers.IO,
        ): CarnetBook =
            Calls(dispatcher).run { CarnetBook(Book.open(path, key, BookOptions(keystore)), dispatcher) }

        /** An invented book in memory, for working on screens. */
        suspend fun preview(dispatcher: CoroutineDispatcher = Dispatchers.IO): CarnetBook =
            Calls(dispatcher).run { CarnetBook(Book.preview(), dispatcher) }
    }
}

private class Waker(
    private val wake: () -> Unit,
) : BookListener {
    override fun onChange(summary: ChangeSummary) = wake()
}
