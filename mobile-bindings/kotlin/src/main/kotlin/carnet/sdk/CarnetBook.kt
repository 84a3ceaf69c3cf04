/*
 * The book as Kotlin speaks: suspending calls, a Flow of changes, a sync that is cancelled with its coroutine.
 *
 * Ids, records, edits and errors are the generated ones; this class only moves calls off the caller's thread.
 * Shorthands of [record] are in Recording.kt. A session over an app's own transport is reached through [book] itself.
 */
package carnet.sdk

import kotlinx.coroutines.CoroutineDispatcher
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.asExecutor
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.suspendCancellableCoroutine
import uniffi.carnet.Article
import uniffi.carnet.Associate
import uniffi.carnet.AssociateId
import uniffi.carnet.Book
import uniffi.carnet.BookListener
import uniffi.carnet.BookOptions
import uniffi.carnet.Brief
import uniffi.carnet.Card
import uniffi.carnet.Change
import uniffi.carnet.ChangeSummary
import uniffi.carnet.Channel
import uniffi.carnet.Colleague
import uniffi.carnet.ConflictView
import uniffi.carnet.ContactVerdict
import uniffi.carnet.ContactWay
import uniffi.carnet.CustomerId
import uniffi.carnet.CustomerResponse
import uniffi.carnet.DeviceKeystore
import uniffi.carnet.Edit
import uniffi.carnet.EditId
import uniffi.carnet.EndpointInput
import uniffi.carnet.EndpointKind
import uniffi.carnet.GestureBudget
import uniffi.carnet.GuestCard
import uniffi.carnet.GuestIntroduction
import uniffi.carnet.GuestWord
import uniffi.carnet.Hit
import uniffi.carnet.HubAnswer
import uniffi.carnet.Language
import uniffi.carnet.LinkEvidence
import uniffi.carnet.MayExist
import uniffi.carnet.NamePart
import uniffi.carnet.NamePartText
import uniffi.carnet.NoteDraft
import uniffi.carnet.NoteWarning
import uniffi.carnet.OutsideContact
import uniffi.carnet.OwedItem
import uniffi.carnet.Person
import uniffi.carnet.Place
import uniffi.carnet.Playbook
import uniffi.carnet.ProposedPromise
import uniffi.carnet.Purchase
import uniffi.carnet.Purpose
import uniffi.carnet.RecommendationList
import uniffi.carnet.RecordedEdit
import uniffi.carnet.RewordedNote
import uniffi.carnet.Sameness
import uniffi.carnet.SearchResult
import uniffi.carnet.ServiceCase
import uniffi.carnet.SmallEvent
import uniffi.carnet.Source
import uniffi.carnet.Standard
import uniffi.carnet.Status
import uniffi.carnet.StockAt
import uniffi.carnet.SyncReport
import uniffi.carnet.SyncRun
import uniffi.carnet.Timestamp
import uniffi.carnet.Today
import uniffi.carnet.Totals
import uniffi.carnet.ValueLedger
import uniffi.carnet.VisitQuestion
import uniffi.carnet.WaitingEdit
import uniffi.carnet.WalkIn
import uniffi.carnet.WipeReport
import kotlin.time.Duration
import kotlin.time.Duration.Companion.seconds

