"""What the tests take from the machine they run on."""

import os
import platform
import shutil
import sys
from typing import Dict

import pytest


def clean_environment(**variables: str) -> Dict[str, str]:
    """The environment without anything that would reach an agent unasked."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("EVERFLAME_") and k != "PYTHONPATH"}
    if os.environ.get("EVERFLAME_TEST_NATIVE") == "0":  # the same tests, with what there is without the native part
        environment["EVERFLAME_NATIVE"] = "0"
    environment.update(variables)
    return environment


def native_is_expected() -> bool:
    """Whether the native part has to be there: where it can be built, a build that failed is no excuse."""
    return (
        os.environ.get("EVERFLAME_TEST_NATIVE") != "0"
        and sys.platform.startswith("linux")
        and platform.python_implementation() == "CPython"
        and sys.version_info[:2] <= (3, 13)
        and bool(getattr(sys, "_is_gil_enabled", lambda: True)())
    )


def need_tool(name: str) -> str:
    """The path of a tool. A machine without it skips the test; a build server has to have it."""
    found = shutil.which(name)
    if found is None and os.environ.get("CI") == "true":
        pytest.fail("{} is not on PATH, and under CI=true it has to be".format(name))
    if found is None:
        pytest.skip("{} is not on PATH".format(name))
    return found
