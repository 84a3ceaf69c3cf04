package carnet.sdk

import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.async
import kotlinx.coroutines.flow.take
import kotlinx.coroutines.flow.toList
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.withTimeout
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertNotEquals
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import java.util.concurrent.ConcurrentLinkedQueue
import java.util.concurrent.atomic.AtomicBoolean
import java.util.concurrent.atomic.AtomicInteger

/** Stands for the core: a queue, and the waker that was registered. */
private class Source {
    val queue = ConcurrentLinkedQueue<Int>()
    val drains = AtomicInteger()
    val closed = AtomicBoolean()
    val subscribed = CompletableDeferred<() -> Unit>()

    fun flow() =
        observe(
            subscribe = { wake ->
                subscribed.complete(wake)
                AutoCloseable { closed.set(true) }
            },
            drain = { max ->
                drains.incrementAndGet()
                generateSequence { queue.poll() }.take(max).toList()
            },
        )
}

class ObservationTest {
    @Test
    fun `what came before the subscription and what comes after it arrive in order`() =
        runBlocking {
            withTimeout(10_000) {
                val source = Source()
                source.queue.addAll(0 until 3)
                val received = async(Dispatchers.Default) { source.flow().take(2_000).toList() }
                val wake = source.subscribed.await()
                for (change in 3 until 2_000) {
                    source.queue.add(change)
                    wake()
                }
                assertEquals((0 until 2_000).toList(), received.await())
            }
        }

    @Test
    fun `one wake brings everything however much it is`() =
        runBlocking {
            withTimeout(10_000) {
                val source = Source()
                val changes = 10 * CHANGES_PER_DRAIN
                source.queue.addAll(0 until changes)
                assertEquals(changes, source.flow().take(changes).toList().size)
                assertTrue(source.drains.get() <= 11, "took ${source.drains.get()} calls")
            }
        }

    @Test
    fun `the waker is unregistered when collection ends`() =
        runBlocking {
            withTimeout(10_000) {
                val source = Source()
                source.queue.add(1)
                source.flow().take(1).toList()
                assertTrue(source.closed.get())
            }
        }

    @Test
    fun `a call runs off the caller's thread`() =
        runBlocking {
            val there = Calls().run { Thread.currentThread() }
            assertNotEquals(Thread.currentThread(), there)
        }
}
