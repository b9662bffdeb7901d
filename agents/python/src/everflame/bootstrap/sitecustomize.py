"""Starts the profiler in every Python that inherits this folder on its PYTHONPATH, before the program begins.

Python imports the first `sitecustomize` that it finds. This one then imports the next, so that one which
belongs to the system or to the program is not lost.
"""

import importlib.machinery
import importlib.util
import os
import sys

_HERE = os.path.dirname(os.path.abspath(__file__))


def _start() -> None:
    # The program's interpreter need not be the one that everflame is installed for: it is taken from beside this
    # folder, without making its neighbours importable.
    if "everflame" not in sys.modules:
        package = os.path.dirname(_HERE)
        spec = importlib.util.spec_from_file_location(
            "everflame", os.path.join(package, "__init__.py"), submodule_search_locations=[package]
        )
        assert spec is not None and spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules["everflame"] = module
        spec.loader.exec_module(module)
    sys.modules["everflame"].start()


def _chain() -> None:
    sys.path[:] = [path for path in sys.path if path != _HERE]
    spec = importlib.machinery.PathFinder.find_spec("sitecustomize", sys.path)
    if spec is None or spec.loader is None:
        return
    module = importlib.util.module_from_spec(spec)
    sys.modules["sitecustomize"] = module
    spec.loader.exec_module(module)


if os.environ.get("EVERFLAME_ENABLED", "").strip().lower() not in ("0", "false", "no", "off"):
    try:
        _start()
    except Exception as error:  # whatever it is, it is no reason for the program not to run
        sys.modules.pop("everflame", None)
        sys.stderr.write("everflame: this program is not profiled: {!r}\n".format(error))
_chain()
