"""Labels for ASGI 3 applications, FastAPI's and Starlette's routes among them.

ASGI knows no routes. Starlette's router writes what it has found into the scope (`endpoint`, and `route` where it is
new or FastAPI's), so the application gets a scope that notices; mounted applications write one after the other, and
the template is put together from theirs. Other frameworks: `route=`, or `scope["everflame.labels"].route(template)`.
"""

from typing import Any, Awaitable, Callable, Dict, List, Optional

from ..request_labels import RequestLabels

Scope = Dict[str, Any]
KEY = "everflame.labels"


class AsgiLabels:
    def __init__(self, app: Any, route: Optional[Callable[[Scope], Optional[str]]] = None) -> None:
        """`route` answers the template of a request's route, or None, before the application is called."""
        self._app = app
        self._route = route

    async def __call__(self, scope: Scope, receive: Callable[[], Awaitable[Any]], send: Callable[[Any], Awaitable[None]]) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        labels = RequestLabels(scope["method"] if scope["type"] == "http" else "WEBSOCKET")
        with labels:
            if self._route is not None:
                labels.route(self._route(scope))
            await self._app(_NoticingScope(scope, labels), receive, send)


class _NoticingScope(dict):  # type: ignore[type-arg]
    """A copy of the scope that tells the labels which route was found. What is written goes to the original too."""

    def __init__(self, scope: Scope, labels: RequestLabels) -> None:
        super().__init__(scope)
        self[KEY] = labels
        self._original = scope
        self._labels = labels
        self._prefix = ""  # templates of the mounts on the way
        self._routes: List[Any] = _routes_of(scope.get("app"))
        self._found: Any = None  # a route of which no endpoint has been written yet
        self._leaf: Any = None  # the one that the labels have

    def __setitem__(self, key: str, value: Any) -> None:
        dict.__setitem__(self, key, value)
        if key == KEY:
            return
        self._original[key] = value
        if key == "route" and value is self._leaf and value is not None:
            self._tell(value)  # newer FastAPIs write it once more, when they know the prefixes
        elif key == "route":
            self._found = value
        elif key == "app":
            self._routes = _routes_of(value)

    def update(self, *args: Any, **kwargs: Any) -> None:
        found = dict(*args, **kwargs)
        dict.update(self, found)
        self._original.update(found)
        if "endpoint" in found:
            try:
                self._notice(found)
            except Exception:  # a router of another make: the request goes on, with its method alone
                pass

    def _notice(self, found: Scope) -> None:
        endpoint = found["endpoint"]
        route, self._found = found.get("route", self._found), None
        if route is None:
            candidates = (one for one in self._routes if _leads_to(one, endpoint))
            route = next(candidates, None)
        if route is None:
            return
        if "root_path" in found:  # a mount: its routes come next
            self._prefix += getattr(route, "path", "")
            self._routes = _routes_of(route)
        else:
            self._leaf = route
            self._tell(route)

    def _tell(self, route: Any) -> None:
        self._labels.route(self._prefix + _path_of(route, self.get("fastapi")))


def _path_of(route: Any, of_fastapi: Any) -> str:
    """Newer FastAPIs keep the prefixes of included routers beside the route."""
    context = of_fastapi.get("effective_route_context") if isinstance(of_fastapi, dict) else None
    if context is not None and getattr(context, "original_route", None) is route and context.path:
        return str(context.path)
    return str(route.path)


def _leads_to(route: Any, endpoint: Any) -> bool:
    return getattr(route, "endpoint", None) is endpoint or getattr(route, "app", None) is endpoint


def _routes_of(app: Any) -> List[Any]:
    routes = getattr(app, "routes", None)
    return list(routes) if isinstance(routes, (list, tuple)) else []
