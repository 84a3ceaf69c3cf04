package carnet.sdk

import java.io.File
import java.nio.file.Files
import java.nio.file.Path

/** A running hub: the `carnet` binary that the property `carnet.hub` names, in a folder of its own. */
internal class RunningHub : AutoCloseable {
    private val folder: Path = Files.createTempDirectory("carnet-hub")
    private val process: Process =
        ProcessBuilder(
            binary().path,
            "serve",
            "--listen",
            "127.0.0.1:0",
            "--log",
            "error",
            "--data",
            folder.resolve("hub").toString(),
        ).redirectError(ProcessBuilder.Redirect.INHERIT).start()
    private val said: List<List<String>> =
        process.inputStream
            .bufferedReader()
            .lineSequence()
            .map { line -> line.trim().split(Regex("\\s+")) }
            .takeWhile { words -> words.take(2) != listOf("carnet", "handheld") }
            .toList()

    val url: String = said.first { it.take(2) == listOf("Carnet", "serves") }[2]
    val login: String = word("manager")
    val password: String = word("password")
    val code: String = said.first { it.take(2) == listOf("enrolment", "code") }[2]

    private fun word(name: String) = said.first { it.first() == name }[1]

    override fun close() {
        process.destroy()
        process.waitFor()
        folder.toFile().deleteRecursively()
    }

    companion object {
        fun binary() = File(System.getProperty("carnet.hub").orEmpty())
    }
}
