"""Everflame: continuous profiling for Python programs in production.

    import everflame
    everflame.start(service_name="checkout", labels={"env": "prod"})

or, with no change to the program, ``everflame-run gunicorn app:app``.
"""

from ._version import __version__
from .lifecycle import start, stop

__all__ = ["__version__", "start", "stop"]
