"""What the pusher's thread asks of the samplers (the agent has them)."""

from typing import List, Optional, Protocol

from .control import Capture
from .window import Window


class Sampling(Protocol):
    def collect(self) -> Window:
        """What was measured since the last call."""

    def pause(self) -> None:
        """Nothing is sampled from here on."""

    def go_on(self) -> None:
        """Sampling begins again; what happened meanwhile is nobody's."""

    def set_rate(self, hz: Optional[float]) -> None:
        """Samples of CPU time per second; None: as the program was started."""

    def captures(self) -> List[str]:
        """Types of captures that can be done now."""

    def why_no_capture(self, capture: Capture) -> Optional[str]:
        """Why one cannot be done, or None."""

    def begin_capture(self, capture: Capture) -> None: ...

    def end_capture(self, capture: Capture) -> None: ...
