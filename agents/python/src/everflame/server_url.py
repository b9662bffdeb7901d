"""The server's address, taken apart once and checked before anything depends on it."""

from typing import NamedTuple
from urllib.parse import urlsplit


class ServerUrl(NamedTuple):
    https: bool
    host: str
    port: int
    path: str  # a prefix in front of /ingest, "" or "/prefix"

    @classmethod
    def parse(cls, text: str) -> "ServerUrl":
        """Raises ValueError with what the address must look like."""
        text = text.strip()
        wanted = "must look like http://host:5555 or https://host/prefix, not {!r}".format(text)
        if any(character <= " " or character == "\x7f" for character in text):
            raise ValueError(wanted)
        try:
            url = urlsplit(text)
            port = url.port
        except ValueError:
            raise ValueError(wanted) from None
        if url.scheme not in ("http", "https") or not url.hostname or url.query or url.fragment:
            raise ValueError(wanted)
        if url.username is not None or url.password is not None:
            raise ValueError("must not carry a user name: put a token into EVERFLAME_TOKEN or EVERFLAME_TOKEN_FILE")
        https = url.scheme == "https"
        return cls(https, url.hostname, port or (443 if https else 80), url.path.rstrip("/"))

    def authority(self) -> str:
        """What goes into the Host header."""
        host = "[{}]".format(self.host) if ":" in self.host else self.host
        return host if self.port == (443 if self.https else 80) else "{}:{}".format(host, self.port)

    def __str__(self) -> str:
        return "{}://{}{}".format("https" if self.https else "http", self.authority(), self.path)
