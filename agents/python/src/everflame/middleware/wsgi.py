"""Labels for WSGI (PEP 3333): around the call of the application and around each part of the body it yields."""

from typing import Any, Callable, Iterable, Iterator, Optional

from ..request_labels import RequestLabels

Environ = Any
# Where the request's labels are, for whoever knows the route later.
KEY = "everflame.labels"


class WsgiLabels:
    def __init__(self, app: Any, route: Optional[Callable[[Environ], Optional[str]]] = None) -> None:
        """`route` answers the template of a request's route, or None, before the application is called.

        Where the application itself knows it: `environ["everflame.labels"].route("/orders/<id>")`.
        """
        self._app = app
        self._route = route

    def __call__(self, environ: Environ, start_response: Any) -> Iterable[bytes]:
        labels = environ[KEY] = RequestLabels(environ.get("REQUEST_METHOD"))
        with labels:
            if self._route is not None:
                labels.route(self._route(environ))
            body: Iterable[bytes] = self._app(environ, start_response)
        file_wrapper = environ.get("wsgi.file_wrapper")
        if hasattr(body, "__len__") or (isinstance(file_wrapper, type) and isinstance(body, file_wrapper)):
            return body  # it is there already, or the server sends the file itself
        return _Body(body, labels)


class _Body:
    def __init__(self, body: Iterable[bytes], labels: RequestLabels) -> None:
        self._body = body
        self._labels = labels
        self._parts: Optional[Iterator[bytes]] = None

    def __iter__(self) -> "_Body":
        return self

    def __next__(self) -> bytes:
        with self._labels:
            if self._parts is None:
                self._parts = iter(self._body)
            return next(self._parts)

    def close(self) -> None:
        close = getattr(self._body, "close", None)
        if close is not None:
            with self._labels:
                close()
