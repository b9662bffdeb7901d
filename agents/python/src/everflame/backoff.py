"""When to try again: full jitter between nothing and a bound that doubles from 1 s to 5 min."""

from datetime import datetime, timezone
from typing import Optional

from .jitter import fraction

FIRST = 1.0
LONGEST = 300.0
# What a server may ask for at most: a date from a wrong clock must not silence an agent for a year.
LONGEST_ASKED = 3600.0

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")


def delay(failures: int, retry_after: Optional[float]) -> float:
    """Seconds to wait after so many failures in a row (at least one)."""
    jitter = fraction() * min(LONGEST, FIRST * 2.0 ** min(failures - 1, 20))
    if retry_after is None:
        return jitter
    # All that were turned away at once are told the same time: none earlier, and not all together.
    asked = min(max(retry_after, 0.0), LONGEST_ASKED)
    return asked + min(jitter, max(1.0, asked / 4))


def parse_retry_after(value: Optional[str], now: datetime) -> Optional[float]:
    """Seconds of a Retry-After header (RFC 9110, 10.2.3): a number of them, or a date as in RFC 5322."""
    if value is None:
        return None
    value = value.strip()
    if value.isdigit():
        return float(value[:9])
    try:
        _, day, month, year, clock, _ = value.split()
        hours, minutes, seconds = map(int, clock.split(":"))
        number = _MONTHS.index(month.lower()) + 1
        then = datetime(int(year), number, int(day), hours, minutes, min(seconds, 59), tzinfo=timezone.utc)
    except ValueError:
        return None
    return max(0.0, (then - now).total_seconds())
