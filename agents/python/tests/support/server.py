"""An HTTP server that records pushes, and can be told to misbehave in the ways that servers do."""

import json
import re
import socket
import struct
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Callable, Dict, List, NamedTuple, Optional
from urllib.parse import parse_qs, urlsplit

from .pprof_reader import Profile, Sample, decode

Behaviour = Callable[["Handler"], None]


class Push(NamedTuple):
    query: Dict[str, str]
    service: str
    labels: Dict[str, str]
    headers: Dict[str, str]  # names in lower case
    body: bytes
    at: float  # when it came in; attempts stand in this order
    target: str
    status: int  # what it was answered

    @property
    def instance(self) -> str:
        return self.headers["everflame-instance"]

    @property
    def sequence(self) -> int:
        return int(self.headers["everflame-sequence"])

    @property
    def profile(self) -> Profile:
        return decode(self.body)


class Server:
    """`behaviour` is called for each push in place of the answer 200; None is the well-behaved server."""

    def __init__(self, port: int = 0) -> None:
        self.lock = threading.Lock()
        self.attempts: List[Push] = []
        self.questions: List[Push] = []  # what agents that are switched off asked
        self.behaviour: Optional[Behaviour] = None
        self.control: Optional[Dict[str, Any]] = None  # what agents are told; None: nothing, as an older server
        self._http = _HTTPServer(("127.0.0.1", port), Handler)
        self._http.recorder = self
        self.port = self._http.server_address[1]
        self.url = "http://127.0.0.1:{}".format(self.port)
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._http.shutdown()
        self._http.server_close()

    @property
    def pushes(self) -> List[Push]:
        """What was acknowledged, each push once, in order of arrival."""
        seen = set()
        found = []
        with self.lock:
            for push in self.attempts:
                if push.status == 200 and (push.instance, push.sequence) not in seen:
                    seen.add((push.instance, push.sequence))
                    found.append(push)
        return found

    def samples(self, instance: Optional[str] = None) -> List[Sample]:
        return [s for p in self.pushes if instance in (None, p.instance) for s in p.profile.samples]

    def instances(self) -> Dict[str, List[Push]]:
        found: Dict[str, List[Push]] = {}
        for push in self.pushes:
            found.setdefault(push.instance, []).append(push)
        return found

    def wait(self, condition: Callable[["Server"], Any], within: float = 20) -> Any:
        """What `condition` answers, once it is true."""
        deadline = time.monotonic() + within
        while True:
            answer = condition(self)
            if answer:
                return answer
            assert time.monotonic() < deadline, "{}; {} attempts: {}".format(
                "it did not come", len(self.attempts), [(p.status, p.sequence, p.labels) for p in self.attempts[-5:]]
            )
            time.sleep(0.02)


class _HTTPServer(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128
    recorder: Server

    def handle_error(self, request: Any, client_address: Any) -> None:
        pass  # connections that the tests break


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _HTTPServer

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        at = time.time()
        recorder = self.server.recorder
        behaviour = recorder.behaviour
        self.answered = 0
        if behaviour is None:
            control = recorder.control
            self.answer(200, {"ok": True, "more": {"later": 1}, **({} if control is None else {"control": control})})
        else:
            behaviour(self)
        url = urlsplit(self.path)
        query = {key: values[0] for key, values in parse_qs(url.query, strict_parsing=True).items()}
        service, labels = parse_name(query["name"])
        headers = {name.lower(): value for name, value in self.headers.items()}
        with recorder.lock:
            kept = recorder.questions if url.path.endswith("/ingest/control") else recorder.attempts
            kept.append(Push(query, service, labels, headers, body, at, self.path, self.answered))
            # Each connection has a thread: the next push may be here before this one, which was answered first.
            kept.sort(key=lambda push: push.at)

    def answer(self, status: int, content: Any = None, **headers: str) -> None:
        data = json.dumps(content or {}).encode()
        self.answered = status
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def reset(self) -> None:
        """Ends the connection as a crash does, with RST."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True
        self.connection.close()

    def log_message(self, *_: Any) -> None:
        pass


def parse_name(name: str) -> Any:
    """`service{label=value,label="quoted, value"}` by the rules of the push contract."""
    match = re.fullmatch(r"([^{}]*)\{(.*)\}", name, re.DOTALL)
    assert match, name
    pair = r'([a-zA-Z_][a-zA-Z0-9_.]*)=("(?:[^"\\]|\\.)*"|[^,{}"\\]*)'
    assert re.fullmatch(r"(?:{0}(?:,{0})*)?".format(pair), match.group(2), re.DOTALL), name
    labels = {}
    for key, value in re.findall(pair, match.group(2), re.DOTALL):
        labels[key] = re.sub(r"\\(.)", r"\1", value[1:-1]) if value.startswith('"') else value
    return match.group(1), labels


def black_hole() -> socket.socket:
    """A listening socket that nobody serves: connections are made, and nothing ever comes back."""
    sock = socket.socket()
    sock.bind(("127.0.0.1", 0))
    sock.listen(64)
    return sock
