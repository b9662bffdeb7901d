"""One HTTP POST, and the answer to it.

Not http.client: it takes sockets from where gevent has put its own, it is what tracing and recording
libraries wrap (they would report the profiler's pushes as the program's), and it is 16 ms of imports.
"""

import time
from typing import Callable, Dict, List, NamedTuple, Optional

from .server_url import ServerUrl
from .stream import Stream

_MAX_HEAD = 32 * 1024
_MAX_BODY = 64 * 1024


class BadAnswer(OSError):
    """What came back is not HTTP, or not all of it came."""


class Answer(NamedTuple):
    status: int
    headers: Dict[str, str]  # names in lower case
    body: bytes  # the beginning of it


def post(
    server: ServerUrl,
    target: str,
    headers: Dict[str, str],
    body: bytes,
    timeout: float,
    opened: Callable[[Optional[Stream]], None],
) -> Answer:
    """POSTs and waits for the answer, at most `timeout` seconds in all (looking up the name not counted).

    `opened` hears of the connection and of its end. Raises OSError.
    """
    stream = Stream(server, time.monotonic() + timeout)
    opened(stream)
    try:
        head = ["POST {} HTTP/1.1".format(target), "Host: " + server.authority(), "Connection: close"]
        head.append("Content-Length: {}".format(len(body)))
        head += ["{}: {}".format(name, value) for name, value in headers.items()]
        request = "\r\n".join(head + ["", ""]).encode("latin-1", "replace") + body
        try:
            stream.send(request)
        except (BrokenPipeError, ConnectionResetError):
            pass  # a server that refuses a body may answer before it has read it
        return _read_answer(stream)
    finally:
        opened(None)
        stream.close()


def _read_answer(stream: Stream) -> Answer:
    reader = _Reader(stream)
    while True:
        status_line = reader.line()
        words = status_line.split(None, 2)
        if len(words) < 2 or not words[0].startswith("HTTP/1.") or not words[1].isdigit():
            raise BadAnswer("not an HTTP answer: {!r}".format(status_line[:60]))
        headers: Dict[str, str] = {}
        for line in iter(reader.line, ""):
            name, _, value = line.partition(":")
            headers[name.strip().lower()] = value.strip()
        status = int(words[1])
        if status >= 200:  # 100 Continue and its like come before the answer
            return Answer(status, headers, _read_body(reader, headers))


def _read_body(reader: "_Reader", headers: Dict[str, str]) -> bytes:
    """Good enough for a message to show: the status is what counts, and has been read."""
    try:
        if headers.get("transfer-encoding", "").lower() == "chunked":
            chunks: List[bytes] = []
            while sum(map(len, chunks)) < _MAX_BODY:
                size = int(reader.line().partition(";")[0], 16)
                if size == 0:
                    break
                chunks.append(reader.exactly(min(size, _MAX_BODY)))
                reader.line()
            return b"".join(chunks)
        length = headers.get("content-length", "")
        return reader.exactly(min(int(length), _MAX_BODY)) if length.isdigit() else reader.rest(_MAX_BODY)
    except (OSError, ValueError):
        return b""


class _Reader:
    def __init__(self, stream: Stream) -> None:
        self._stream = stream
        self._buffer = b""
        self._head_left = _MAX_HEAD

    def line(self) -> str:
        while b"\n" not in self._buffer:
            if len(self._buffer) > self._head_left:
                raise BadAnswer("the answer's head is too long")
            self._fill()
        line, _, self._buffer = self._buffer.partition(b"\n")
        self._head_left -= len(line)
        if self._head_left < 0:
            raise BadAnswer("the answer's head is too long")
        return line.rstrip(b"\r").decode("latin-1")

    def exactly(self, size: int) -> bytes:
        while len(self._buffer) < size:
            self._fill()
        data, self._buffer = self._buffer[:size], self._buffer[size:]
        return data

    def rest(self, most: int) -> bytes:
        try:
            while len(self._buffer) < most:
                self._fill()
        except BadAnswer:
            pass
        return self._buffer[:most]

    def _fill(self) -> None:
        data = self._stream.receive(16 * 1024)
        if not data:
            raise BadAnswer("the server closed the connection before the end of its answer")
        self._buffer += data
