"""Everflame: continuous profiling for Python programs in production.

    import everflame
    everflame.start(service_name="checkout", labels={"env": "prod"})

or, with no change to the program, ``everflame-run gunicorn app:app``.
"""

from ._version import __version__
from .labelling import carry_labels, labels
from .lifecycle import start, stop

__all__ = ["__version__", "carry_labels", "labels", "start", "stop"]
