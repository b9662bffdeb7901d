"""A window on its way: what is sent, and sent again unchanged until the server has it."""

import os
import socket
from typing import Dict, NamedTuple, Tuple
from urllib.parse import quote, urlencode

from . import pprof
from .naming import format_name
from .settings import Settings
from .window import Window


class Push(NamedTuple):
    target: str
    headers: Dict[str, str]
    body: bytes
    samples: int


class Identity(NamedTuple):
    """Which process is speaking. New after a fork, or a worker's pushes would be taken for its parent's retries."""

    instance: str
    name: str  # the service and its labels, as the server reads them

    @classmethod
    def of_this_process(cls, settings: Settings) -> "Identity":
        host = socket.gethostname()
        labels = {"language": "python", "host": host, "instance": "{}:{}".format(host, os.getpid())}
        labels.update(settings.labels)
        return cls(os.urandom(16).hex(), format_name(settings.service_name, labels))


def seal(window: Window, identity: Identity, sequence: int, prefix: str) -> Push:
    """The push of a window. From here on it is never changed: its identity stands for exactly this body."""
    query = urlencode(
        {
            "name": identity.name,
            "from": window.start_ns,
            "until": window.end_ns,
            "format": "pprof",
            "spyName": "everflame-python",
        },
        quote_via=quote,
    )
    headers = {
        **_headers(identity),
        "Everflame-Sequence": str(sequence),
        "Everflame-Rate": "{:g}".format(window.rate if window.capture_rate is None else window.capture_rate),
    }
    if window.capture is not None:
        headers["Everflame-Capture"] = window.capture
    return Push("{}/ingest?{}".format(prefix, query), headers, pprof.encode(window), window.samples)


def question(identity: Identity, prefix: str) -> Tuple[str, Dict[str, str]]:
    """Target and headers of the question what to do, for when there is nothing to push."""
    query = urlencode({"name": identity.name, "spyName": "everflame-python"}, quote_via=quote)
    return "{}/ingest/control?{}".format(prefix, query), _headers(identity)


def _headers(identity: Identity) -> Dict[str, str]:
    return {
        "Content-Type": "application/octet-stream",
        "User-Agent": "everflame-python",
        "Everflame-Protocol": "1",
        "Everflame-Instance": identity.instance,
    }
