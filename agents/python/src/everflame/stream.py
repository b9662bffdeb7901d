"""A connection with one deadline for all that is done on it, plain or TLS, on sockets that gevent never sees.

TLS runs over memory buffers (`SSLContext.wrap_bio`) with a plain socket underneath: gevent's ``SSLSocket``
belongs to greenlets, and the original one breaks once gevent has replaced the names that it looks up.
"""

import sys
import time
from socket import SOCK_STREAM
from typing import Any

from . import originals
from .server_url import ServerUrl

_tls_context: Any = None


class Stream:
    def __init__(self, server: ServerUrl, deadline: float) -> None:
        """Connects. Raises OSError (ssl.SSLError and timeouts are such). `deadline` is in monotonic seconds."""
        self._deadline = deadline
        self._tls: Any = None
        self._socket = self._connect(server)
        if server.https:
            try:
                self._start_tls(server.host)
            except BaseException:
                self.close()
                raise

    def _connect(self, server: ServerUrl) -> Any:
        error: OSError = OSError("no address for {}".format(server.host))
        # As bytes: for a string, getaddrinfo imports a codec (see `prepare`).
        host = server.host.encode("ascii") if server.host.isascii() else server.host
        addresses = originals.getaddrinfo(host, server.port, 0, SOCK_STREAM)
        for index, (family, kind, protocol, _, address) in enumerate(addresses):
            sock = originals.socket_class(family, kind, protocol)
            try:
                sock.settimeout(self._time_left() / (len(addresses) - index))  # one that is dead leaves time for the next
                sock.connect(address)
                return sock
            except OSError as reason:
                sock.close()
                error = reason
        raise error

    def _start_tls(self, host: str) -> None:
        ssl = sys.modules["ssl"]
        global _tls_context
        if _tls_context is None:
            _tls_context = ssl.create_default_context()  # reads all the system's certificates: once
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        tls = _tls_context.wrap_bio(self._incoming, self._outgoing, server_hostname=host)
        self._want_read = ssl.SSLWantReadError
        self._tls_end = (ssl.SSLZeroReturnError, ssl.SSLEOFError)
        self._pump(tls.do_handshake)
        self._tls = tls

    def send(self, data: bytes) -> None:
        if self._tls is None:
            self._send_plain(data)
            return
        view = memoryview(data)
        while view:
            view = view[self._pump(lambda: self._tls.write(view)) :]

    def receive(self, most: int) -> bytes:
        """What has come, at most `most` bytes; nothing at the end."""
        if self._tls is None:
            return self._receive_plain(most)
        try:
            data: bytes = self._pump(lambda: self._tls.read(most))
            return data
        except self._tls_end:
            return b""

    def close(self) -> None:
        self._socket.close()

    def _pump(self, step: Any) -> Any:
        """Repeats a TLS operation, carrying bytes to and from the socket, until it has what it needs."""
        while True:
            try:
                result = step()
            except self._want_read:
                self._send_plain(self._outgoing.read())
                data = self._receive_plain(65536)
                if data:
                    self._incoming.write(data)
                else:
                    self._incoming.write_eof()
            else:
                self._send_plain(self._outgoing.read())
                return result

    def _send_plain(self, data: bytes) -> None:
        if data:
            self._socket.settimeout(self._time_left())
            self._socket.sendall(data)

    def _receive_plain(self, most: int) -> bytes:
        self._socket.settimeout(self._time_left())
        data: bytes = self._socket.recv(most)
        return data

    def _time_left(self) -> float:
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise OSError("timed out")
        return left


def prepare(server: ServerUrl) -> None:
    """Imports what a connection will need.

    Not left to the agent's thread: a fork while another thread imports leaves the child with a module that is
    locked for ever.
    """
    if not server.host.isascii():
        server.host.encode("idna")
    if server.https:
        import ssl  # noqa: F401
