"""Labels for Django, synchronous and asynchronous: the route is that of the URL pattern, known when a view is called.

The first of MIDDLEWARE, so that what the others do is labelled by method at least.
"""

import importlib
from typing import Any, Optional

from ..request_labels import RequestLabels

_ATTRIBUTE = "_everflame_labels"


class DjangoLabels:
    sync_capable = True
    async_capable = True

    def __init__(self, get_response: Any) -> None:
        self._get_response = get_response
        self._is_async = _mark_and_tell(self, get_response)
        if self._is_async:
            # Otherwise Django would run it in another thread, which would keep the labels.
            self.process_view = self._process_view  # type: ignore[method-assign]

    def __call__(self, request: Any) -> Any:
        if self._is_async:
            return self._call(request)
        with self._labels_of(request):
            return self._get_response(request)

    async def _call(self, request: Any) -> Any:
        with self._labels_of(request):
            return await self._get_response(request)

    def process_view(self, request: Any, view: Any, args: Any, kwargs: Any) -> Any:
        labels: Optional[RequestLabels] = getattr(request, _ATTRIBUTE, None)
        match = getattr(request, "resolver_match", None)
        if labels is not None and match is not None:
            labels.route("/" + match.route)
        return None

    async def _process_view(self, request: Any, view: Any, args: Any, kwargs: Any) -> Any:
        return DjangoLabels.process_view(self, request, view, args, kwargs)

    @staticmethod
    def _labels_of(request: Any) -> RequestLabels:
        labels = RequestLabels(request.method)
        setattr(request, _ATTRIBUTE, labels)
        return labels


def _mark_and_tell(middleware: Any, get_response: Any) -> bool:
    """Whether the middleware is to be asynchronous; if so, marks it as Django wants it."""
    try:
        sync: Any = importlib.import_module("asgiref.sync")
        if not sync.iscoroutinefunction(get_response):
            return False
        sync.markcoroutinefunction(middleware)
    except (ImportError, AttributeError):  # asgiref before 3.6, Django before 4.2: called synchronously
        return False
    return True
