"""The port of nylas-perftools' sampler, for collectors that go on polling: `GET /?reset=true`.

    elapsed 61.0312
    granularity 0.005
    main(__main__);work(app.jobs);parse(json.decoder) 412

It is opened only when asked for, on 127.0.0.1 unless another address is given: whoever can reach it reads the
names of the program's functions. Of several processes each takes the next port of the range that is free; one that
finds none says so and goes on pushing. A real thread serves it, so that a program that never yields to gevent
answers too.
"""

import errno
import logging
import time
from socket import SHUT_RDWR, SO_REUSEADDR, SOCK_STREAM, SOL_SOCKET
from typing import Any, Callable, Optional

from . import native, originals
from .log import from_own_thread
from .nylas_counts import NylasCounts
from .port_range import PortRange
from .window import Window

# Seconds: of one poll, from its first byte to its last; and how long it waits for what was just measured.
_TIMEOUT = 5.0
_COLLECT_WITHIN = 2.0
_MAX_HEAD = 8192


class NylasPort:
    def __init__(self, ports: PortRange, close_window: Callable[[float], None]) -> None:
        """`close_window` has the current window brought to `add`, within so many seconds."""
        self._ports = ports
        self._close_window = close_window
        self._counts = NylasCounts()
        self._listener: Any = None
        self._stopped = False

    def start(self, after: float) -> None:
        """Opens the port in so many seconds: a child that execs by then needs none."""
        originals.start_new_thread(self._run, (after,))

    def add(self, window: Window) -> None:
        self._counts.add(window)

    def stop(self) -> None:
        self._stopped = True
        if self._listener is not None:
            try:
                # The kernel keeps a socket that a thread waits on, and goes on taking connections for it.
                self._listener.shutdown(SHUT_RDWR)
            except OSError:  # macOS: not connected; there, closing is enough
                pass
        self.close_inherited()

    def close_inherited(self) -> None:
        """In a forked child: the port is the parent's."""
        listener, self._listener = self._listener, None
        if listener is not None:
            listener.close()

    def _run(self, after: float) -> None:
        native.keep_signals_away()
        try:
            originals.sleep(after)
            listener = None if self._stopped else self._open()
            self._listener = listener
            while listener is not None and not self._stopped:
                self._serve_one(listener)
        except Exception as error:
            if not self._stopped:
                from_own_thread(logging.WARNING, "the port for nylas' collectors is closed: %r", error)
        finally:
            if self._stopped:
                self.close_inherited()

    def _open(self) -> Any:
        error: Optional[OSError] = None
        for port in range(self._ports.first, self._ports.last + 1):
            family, kind, protocol, _, address = originals.getaddrinfo(self._ports.host, port, 0, SOCK_STREAM)[0]
            listener = originals.socket_class(family, kind, protocol)
            try:
                listener.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1)
                listener.bind(address)
                listener.listen(16)
                listener.settimeout(1.0)  # closing a socket does not wake who accepts on it
            except OSError as failed:
                listener.close()
                error = failed
                if failed.errno not in (errno.EADDRINUSE, errno.EACCES):
                    break
            else:
                from_own_thread(logging.INFO, "nylas' collectors are answered on %s:%d", self._ports.host, port)
                return listener
        wanted = "{0.first}" if self._ports.first == self._ports.last else "{0.first}..{0.last}"
        from_own_thread(
            logging.WARNING,
            "no port for nylas' collectors: %s on %s is taken (%s); give a range, such as 16384..16399; profiles are pushed as ever",
            wanted.format(self._ports), self._ports.host, error,
        )  # fmt: skip
        return None

    def _serve_one(self, listener: Any) -> None:
        try:
            # `accept` of the socket module would make a socket of whatever class gevent has put there.
            handle, _ = listener._accept()
        except OSError as error:
            if self._stopped or error.errno in (errno.EBADF, errno.EINVAL):
                self._stopped = True
            elif error.errno in (errno.EMFILE, errno.ENFILE):
                originals.sleep(1.0)  # the program has no descriptors left
            return
        connection = originals.socket_class(fileno=handle)
        try:
            self._answer(connection)
        except OSError:
            pass
        finally:
            connection.close()

    def _answer(self, connection: Any) -> None:
        deadline = time.monotonic() + _TIMEOUT
        head = b""
        while b"\r\n\r\n" not in head and b"\n\n" not in head:
            connection.settimeout(max(0.01, deadline - time.monotonic()))
            data = connection.recv(4096)
            head += data
            if not data or len(head) > _MAX_HEAD or time.monotonic() > deadline:
                return
        method, _, rest = head.split(b"\n", 1)[0].partition(b" ")
        connection.settimeout(_TIMEOUT)
        if method not in (b"GET", b"HEAD"):
            connection.sendall(_response("405 Method Not Allowed", b"GET only\n", True))
            return
        self._close_window(_COLLECT_WITHIN)
        text, taken = self._counts.text()
        connection.sendall(_response("200 OK", text, method == b"GET"))
        if method == b"GET" and _wants_reset(rest.split(b" ")[0]):
            self._counts.forget(taken)


def _wants_reset(target: bytes) -> bool:
    pairs = target.partition(b"?")[2].split(b"&")
    return any(pair in (b"reset=true", b"reset=1", b"reset=True") for pair in pairs)


def _response(status: str, body: bytes, with_body: bool) -> bytes:
    head = "HTTP/1.1 {}\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: {}\r\nConnection: close\r\n\r\n"
    return head.format(status, len(body)).encode("ascii") + (body if with_body else b"")
