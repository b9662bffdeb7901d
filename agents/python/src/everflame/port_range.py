"""Ports to try one after the other, written `16384` or `16384..16399`, as nylas' collector wrote them."""

from typing import NamedTuple, Optional

# A worker that finds so many ports taken has been given the wrong range, and each try is a system call.
MOST = 1000


class PortRange(NamedTuple):
    host: str
    first: int
    last: int

    @classmethod
    def parse(cls, text: str) -> Optional["PortRange"]:
        """Of ``16384``, ``16384..16399`` or ``127.0.0.1:16384``; ``0`` is none. Raises ValueError."""
        host, colon, ports = text.strip().rpartition(":")
        first, dots, last = ports.partition("..")
        try:
            numbers = int(first), int(last if dots else first)
        except ValueError:
            raise ValueError("must be a port such as 16384, or several: 16384..16399") from None
        if numbers == (0, 0):
            return None
        if not 0 < numbers[0] <= numbers[1] < 65536 or numbers[1] - numbers[0] >= MOST:
            raise ValueError("must lie between 1 and 65535, the smaller port first, at most {} of them".format(MOST))
        return cls(host.strip("[]") if colon else "127.0.0.1", *numbers)
