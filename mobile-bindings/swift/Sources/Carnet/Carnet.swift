// What an app sees of the SDK: the generated module under the package's own name, and over it calls that do not block,
// a sync that is cancelled with its task, and changes as an AsyncSequence. What writes onto a card is
// in Recording.swift; a session over an app's own transport is reached through `book` itself.

@_exported import CarnetGenerated
import Foundation

/// A handheld's book. It opens without a network, and works without one.
public final class CarnetBook: @unchecked Sendable {
    /// The generated object: every call of it blocks. It may be used from any thread.
    public let book: Book
    private let queue = DispatchQueue(label: "carnet.book", attributes: .concurrent)

    private init(_ book: Book) {
        self.book = book
    }

    /// Opens the book at `path`, or makes an empty one. `key` has 32 bytes, from the keychain.
    public static func open(path: String, key: Data, keystore: DeviceKeystore? = nil) async throws -> CarnetBook {
        let options = BookOptions(keystore: keystore)
        return try await Task.detached { CarnetBook(try Book.open(path: path, key: key, options: options)) }.value
    }

    /// An invented book in memory, for working on screens.
    public static func preview() async throws -> CarnetBook {
        try await Task.detached { CarnetBook(try Book.preview()) }.value
    }

    /// Runs a call of the book off the caller's thread. A call that has begun is not torn out: an edit is recorded or not begun.
    public func run<T>(_ call: @escaping @Sendable (Book) throws -> T) async throws -> T {
        try await withCheckedThrowingContinuation { continuation in
            queue.async { [book] in
                continuation.resume(with: Result { try call(book) })
            }
        }
    }

    /// Enrols this handheld by a one-time code that a manager shows.
    public func enrol(hubUrl: String, code: String, label: String) async throws {
        try await run { try $0.enrol(hubUrl: hubUrl, code: code, label: label) }
    }

    /// Enrols this handheld by what the QR code of the back office holds.
    public func enrolByLink(_ link: String, label: String) async throws {
        try await run { try $0.enrolByLink(link: link, label: label) }
    }

    /// Signs an associate in, who then works with the book.
    @discardableResult
    public func signIn(login: String, password: String) async throws -> Associate {
        try await run { try $0.signIn(login: login, password: password) }
    }

    /// Lets another associate who signed in here, and has not signed out, work with the book. Needs no network.
    /// The app makes sure who holds the handheld; one that can't calls `switchWithPassword`.
    public func switchAssociate(_ associate: AssociateId) async throws {
        try await run { try $0.switchAssociate(associate: associate) }
    }

    /// As `switchAssociate`, for whoever knows the password that the associate last signed in with here.
    public func switchWithPassword(_ associate: AssociateId, password: String) async throws {
        try await run { try $0.switchWithPassword(associate: associate, password: password) }
    }

    /// Signs out whoever works with the book. What they recorded goes out all the same.
    public func signOut() async throws {
        try await run { try $0.signOut() }
    }

    /// Drops what was opened from memory: when the app goes to the background or locks.
    public func forgetOpened() async throws {
        try await run { try $0.forgetOpened() }
    }

    /// Finds customers as `text` is typed.
    public func search(_ text: String, limit: UInt32 = 20) async throws -> SearchResult {
        try await run { try $0.search(text: text, limit: limit) }
    }

    /// The customer as a list shows them; none when they are not in this book.
    public func row(_ customer: CustomerId) async throws -> Hit? {
        try await run { try $0.row(customer: customer) }
    }

    /// The customer's card. The look is logged.
    public func customer(_ customer: CustomerId) async throws -> Card {
        try await run { try $0.customer(customer: customer) }
    }

    /// The customer's card as JSON: everything the core knows of it. The look is logged.
    public func cardJson(_ customer: CustomerId) async throws -> String {
        try await run { try $0.cardJson(customer: customer) }
    }

    /// The customer's purchases, newest first. A look at the customer, which is logged as one.
    public func purchases(_ customer: CustomerId) async throws -> [Purchase] {
        try await run { try $0.purchases(customer: customer) }
    }

    /// Sums over the customer's purchases and returns. A look at the customer, which is logged as one.
    public func totals(_ customer: CustomerId) async throws -> Totals {
        try await run { try $0.totals(customer: customer) }
    }

