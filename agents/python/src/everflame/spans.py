"""OpenTelemetry's span as labels of samples: trace_id, span_id and span_name of the innermost span that is recorded.

OpenTelemetry keeps its current context in a context variable of its own, which a sampler cannot read from a signal
handler. So its runtime context (what `attach` and `detach` go to) is wrapped: whenever the current context
changes, the labels of here change with it. That is exact where a SpanProcessor would not be: a span that was started
is not always the current one, and one may end in another thread than it began in.
"""

import importlib
import sys
from typing import Any, Optional

from . import label_context
from .label_context import NO_LABELS, State
from .label_names import clean_value
from .log import logger
from .stacks import LabelSet

_CONTEXT = "opentelemetry.context"


def follow() -> None:
    """From here on samples carry spans. Imports OpenTelemetry's API, if it is installed; says so if it is not."""
    try:
        module: Any = importlib.import_module(_CONTEXT)
        module.get_current()  # older versions make the runtime context at the first call
        inner = module._RUNTIME_CONTEXT
        if isinstance(inner, _Following):
            return
        module._RUNTIME_CONTEXT = _Following(inner)
    except ImportError:
        logger.warning("spans are not followed: OpenTelemetry is not installed")
    except Exception as error:  # an OpenTelemetry that is made otherwise
        logger.warning("spans are not followed: this OpenTelemetry is not known (%r)", error)


def follow_no_more() -> None:
    module: Any = sys.modules.get(_CONTEXT)
    following = getattr(module, "_RUNTIME_CONTEXT", None)
    if isinstance(following, _Following):
        module._RUNTIME_CONTEXT = following.inner  # tokens are of the inner one: what is attached can be detached


class _Following:
    """A runtime context (`opentelemetry.context.context._RuntimeContext`) that tells the labels."""

    def __init__(self, inner: Any) -> None:
        self.inner = inner
        self.get_current = inner.get_current

    def attach(self, context: Any) -> Any:
        token = self.inner.attach(context)
        _change_to(context)
        return token

    def detach(self, token: Any) -> None:
        try:
            self.inner.detach(token)
        finally:
            _change_to(self.inner.get_current())

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)


def _change_to(context: Any) -> None:
    try:
        span = _labels_of(context)
        now = label_context.state()
        if span != now.span:
            label_context.change(State(now.labels, span, now.blocks))
    except Exception:  # a span of somebody else's making: a sample without span is no harm
        pass


def _labels_of(context: Any) -> LabelSet:
    trace: Any = sys.modules.get("opentelemetry.trace")
    span: Optional[Any] = trace.get_current_span(context) if trace is not None else None
    if span is None or not span.is_recording():
        return NO_LABELS
    ids = span.get_span_context()
    if not ids.is_valid or not ids.trace_flags & 1:  # 1: sampled. A span that nobody keeps is not worth a label.
        return NO_LABELS
    pairs = (("span_id", "{:016x}".format(ids.span_id)), ("trace_id", "{:032x}".format(ids.trace_id)))
    name = getattr(span, "name", None)
    return pairs + (("span_name", clean_value(name)),) if isinstance(name, str) and name else pairs
