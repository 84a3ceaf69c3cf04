// What an app sees of the SDK: the generated module under the package's own name, and over it calls that do not block,
// a sync that is cancelled with its task, and changes as an AsyncSequence.

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

    /// Finds customers as `text` is typed.
    public func search(_ text: String, limit: UInt32 = 20) async throws -> SearchResult {
        try await run { try $0.search(text: text, limit: limit) }
    }

    /// The customer's card. The look is logged.
    public func customer(_ customer: CustomerId) async throws -> Card {
        try await run { try $0.customer(customer: customer) }
    }

    /// What to avoid, to say and to do before the customer is greeted.
    public func brief(_ customer: CustomerId) async throws -> Brief {
        try await run { try $0.brief(customer: customer) }
    }

    /// Records an edit, durably, network or not; on its usual ground unless `source` names another.
    /// What takes an allergy or a "never" away is refused unless `source` says that it was the customer's word.
    @discardableResult
    public func record(_ customer: CustomerId, _ edit: Edit, source: Source? = nil) async throws -> RecordedEdit {
        try await run {
            guard let source else { return try $0.record(customer: customer, edit: edit) }
            return try $0.recordFrom(customer: customer, edit: edit, source: source)
        }
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
