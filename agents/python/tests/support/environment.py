"""What the tests take from the machine they run on."""

import os
import shutil
from typing import Dict

import pytest


def clean_environment(**variables: str) -> Dict[str, str]:
    """The environment without anything that would reach an agent unasked."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("EVERFLAME_") and k != "PYTHONPATH"}
    environment.update(variables)
    return environment


def need_tool(name: str) -> str:
    """The path of a tool. A machine without it skips the test; a build server has to have it."""
    found = shutil.which(name)
    if found is None and os.environ.get("CI") == "true":
        pytest.fail("{} is not on PATH, and under CI=true it has to be".format(name))
    if found is None:
        pytest.skip("{} is not on PATH".format(name))
    return found