/** A handheld's book. It opens without a network, and works without one. */
class CarnetBook private constructor(
    /** The generated object: every call of it blocks. */
    val book: Book,
    private val dispatcher: CoroutineDispatcher,
) : AutoCloseable {
    internal val calls = Calls(dispatcher)

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

    /** Enrols this handheld by what the QR code of the back office holds. */
    suspend fun enrolByLink(
        link: String,
        label: String,
    ) = calls.run { book.enrolByLink(link, label) }

    /** Signs an associate in, who then works with the book. */
    suspend fun signIn(
        login: String,
        password: String,
    ): Associate = calls.run { book.signIn(login, password) }

    /**
     * Lets another associate who signed in here, and has not signed out, work with the book. Needs no network.
     * The app makes sure who holds the handheld; one that can't calls [switchWithPassword].
     */
    suspend fun switchAssociate(associate: AssociateId) = calls.run { book.switchAssociate(associate) }

    /** As [switchAssociate], for whoever knows the password that the associate last signed in with here. */
    suspend fun switchWithPassword(
        associate: AssociateId,
        password: String,
    ) = calls.run { book.switchWithPassword(associate, password) }

    /** Signs out whoever works with the book. What they recorded goes out all the same. */
    suspend fun signOut() = calls.run { book.signOut() }

    /** Drops what was opened from memory: when the app goes to the background or locks. */
    suspend fun forgetOpened() = calls.run { book.forgetOpened() }

    /** Finds customers as [text] is typed. */
    suspend fun search(
        text: String,
        limit: Int = 20,
    ): SearchResult = calls.run { book.search(text, limit.toUInt()) }

    /** The customer as a list shows them; none when they are not in this book. */
    suspend fun row(customer: CustomerId): Hit? = calls.run { book.row(customer) }

    /** The customer's card. The look is logged. */
    suspend fun customer(customer: CustomerId): Card = calls.run { book.customer(customer) }

    /** The customer's card as JSON: everything the core knows of it. The look is logged. */
    suspend fun cardJson(customer: CustomerId): String = calls.run { book.cardJson(customer) }

    /** The customer's purchases, newest first. A look at the customer, which is logged as one. */
    suspend fun purchases(customer: CustomerId): List<Purchase> = calls.run { book.purchases(customer) }

    /** Sums over the customer's purchases and returns. A look at the customer, which is logged as one. */
    suspend fun totals(customer: CustomerId): Totals = calls.run { book.totals(customer) }

    /** What to avoid, to say and to do before the customer is greeted. */
    suspend fun brief(customer: CustomerId): Brief = calls.run { book.brief(customer) }

    /** What to show, with every reason, and where to send the customer when we lack it. */
    suspend fun recommendations(customer: CustomerId): RecommendationList = calls.run { book.recommendations(customer) }

    /** The one question of this visit; none when one was answered in it. */
    suspend fun nextQuestion(customer: CustomerId): VisitQuestion? = calls.run { book.nextQuestion(customer) }

    /** What to promise before the customer leaves: ask before the visit is closed. It is proposed, not made. */
    suspend fun proposedPromise(customer: CustomerId): ProposedPromise? = calls.run { book.proposedPromise(customer) }

    /** Writes down that what is in doubt is so, or is not so, in the customer's words. */
    suspend fun answerQuestion(
        customer: CustomerId,
        yes: Boolean,
    ): RecordedEdit = calls.run { book.answerQuestion(customer, yes) }

    /** Writes down which side of a conflict the customer says is right. */
    suspend fun chooseAnswer(
        customer: CustomerId,
        choice: EditId,
    ): RecordedEdit = calls.run { book.chooseAnswer(customer, choice) }

    /** Writes down what is right instead of what is in doubt. */
    suspend fun answerInstead(
        customer: CustomerId,
        value: String,
    ): RecordedEdit = calls.run { book.answerInstead(customer, value) }

    /**
     * What is owed today as far as [minutes] of work reach, the day ending at [ends].
     * [whose] names an associate, nobody means the whole shop.
     */
    suspend fun today(
        ends: Timestamp,
        minutes: Int,
        whose: AssociateId? = null,
        language: Language = Language.ENGLISH,
    ): Today = calls.run { book.today(whose, ends, minutes.toUInt(), language) }

    /** Works out what is due where that is not known yet; 0 when all is known. To be called while idle after a first sync. */
    suspend fun prepareToday(): Int = calls.run { book.prepareToday().toInt() }

    /**
     * Whether the customer may be contacted now, by oneself or through the hub. Ask before calling or writing; talking in the shop needs no leave.
     * Recording an ask for a message asks this too: its verdict comes back with it, a denial throws.
     * [content] names the campaign or holds the words, so that nobody gets the same twice.
     */
    suspend fun mayContact(
        customer: CustomerId,
        channel: Channel,
        purpose: Purpose,
        way: ContactWay = ContactWay.DIRECT,
        content: String? = null,
        isReply: Boolean = false,
    ): ContactVerdict = calls.run { book.mayContact(customer, channel, purpose, way, content, isReply) }

    /** What is left to spend on gestures today, by whoever works, on this handheld. */
    suspend fun gestureBudget(): List<GestureBudget> = calls.run { book.gestureBudget() }

    /** Makes a gesture within today's budget, and says why. */
    suspend fun makeGesture(
        customer: CustomerId,
        reason: String,
        minor: Long,
        currency: String? = null,
    ): RecordedEdit = calls.run { book.makeGesture(customer, reason, minor, currency) }

    /** What in a note the customer should not have to read. It never changes a word. */
    suspend fun checkNote(text: String): List<NoteWarning> = calls.run { book.checkNote(text) }

    /** Keeps a note for its author alone, on this handheld, until it is reworded. */
    suspend fun keepAsDraft(
        customer: CustomerId,
        place: Place,
        body: String,
    ): NoteDraft = calls.run { book.keepAsDraft(customer, place, body) }

    /** The drafts of whoever works, the latest first. */
    suspend fun drafts(): List<NoteDraft> = calls.run { book.drafts() }

    /** Puts a draft into new words: a note where nothing is left to warn of, or where its author insists; a draft still where not. */
    suspend fun reword(
        draft: ULong,
        body: String,
        insist: Boolean = false,
    ): RewordedNote = calls.run { book.reword(draft, body, insist) }

    /** Throws a draft away. */
    suspend fun discardDraft(draft: ULong) = calls.run { book.discardDraft(draft) }

    /** Whether the chain may know somebody with this number or address already, asked offline. */
    suspend fun mayExist(
        kind: EndpointKind,
        endpoint: String,
    ): MayExist = calls.run { book.mayExist(kind, endpoint) }

    /** What they gave beside what we gave. */
    suspend fun valueLedger(
        customer: CustomerId,
        language: Language = Language.ENGLISH,
    ): ValueLedger = calls.run { book.valueLedger(customer, language) }

    /** What whoever takes over is handed, as JSON: brief, open promises, confirmed preferences, the last dealings. */
    suspend fun handoverPackJson(customer: CustomerId): String = calls.run { book.handoverPackJson(customer) }

    /** What the playbook owes this customer, and what became of it. */
    suspend fun owed(
        customer: CustomerId,
        language: Language = Language.ENGLISH,
    ): List<OwedItem> = calls.run { book.owed(customer, language) }

    /** The chain's written standard, with how each item stands by the verified standard. */
    suspend fun playbook(): Playbook = calls.run { book.playbook() }

    /** Where the chain stands; what the hub of this handheld did not sign is refused with `not_genuine`. */
    suspend fun standard(): Standard? = calls.run { book.standard() }

    /** The small events of the shop, the first to begin first. Who came is `Edit.SetInvitation` on their card. */
    suspend fun smallEvents(): List<SmallEvent> = calls.run { book.smallEvents() }

    /** Everybody who works for the chain; those who have left too, since cards name them. */
    suspend fun colleagues(): List<Colleague> = calls.run { book.colleagues() }

    /** One article; none when the catalogue has none of that number. */
    suspend fun article(sku: String): Article? = calls.run { book.article(sku) }

    /** Articles by the beginnings of words. */
    suspend fun findArticles(
        text: String,
        limit: Int = 20,
    ): List<Article> = calls.run { book.findArticles(text, limit.toUInt()) }

    /** What each shop had of an article when it was counted last, the own shop first. */
    suspend fun stock(sku: String): List<StockAt> = calls.run { book.stock(sku) }

    /** The customer's cases of the service desk, latest first. */
    suspend fun serviceCases(customer: CustomerId): List<ServiceCase> = calls.run { book.serviceCases(customer) }

    /** What the customer answered to messages and surveys, latest first. */
    suspend fun responses(customer: CustomerId): List<CustomerResponse> = calls.run { book.responses(customer) }

    /** Dealings that other systems know of and messages that the hub sent, latest first. */
    suspend fun outsideContacts(customer: CustomerId): List<OutsideContact> = calls.run { book.outsideContacts(customer) }

    /** What the hub answered to what was asked for. Without an answer something is "asked for", never "booked". */
    suspend fun answers(customer: CustomerId): List<HubAnswer> = calls.run { book.answers(customer) }

    /**
     * Looks at the hub for a customer of another shop who walked in, and brings their card into the book for the day, if they agreed.
     * The card comes by sync. When the hub can't be reached nobody was looked for: [beginGuest] is the way.
     */
    suspend fun fetchWalkIn(
        kind: EndpointKind,
        endpoint: String,
    ): WalkIn = calls.run { book.fetchWalkIn(kind, endpoint) }

    /** Begins an anonymous guest card, which is gone at the end of the shop's day. */
    suspend fun beginGuest(): CustomerId = calls.run { book.beginGuest() }

    /** Writes down what a guest said. */
    suspend fun guestSaid(
        guest: CustomerId,
        word: GuestWord,
    ) = calls.run { book.guestSaid(guest, word) }

    /** The guest cards of this handheld, the latest first. */
    suspend fun guests(): List<GuestCard> = calls.run { book.guests() }

    /** Puts what a guest said onto a card, by their consent, and returns whose. */
    suspend fun introduceGuest(
        guest: CustomerId,
        introduction: GuestIntroduction,
    ): CustomerId = calls.run { book.introduceGuest(guest, introduction) }

    /** The cards that are about the same person, and whether somebody has to look at that. */
    suspend fun person(customer: CustomerId): Person = calls.run { book.person(customer) }

    /** Says that two cards are one person, or two, on both of them. Each stays as it is. */
    suspend fun linkCustomers(
        customer: CustomerId,
        other: CustomerId,
        sameness: Sameness,
        evidence: List<LinkEvidence> = emptyList(),
    ): List<RecordedEdit> = calls.run { book.linkCustomers(customer, other, sameness, evidence) }

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

    /** The associate's own switch: while it is set nothing reaches for the network. */
    suspend fun setOffline(offline: Boolean) = calls.run { book.setOffline(offline) }

    /**
     * Destroys the keys in the book, then its files. Refused while an edit waits or a draft is kept, unless [force] says
     * that it may be lost.
     * The app then deletes the database's key from its keystore.
     */
    suspend fun wipe(force: Boolean = false): WipeReport = calls.run { book.wipe(force) }

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