    /// What to avoid, to say and to do before the customer is greeted.
    public func brief(_ customer: CustomerId) async throws -> Brief {
        try await run { try $0.brief(customer: customer) }
    }

    /// What to show, with every reason, and where to send the customer when we lack it.
    public func recommendations(_ customer: CustomerId) async throws -> RecommendationList {
        try await run { try $0.recommendations(customer: customer) }
    }

    /// The one question of this visit; none when one was answered in it.
    public func nextQuestion(_ customer: CustomerId) async throws -> VisitQuestion? {
        try await run { try $0.nextQuestion(customer: customer) }
    }

    /// What to promise before the customer leaves: ask before the visit is closed. It is proposed, not made.
    public func proposedPromise(_ customer: CustomerId) async throws -> ProposedPromise? {
        try await run { try $0.proposedPromise(customer: customer) }
    }

    /// Writes down that what is in doubt is so, or is not so, in the customer's words.
    @discardableResult
    public func answerQuestion(_ customer: CustomerId, yes: Bool) async throws -> RecordedEdit {
        try await run { try $0.answerQuestion(customer: customer, yes: yes) }
    }

    /// Writes down which side of a conflict the customer says is right.
    @discardableResult
    public func chooseAnswer(_ customer: CustomerId, _ choice: EditId) async throws -> RecordedEdit {
        try await run { try $0.chooseAnswer(customer: customer, choice: choice) }
    }

    /// Writes down what is right instead of what is in doubt.
    @discardableResult
    public func answerInstead(_ customer: CustomerId, _ value: String) async throws -> RecordedEdit {
        try await run { try $0.answerInstead(customer: customer, value: value) }
    }

    /// What is owed today as far as `minutes` of work reach, the day ending at `ends`. `whose` names an associate, nobody means the whole shop.
    public func today(
        ends: Timestamp, minutes: UInt32, whose: AssociateId? = nil, language: Language = .english
    ) async throws -> Today {
        try await run { try $0.today(whose: whose, ends: ends, minutes: minutes, language: language) }
    }

    /// Works out what is due where that is not known yet; 0 when all is known. To be called while idle after a first sync.
    public func prepareToday() async throws -> UInt32 {
        try await run { try $0.prepareToday() }
    }

    /// Whether the customer may be contacted now, by oneself or through the hub. Ask before calling or writing; talking in the shop needs no leave.
    /// Recording an ask for a message asks this too: its verdict comes back with it, a denial throws.
    /// `content` names the campaign or holds the words, so that nobody gets the same twice.
    public func mayContact(
        _ customer: CustomerId, over channel: Channel, for purpose: Purpose, by way: ContactWay = .direct,
        content: String? = nil, isReply: Bool = false
    ) async throws -> ContactVerdict {
        try await run {
            try $0.mayContact(
                customer: customer, channel: channel, purpose: purpose, way: way, content: content, isReply: isReply)
        }
    }

    /// What is left to spend on gestures today, by whoever works, on this handheld.
    public func gestureBudget() async throws -> [GestureBudget] {
        try await run { try $0.gestureBudget() }
    }

    /// Makes a gesture within today's budget, and says why.
    @discardableResult
    public func makeGesture(
        _ customer: CustomerId, reason: String, minor: Int64, currency: String? = nil
    ) async throws -> RecordedEdit {
        try await run { try $0.makeGesture(customer: customer, reason: reason, minor: minor, currency: currency) }
    }

    /// What in a note the customer should not have to read. It never changes a word.
    public func checkNote(_ text: String) async throws -> [NoteWarning] {
        try await run { try $0.checkNote(text: text) }
    }

    /// Keeps a note for its author alone, on this handheld, until it is reworded.
    @discardableResult
    public func keepAsDraft(_ customer: CustomerId, _ place: Place, _ body: String) async throws -> NoteDraft {
        try await run { try $0.keepAsDraft(customer: customer, place: place, body: body) }
    }

    /// The drafts of whoever works, the latest first.
    public func drafts() async throws -> [NoteDraft] {
        try await run { try $0.drafts() }
    }

