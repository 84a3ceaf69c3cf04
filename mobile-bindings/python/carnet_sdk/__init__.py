"""The SDK for Python: finds the generated module and gives it a plain name.

The module and its library are built by `cargo xtask bindings python` into the target folder, or wherever
the variable CARNET_BINDINGS points. Nothing is installed and nothing but the standard library is used.
"""

import importlib
import os
import pathlib
import sys

_TARGET = pathlib.Path(__file__).resolve().parents[3] / "target"
_FOLDER = pathlib.Path(os.environ.get("CARNET_BINDINGS", _TARGET / "bindings" / "python"))


def _load():
    if not (_FOLDER / "carnet.py").is_file():
        raise ImportError(f"no bindings in {_FOLDER}: run `cargo xtask bindings python` first")
    # The generated module finds its library beside itself; only its own folder has to be known.
    sys.path.insert(0, str(_FOLDER))
    try:
        return importlib.import_module("carnet")
    finally:
        sys.path.remove(str(_FOLDER))


sdk = _load()
