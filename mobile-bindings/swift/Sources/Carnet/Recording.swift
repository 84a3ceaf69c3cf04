// What writes onto a card: durably, network or not.

import CarnetGenerated

extension CarnetBook {
    /// Begins a card and returns its new id.
    public func createCustomer(
        name: [NamePartText], endpoints: [EndpointInput] = [], language: String? = nil
    ) async throws -> CustomerId {
        try await run { try $0.createCustomer(name: name, endpoints: endpoints, language: language) }
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

    /// Records an edit given as JSON, on its usual ground: for tools, and to record a refused edit anew.
    @discardableResult
    public func recordJson(_ customer: CustomerId, _ edit: String) async throws -> RecordedEdit {
        try await run { try $0.recordJson(customer: customer, edit: edit) }
    }

    /// Whether an edit is sound by itself: a form can call this while somebody types.
    public func check(_ edit: Edit) async throws {
        try await run { try $0.check(edit: edit) }
    }

    /// Settles a conflict by choosing one of its choices.
    @discardableResult
    public func resolve(_ customer: CustomerId, _ conflict: ConflictView, choose: EditId) async throws -> RecordedEdit {
        try await run { try $0.resolve(customer: customer, conflict: conflict, choose: choose) }
    }

    /// Sets or clears a part of the name.
    @discardableResult
    public func setName(_ customer: CustomerId, _ part: NamePart, _ value: String?) async throws -> RecordedEdit {
        try await run { try $0.setName(customer: customer, part: part, value: value) }
    }

    /// Writes a note.
    @discardableResult
    public func addNote(_ customer: CustomerId, _ place: Place, _ body: String) async throws -> RecordedEdit {
        try await run { try $0.addNote(customer: customer, place: place, body: body) }
    }

    /// Records what the customer likes or not.
    @discardableResult
    public func setPreference(
        _ customer: CustomerId, _ about: PreferenceInput, _ polarity: Polarity
    ) async throws -> RecordedEdit {
        try await run { try $0.setPreference(customer: customer, about: about, polarity: polarity) }
    }

    /// Records what the customer must not come into contact with.
    @discardableResult
    public func recordAllergy(
        _ customer: CustomerId, _ substance: String, _ severity: Severity
    ) async throws -> RecordedEdit {
        try await run { try $0.recordAllergy(customer: customer, substance: substance, severity: severity) }
    }

    /// Takes an allergy back, where `source` says that it was the customer's word.
    @discardableResult
    public func removeAllergy(
        _ customer: CustomerId, _ substance: String, source: Source
    ) async throws -> RecordedEdit {
        try await run { try $0.removeAllergy(customer: customer, substance: substance, source: source) }
    }

    /// Promises something.
    @discardableResult
    public func makePromise(_ customer: CustomerId, _ what: String, due: Timestamp? = nil) async throws -> RecordedEdit {
        try await run { try $0.makePromise(customer: customer, what: what, due: due) }
    }

    /// Says that a promise was kept.
    @discardableResult
    public func completePromise(_ customer: CustomerId, _ promise: EditId) async throws -> RecordedEdit {
        try await run { try $0.completePromise(customer: customer, promise: promise) }
    }

    /// The customer came in: begins a visit, which the returned edit names.
    @discardableResult
    public func arrive(_ customer: CustomerId, with: String? = nil) async throws -> RecordedEdit {
        try await run { try $0.arrive(customer: customer, with: with) }
    }

    /// What came up during a visit.
    @discardableResult
    public func capture(_ customer: CustomerId, _ visit: EditId, _ summary: String) async throws -> RecordedEdit {
        try await run { try $0.capture(customer: customer, visit: visit, summary: summary) }
    }

    /// The customer left; `summary` is the thread to take up next time.
    @discardableResult
    public func leave(_ customer: CustomerId, _ visit: EditId, summary: String? = nil) async throws -> RecordedEdit {
        try await run { try $0.leave(customer: customer, visit: visit, summary: summary) }
    }
}
