"""From an instruction to its line, by the table that the compiler left in the code object."""

from bisect import bisect_right
from types import CodeType
from typing import Dict, List, Tuple


class LineFinder:
    """Remembers the tables that it has unpacked; meant to live for one window."""

    def __init__(self) -> None:
        # By identity: hashing a code object is slow, and the window holds every one of them.
        self._tables: Dict[int, Tuple[List[int], List[int]]] = {}

    def line(self, code: CodeType, instruction: int) -> int:
        """The line of the instruction at this offset in bytes, the function's first line if it has none."""
        table = self._tables.get(id(code))
        if table is None:
            table = self._tables[id(code)] = _unpack(code)
        starts, lines = table
        index = bisect_right(starts, instruction) - 1
        return lines[index] if index >= 0 else code.co_firstlineno


def _unpack(code: CodeType) -> Tuple[List[int], List[int]]:
    starts: List[int] = []
    lines: List[int] = []
    if hasattr(code, "co_lines"):  # 3.10 and later
        for start, _, line in code.co_lines():
            starts.append(start)
            lines.append(line or code.co_firstlineno)
        return starts, lines
    address, line = 0, code.co_firstlineno
    table = code.co_lnotab  # pairs of steps: bytes of code, and lines as a signed byte
    for address_step, line_step in zip(table[0::2], table[1::2]):
        if address_step:
            starts.append(address)
            lines.append(line)
            address += address_step
        line += line_step - 256 if line_step >= 128 else line_step
    starts.append(address)
    lines.append(line)
    return starts, lines
