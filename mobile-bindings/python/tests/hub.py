"""A running hub: the `carnet` binary that the variable CARNET_HUB names, in a folder of its own."""

import os
import pathlib
import subprocess
import tempfile


def is_given():
    return pathlib.Path(os.environ.get("CARNET_HUB", "")).is_file()


class Hub:
    """Serves until the `with` ends."""

    def __enter__(self):
        self._folder = tempfile.TemporaryDirectory()
        self._process = subprocess.Popen(
            [os.environ["CARNET_HUB"], "serve", "--listen", "127.0.0.1:0", "--log", "error"]
            + ["--data", os.path.join(self._folder.name, "hub")],
            stdout=subprocess.PIPE,
            text=True,
        )
        said = {}
        for line in self._process.stdout:
            words = line.split()
            if line.startswith("Carnet serves"):
                self.url = words[2]
            elif words[:1] == ["manager"] or words[:1] == ["password"]:
                said[words[0]] = words[1]
            elif words[:2] == ["enrolment", "code"]:
                self.code = words[2]
            elif words[:2] == ["carnet", "handheld"]:
                break
        self.login, self.password = said["manager"], said["password"]
        return self

    def __exit__(self, *_):
        self._process.terminate()
        self._process.wait()
        self._process.stdout.close()
        self._folder.cleanup()
