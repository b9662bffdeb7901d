"""A pprof decoder for the tests, written from google/pprof's profile.proto and sharing nothing with the encoder."""

import gzip
from typing import Any, Dict, Iterator, List, NamedTuple, Tuple, Union


class Frame(NamedTuple):
    function: str
    file: str
    first_line: int
    module: str
    line: int

    def __str__(self) -> str:
        """As nylas' sampler wrote a frame."""
        return "{}({})".format(self.function, self.module) if self.module else self.function


class Sample(NamedTuple):
    stack: Tuple[Frame, ...]  # root first
    values: Dict[str, int]  # by sample type
    labels: Dict[str, str]

    @property
    def cpu(self) -> int:
        return self.values["cpu"]

    @property
    def wall(self) -> int:
        return self.values["wall"]


class Profile(NamedTuple):
    sample_types: List[Tuple[str, str]]
    samples: List[Sample]
    time_nanos: int
    duration_nanos: int
    period_type: Tuple[str, str]
    period: int
    comments: List[str]


def decode(body: bytes) -> Profile:
    message = _message(gzip.decompress(body))
    strings = [text.decode("utf-8") for text in message.get(6, [])]
    assert strings[0] == ""

    def value_type(data: bytes) -> Tuple[str, str]:
        fields = _message(data)
        return strings[_one(fields, 1)], strings[_one(fields, 2)]

    modules = {0: ""}
    for mapping in map(_message, message.get(3, [])):
        modules[_one(mapping, 1)] = strings[_one(mapping, 5)]
    functions = {}
    for function in map(_message, message.get(5, [])):
        functions[_one(function, 1)] = (strings[_one(function, 2)], strings[_one(function, 4)], _one(function, 5))
    locations = {}
    for location in map(_message, message.get(4, [])):
        (line,) = map(_message, location[4])
        name, file, first_line = functions[_one(line, 1)]
        locations[_one(location, 1)] = Frame(name, file, first_line, modules[_one(location, 2)], _one(line, 2))

    types = [value_type(data) for data in message.get(1, [])]
    samples = []
    for sample in map(_message, message.get(2, [])):
        (packed_locations,), (packed_values,) = sample[1], sample[2]
        values = list(_varints(packed_values))
        assert len(values) == len(types)
        stack = [locations[number] for number in _varints(packed_locations)]
        labels = {}
        for label in map(_message, sample.get(3, [])):
            assert strings[_one(label, 1)] not in labels and set(label) == {1, 2}
            labels[strings[_one(label, 1)]] = strings[_one(label, 2)]
        named = {name: value for (name, _), value in zip(types, values)}
        samples.append(Sample(tuple(reversed(stack)), named, labels))
    return Profile(
        types,
        samples,
        _one(message, 9),
        _one(message, 10),
        value_type(message[11][0]),
        _one(message, 12),
        [strings[number] for number in message.get(13, [])],
    )


def _one(fields: Dict[int, List[Any]], number: int) -> int:
    values = fields.get(number, [0])
    assert len(values) == 1, "field {} is there {} times".format(number, len(values))
    return int(values[0])


def _message(data: bytes) -> Dict[int, List[Union[int, bytes]]]:
    fields: Dict[int, List[Union[int, bytes]]] = {}
    position = 0
    while position < len(data):
        key, position = _varint(data, position)
        number, wire_type = key >> 3, key & 7
        assert number > 0
        if wire_type == 0:
            value, position = _varint(data, position)
            fields.setdefault(number, []).append(value)
        else:
            assert wire_type == 2, "wire type {}".format(wire_type)
            length, position = _varint(data, position)
            assert position + length <= len(data)
            fields.setdefault(number, []).append(data[position : position + length])
            position += length
    return fields


def _varint(data: bytes, position: int) -> Tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[position]
        position += 1
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return value, position


def _varints(data: bytes) -> Iterator[int]:
    position = 0
    while position < len(data):
        value, position = _varint(data, position)
        yield value
