"""What the agent says, and how it says it from threads of its own.

Everything goes to the ``everflame`` logger, with one exception. Under gevent, logging's locks are gevent's;
a foreign thread that holds one while a greenlet wants it can leave the whole program waiting. There the
agent's threads write to standard error instead.
"""

import logging
import os

from . import originals

logger = logging.getLogger("everflame")


def from_own_thread(level: int, message: str, *args: object) -> None:
    """Logs from a thread that the agent started. Never raises: a message is not worth a sampler."""
    try:
        if not originals.locks_are_green():
            logger.log(level, message, *args)
        elif level >= logger.getEffectiveLevel():
            text = "everflame: {}: {}\n".format(logging.getLevelName(level).lower(), message % args)
            os.write(2, text.encode("utf-8", "replace"))
    except Exception:  # a handler of the host's, or a closed stderr
        pass
