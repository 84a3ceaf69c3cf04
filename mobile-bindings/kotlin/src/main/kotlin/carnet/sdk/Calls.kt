/*
 * Calls into the core: the exported functions block, so they run on threads that may, never on the one that draws.
 */
package carnet.sdk

import kotlinx.coroutines.CoroutineDispatcher
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.withContext

/** Runs calls of one book, a few at a time: the core has one writer and its readers are pooled. */
internal class Calls(
    private val dispatcher: CoroutineDispatcher = Dispatchers.IO.limitedParallelism(PARALLEL_CALLS_MAX),
) {
    /**
     * Runs [call] off the caller's thread and returns what it returns.
     *
     * A call that has begun is not torn out of the core when the caller is cancelled: the edit it makes is either recorded or not begun.
     */
    suspend fun <T> run(call: () -> T): T = withContext(dispatcher) { call() }

    private companion object {
        /** One writer and three readers; more would only wait for one another. */
        const val PARALLEL_CALLS_MAX = 4
    }
}