    /// Puts a draft into new words: a note where nothing is left to warn of, or where its author insists; a draft still where not.
    @discardableResult
    public func reword(_ draft: UInt64, _ body: String, insist: Bool = false) async throws -> RewordedNote {
        try await run { try $0.reword(draft: draft, body: body, insist: insist) }
    }

    /// Throws a draft away.
    public func discardDraft(_ draft: UInt64) async throws {
        try await run { try $0.discardDraft(draft: draft) }
    }

    /// Whether the chain may know somebody with this number or address already, asked offline.
    public func mayExist(_ kind: EndpointKind, _ endpoint: String) async throws -> MayExist {
        try await run { try $0.mayExist(kind: kind, endpoint: endpoint) }
    }

    /// What they gave beside what we gave.
    public func valueLedger(_ customer: CustomerId, language: Language = .english) async throws -> ValueLedger {
        try await run { try $0.valueLedger(customer: customer, language: language) }
    }

    /// What whoever takes over is handed, as JSON: brief, open promises, confirmed preferences, the last dealings.
    public func handoverPackJson(_ customer: CustomerId) async throws -> String {
        try await run { try $0.handoverPackJson(customer: customer) }
    }

    /// What the playbook owes this customer, and what became of it.
    public func owed(_ customer: CustomerId, language: Language = .english) async throws -> [OwedItem] {
        try await run { try $0.owed(customer: customer, language: language) }
    }

    /// The chain's written standard, with how each item stands by the verified standard.
    public func playbook() async throws -> Playbook {
        try await run { try $0.playbook() }
    }

    /// Where the chain stands; what the hub of this handheld did not sign is refused with `not_genuine`.
    public func standard() async throws -> Standard? {
        try await run { try $0.standard() }
    }

    /// The small events of the shop, the first to begin first. Who came is `Edit.setInvitation` on their card.
    public func smallEvents() async throws -> [SmallEvent] {
        try await run { try $0.smallEvents() }
    }

    /// Everybody who works for the chain; those who have left too, since cards name them.
    public func colleagues() async throws -> [Colleague] {
        try await run { try $0.colleagues() }
    }

    /// One article; none when the catalogue has none of that number.
    public func article(_ sku: String) async throws -> Article? {
        try await run { try $0.article(sku: sku) }
    }

    /// Articles by the beginnings of words.
    public func findArticles(_ text: String, limit: UInt32 = 20) async throws -> [Article] {
        try await run { try $0.findArticles(text: text, limit: limit) }
    }

    /// What each shop had of an article when it was counted last, the own shop first.
    public func stock(_ sku: String) async throws -> [StockAt] {
        try await run { try $0.stock(sku: sku) }
    }

    /// The customer's cases of the service desk, latest first.
    public func serviceCases(_ customer: CustomerId) async throws -> [ServiceCase] {
        try await run { try $0.serviceCases(customer: customer) }
    }

    /// What the customer answered to messages and surveys, latest first.
    public func responses(_ customer: CustomerId) async throws -> [CustomerResponse] {
        try await run { try $0.responses(customer: customer) }
    }

    /// Dealings that other systems know of and messages that the hub sent, latest first.
    public func outsideContacts(_ customer: CustomerId) async throws -> [OutsideContact] {
        try await run { try $0.outsideContacts(customer: customer) }
    }

    /// What the hub answered to what was asked for. Without an answer something is "asked for", never "booked".
    public func answers(_ customer: CustomerId) async throws -> [HubAnswer] {
        try await run { try $0.answers(customer: customer) }
    }

    /// Looks at the hub for a customer of another shop who walked in, and brings their card into the book for the day, if they agreed.
    /// The card comes by sync. When the hub can't be reached nobody was looked for: `beginGuest` is the way.
    public func fetchWalkIn(_ kind: EndpointKind, _ endpoint: String) async throws -> WalkIn {
        try await run { try $0.fetchWalkIn(kind: kind, endpoint: endpoint) }
    }

    /// Begins an anonymous guest card, which is gone at the end of the shop's day.
    public func beginGuest() async throws -> CustomerId {
        try await run { try $0.beginGuest() }
    }

