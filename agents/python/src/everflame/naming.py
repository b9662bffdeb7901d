"""Names that a server accepts: the service, its labels, and the two written as one ``name`` parameter.

The server refuses a push with a bad label name, and a refused push is never tried again; so what does not
fit is made to fit here, once, and said.
"""

import os
import re
import sys
from typing import Dict, Mapping

from .log import logger

_LABEL_NAME = re.compile(r"[a-zA-Z_][a-zA-Z0-9_.]*\Z")
_NOT_IN_LABEL_NAME = re.compile(r"[^a-zA-Z0-9_.]")
_NOT_IN_SERVICE_NAME = re.compile(r'[\x00-\x1f\x7f{}",=\\]')
_NEEDS_QUOTES = re.compile(r'[,{}"\\]|\A\s|\s\Z')


def clean_service_name(name: str) -> str:
    clean = _NOT_IN_SERVICE_NAME.sub("_", name).strip() or "python"
    if clean != name:
        logger.warning("the service name %r is not usable as it stands, %r is used", name, clean)
    return clean


def guess_service_name() -> str:
    """The program's own name, for those who gave none."""
    program = (getattr(sys, "argv", None) or [""])[0]
    name = os.path.basename(program)
    if name in ("__main__.py", "__init__.py"):  # python -m package
        name = os.path.basename(os.path.dirname(program))
    name = name[:-3] if name.endswith(".py") else name
    return name if name and not name.startswith("-") else "python"


def clean_labels(labels: Mapping[str, str]) -> Dict[str, str]:
    clean: Dict[str, str] = {}
    for name, value in labels.items():
        fitting = name
        if not _LABEL_NAME.match(name):
            fitting = _NOT_IN_LABEL_NAME.sub("_", name)
            if not _LABEL_NAME.match(fitting):
                fitting = "_" + fitting
            logger.warning("the label name %r is not usable as it stands, %r is used", name, fitting)
        clean[fitting] = value
    return clean


def format_name(service_name: str, labels: Mapping[str, str]) -> str:
    """``service{label=value,other="a, b"}``"""
    pairs = ",".join("{}={}".format(name, _quoted(value)) for name, value in sorted(labels.items()))
    return "{}{{{}}}".format(service_name, pairs)


def _quoted(value: str) -> str:
    if not _NEEDS_QUOTES.search(value):
        return value
    return '"{}"'.format(value.replace("\\", "\\\\").replace('"', '\\"'))
