/*
 * Observation: from the core's waker and queue to a Flow.
 *
 * The core never calls an app with a change. It wakes it, and the app drains what has come. One wake may stand for many
 * changes, so a hundred thousand of them cross the border in a few calls, and a slow screen slows down nobody but itself.
 */
package carnet.sdk

import kotlinx.coroutines.CoroutineDispatcher
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.channels.Channel
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.flow
import kotlinx.coroutines.flow.flowOn

/** How many changes one call takes over the border at most. */
internal const val CHANGES_PER_DRAIN: Int = 512

/**
 * Everything that [drain] yields, in its order, for as long as the flow is collected.
 *
 * [subscribe] registers the waker it is given and returns how to unregister it, which happens when collection ends, however it ends.
 * The waker may be called from any thread, never blocks and never throws. [drain] takes at most the given number of changes
 * and is called on [dispatcher], never on the collector's thread. What came before the subscription is drained too.
 */
internal fun <T> observe(
    subscribe: (wake: () -> Unit) -> AutoCloseable,
    drain: (max: Int) -> List<T>,
    dispatcher: CoroutineDispatcher = Dispatchers.IO,
): Flow<T> =
    flow {
        val wakes = Channel<Unit>(Channel.CONFLATED)
        wakes.trySend(Unit)
        subscribe { wakes.trySend(Unit) }.use {
            for (wake in wakes) {
                do {
                    val changes = drain(CHANGES_PER_DRAIN)
                    for (change in changes) emit(change)
                } while (changes.size == CHANGES_PER_DRAIN)
            }
        }
    }.flowOn(dispatcher)