    /// Writes down what a guest said.
    public func guestSaid(_ guest: CustomerId, _ word: GuestWord) async throws {
        try await run { try $0.guestSaid(guest: guest, word: word) }
    }

    /// The guest cards of this handheld, the latest first.
    public func guests() async throws -> [GuestCard] {
        try await run { try $0.guests() }
    }

    /// Puts what a guest said onto a card, by their consent, and returns whose.
    public func introduceGuest(_ guest: CustomerId, _ introduction: GuestIntroduction) async throws -> CustomerId {
        try await run { try $0.introduceGuest(guest: guest, introduction: introduction) }
    }

    /// The cards that are about the same person, and whether somebody has to look at that.
    public func person(_ customer: CustomerId) async throws -> Person {
        try await run { try $0.person(customer: customer) }
    }

    /// Says that two cards are one person, or two, on both of them. Each stays as it is.
    @discardableResult
    public func linkCustomers(
        _ customer: CustomerId, _ other: CustomerId, _ sameness: Sameness, evidence: [LinkEvidence] = []
    ) async throws -> [RecordedEdit] {
        try await run {
            try $0.linkCustomers(customer: customer, other: other, sameness: sameness, evidence: evidence)
        }
    }

    /// What colleagues said differently at the same time.
    public func conflicts(_ customer: CustomerId) async throws -> [ConflictView] {
        try await run { try $0.conflicts(customer: customer) }
    }

    /// Edits that the hub has not brought back yet.
    public func outbox() async throws -> [WaitingEdit] {
        try await run { try $0.outbox() }
    }

    /// Discards a refused edit for good.
    public func discardRefused(_ number: UInt64) async throws {
        try await run { try $0.discardRefused(number: number) }
    }

    /// For a manager: edits that colleagues who were deactivated left behind on this handheld.
    public func leftBehind() async throws -> [WaitingEdit] {
        try await run { try $0.leftBehind() }
    }

    /// Makes an edit that a colleague left behind the manager's own word.
    public func takeOver(_ number: UInt64) async throws {
        try await run { try $0.takeOver(number: number) }
    }

    /// How the book stands.
    public func status() async throws -> Status {
        try await run { try $0.status() }
    }

    /// Syncs once. Cancelling the task stops the work; what came is kept. Fits a background task: the deadline is in milliseconds.
    public func sync(deadlineMs: UInt64 = 30_000) async throws -> SyncReport {
        let started = try await run { try $0.beginSync(deadlineMs: deadlineMs) }
        return try await withTaskCancellationHandler {
            try await run { _ in try started.outcome() }
        } onCancel: {
            started.cancel()
        }
    }

    /// Keeps a connection open, until `stopSync`.
    public func startSync() async throws {
        try await run { try $0.startSync() }
    }

    /// Ends the live connection.
    public func stopSync() {
        book.stopSync()
    }

    /// The associate's own switch: while it is set nothing reaches for the network.
    public func setOffline(_ offline: Bool) async throws {
        try await run { try $0.setOffline(offline: offline) }
    }

    /// Destroys the keys in the book, then its files. Refused while an edit waits or a draft is kept, unless `force` says
    /// that it may be lost.
    /// The app then deletes the database's key from its keychain.
    @discardableResult
    public func wipe(force: Bool = false) async throws -> WipeReport {
        try await run { try $0.wipe(force: force) }
    }

    /// Changes as they come, for as long as the sequence is iterated. One iteration at a time.
    public var changes: AsyncThrowingStream<Change, any Error> {
        AsyncThrowingStream { continuation in
            let waker = Waker { [book] in
                var taken: [Change]
                repeat {
                    taken = book.drain(max: 512)
                    taken.forEach { continuation.yield($0) }
                } while taken.count == 512
            }
            continuation.onTermination = { [book] _ in
                try? book.listen(listener: nil)
            }
            do {
                try book.listen(listener: waker)
            } catch {
                continuation.finish(throwing: error)
            }
        }
    }
}

/// Drains on the SDK's own thread: it holds no lock there.
private final class Waker: BookListener, @unchecked Sendable {
    private let wake: () -> Void

    init(_ wake: @escaping () -> Void) {
        self.wake = wake
    }

    func onChange(summary: ChangeSummary) throws {
        wake()
    }
}
