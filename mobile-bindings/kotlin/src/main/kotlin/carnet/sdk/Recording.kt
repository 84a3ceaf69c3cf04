/*
 * What is written most, in one call each: shorthands of [CarnetBook.record], durable when they return, network or not.
 */
package carnet.sdk

import uniffi.carnet.CustomerId
import uniffi.carnet.Edit
import uniffi.carnet.EditId
import uniffi.carnet.NamePart
import uniffi.carnet.Place
import uniffi.carnet.Polarity
import uniffi.carnet.PreferenceInput
import uniffi.carnet.RecordedEdit
import uniffi.carnet.Severity
import uniffi.carnet.Source
import uniffi.carnet.Timestamp

/** Records an edit given as JSON, on its usual ground: for tools, and to record a refused edit anew. */
suspend fun CarnetBook.recordJson(
    customer: CustomerId,
    edit: String,
): RecordedEdit = calls.run { book.recordJson(customer, edit) }

/** Whether an edit is sound by itself: a form can call this while somebody types. */
suspend fun CarnetBook.check(edit: Edit) = calls.run { book.check(edit) }

/** Sets or clears a part of the name. */
suspend fun CarnetBook.setName(
    customer: CustomerId,
    part: NamePart,
    value: String?,
): RecordedEdit = calls.run { book.setName(customer, part, value) }

/** Writes a note. */
suspend fun CarnetBook.addNote(
    customer: CustomerId,
    place: Place,
    body: String,
): RecordedEdit = calls.run { book.addNote(customer, place, body) }

/** Records what the customer likes or not. */
suspend fun CarnetBook.setPreference(
    customer: CustomerId,
    about: PreferenceInput,
    polarity: Polarity,
): RecordedEdit = calls.run { book.setPreference(customer, about, polarity) }

/** Records what the customer must not come into contact with. */
suspend fun CarnetBook.recordAllergy(
    customer: CustomerId,
    substance: String,
    severity: Severity,
): RecordedEdit = calls.run { book.recordAllergy(customer, substance, severity) }

/** Takes an allergy back, where [source] says that it was the customer's word. */
suspend fun CarnetBook.removeAllergy(
    customer: CustomerId,
    substance: String,
    source: Source,
): RecordedEdit = calls.run { book.removeAllergy(customer, substance, source) }

/** Promises something. */
suspend fun CarnetBook.makePromise(
    customer: CustomerId,
    what: String,
    due: Timestamp? = null,
): RecordedEdit = calls.run { book.makePromise(customer, what, due) }

/** Says that a promise was kept. */
suspend fun CarnetBook.completePromise(
    customer: CustomerId,
    promise: EditId,
): RecordedEdit = calls.run { book.completePromise(customer, promise) }

/** The customer came in: begins a visit, which the returned edit names. */
suspend fun CarnetBook.arrive(
    customer: CustomerId,
    with: String? = null,
): RecordedEdit = calls.run { book.arrive(customer, with) }

/** What came up during a visit. */
suspend fun CarnetBook.capture(
    customer: CustomerId,
    visit: EditId,
    summary: String,
): RecordedEdit = calls.run { book.capture(customer, visit, summary) }

/** The customer left; [summary] is the thread to take up next time. */
suspend fun CarnetBook.leave(
    customer: CustomerId,
    visit: EditId,
    summary: String? = null,
): RecordedEdit = calls.run { book.leave(customer, visit, summary) }
