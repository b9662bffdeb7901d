"""A window as pprof (google/pprof, proto/profile.proto), encoded by hand: it takes six kinds of message.

Values per sample are the columns of the window, CPU and wall nanoseconds first. pprof has no place for a Python module; each module becomes a
Mapping whose file name is the module's dotted name, and that is where the server reads it.
"""

import zlib
from typing import Dict, Iterable, List, Tuple

from .label_bounds import MAX_LABEL_SETS
from .originals import let_others_run
from .stacks import LabelSet
from .window import CPU, Frame, ValueType, Window


def encode(window: Window) -> bytes:
    """The window as gzip-compressed pprof."""
    packer = zlib.compressobj(6, zlib.DEFLATED, 31)  # 31: with a gzip header
    return packer.compress(_Encoder().profile(window)) + packer.flush()


class _Encoder:
    def __init__(self) -> None:
        self._strings: Dict[str, int] = {"": 0}
        self._mappings: Dict[str, int] = {}
        self._functions: Dict[Tuple[str, str, int], int] = {}
        self._label_sets: Dict[LabelSet, bytes] = {}
        self._locations: Dict[Frame, bytes] = {}  # to the location's id, as a varint
        self._tables: List[bytes] = []  # mappings, functions and locations, as fields of the profile

    def profile(self, window: Window) -> bytes:
        out = [_bytes(1, self._value_type(type)) for type in window.types]
        width = len(window.types)
        for count, ((stack, labels), values) in enumerate(window.rows.items(), 1):
            if count % 50 == 0:  # about a millisecond
                let_others_run()
            ids = b"".join([self._location(frame) for frame in stack])
            packed = b"".join(map(varint, values)) + b"\0" * (width - len(values))
            out.append(_bytes(2, _bytes(1, ids) + _bytes(2, packed) + (self._label_set(labels) if labels else b"")))
        comment = self._comment(window)
        out += self._tables
        out += [_bytes(6, text.encode("utf-8", "replace")) for text in self._strings]
        out += [
            _number(9, window.start_ns),
            _number(10, window.end_ns - window.start_ns),
            _bytes(11, self._value_type(CPU)),
            _number(12, round(1e9 / window.rate) if window.rate else 0),
            comment,
        ]
        return b"".join(out)

    def _string(self, text: str) -> int:
        return self._strings.setdefault(text, len(self._strings))

    def _value_type(self, type: ValueType) -> bytes:
        return _number(1, self._string(type.name)) + _number(2, self._string(type.unit))

    def _label_set(self, labels: LabelSet) -> bytes:
        """Fields of a sample: its labels. An empty value is none."""
        known = self._label_sets.get(labels)
        if known is None:
            pairs = [_numbers((self._string(name), self._string(value))) for name, value in labels if value]
            known = self._label_sets[labels] = b"".join([_bytes(3, pair) for pair in pairs])
        return known

    def _comment(self, window: Window) -> bytes:
        if not window.labels.merged:
            return b""
        text = "{} times a stack lost its labels: there were more than {} sets".format(window.labels.merged, MAX_LABEL_SETS)
        return _number(13, self._string(text))

    def _location(self, frame: Frame) -> bytes:
        known = self._locations.get(frame)
        if known is not None:
            return known
        number = len(self._locations) + 1
        line = _number(1, self._function(frame)) + _number(2, frame.line)
        self._tables.append(
            _bytes(4, _number(1, number) + _number(2, self._mapping(frame.module)) + _bytes(4, line))
        )
        encoded = self._locations[frame] = varint(number)
        return encoded

    def _function(self, frame: Frame) -> int:
        key = (frame.function, frame.file, frame.first_line)
        number = self._functions.get(key)
        if number is None:
            number = self._functions[key] = len(self._functions) + 1
            name = self._string(frame.function)
            fields = (number, name, name, self._string(frame.file), frame.first_line)
            self._tables.append(_bytes(5, _numbers(fields)))
        return number

    def _mapping(self, module: str) -> int:
        if not module:
            return 0
        number = self._mappings.get(module)
        if number is None:
            number = self._mappings[module] = len(self._mappings) + 1
            # 7, 8, 9: functions, file names and line numbers are there; no tool need look for symbols.
            flags = _number(7, 1) + _number(8, 1) + _number(9, 1)
            self._tables.append(_bytes(3, _number(1, number) + _number(5, self._string(module)) + flags))
        return number


def varint(value: int) -> bytes:
    """A non-negative integer in protobuf's base 128, low digits first."""
    if value < 0x80:
        return _SMALL[value]
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


_SMALL = [bytes([value]) for value in range(0x80)]


def _number(field: int, value: int) -> bytes:
    return varint(field << 3) + varint(value) if value else b""


def _numbers(values: Iterable[int]) -> bytes:
    """Fields 1, 2, 3… of these values."""
    return b"".join([_number(field, value) for field, value in enumerate(values, 1)])


def _bytes(field: int, content: bytes) -> bytes:
    return varint(field << 3 | 2) + varint(len(content)) + content
