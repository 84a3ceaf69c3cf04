"""The generated module loads its library, and the two were made from the same source."""

import os
import pathlib
import subprocess
import sys
import unittest

import carnet_sdk

HERE = pathlib.Path(__file__).resolve().parents[1]


class BindingTest(unittest.TestCase):
    def test_the_module_exports_what_rust_exports(self):
        exported = [name for name in carnet_sdk.sdk.__all__ if name != "InternalError"]
        self.assertGreater(len(exported), 0)
        for name in exported:
            self.assertTrue(hasattr(carnet_sdk.sdk, name), name)

    def test_missing_bindings_are_named_with_their_cure(self):
        environment = {**os.environ, "CARNET_BINDINGS": str(HERE / "nowhere")}
        run = subprocess.run(
            [sys.executable, "-c", "import carnet_sdk"],
            cwd=HERE,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        self.assertNotEqual(run.returncode, 0)
        self.assertIn("cargo xtask bindings python", run.stderr)


if __name__ == "__main__":
    unittest.main()
