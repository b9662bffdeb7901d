"""Sums over recorded samples."""

from typing import Iterable

from .pprof_reader import Sample


def cpu_seconds(samples: Iterable[Sample], *functions: str) -> float:
    """CPU time of the stacks in which all these functions are, in this order."""
    return sum(sample.cpu for sample in samples if _holds(sample, functions)) / 1e9


def wall_seconds(samples: Iterable[Sample], *functions: str) -> float:
    return sum(sample.wall for sample in samples if _holds(sample, functions)) / 1e9


def off_cpu_seconds(samples: Iterable[Sample], *functions: str) -> float:
    """The part of wall time in which it did not run."""
    return sum(sample.values.get("off_cpu", 0) for sample in samples if _holds(sample, functions)) / 1e9


def loop_block_seconds(samples: Iterable[Sample], *functions: str) -> float:
    return sum(sample.values.get("loop_block", 0) for sample in samples if _holds(sample, functions)) / 1e9


def _holds(sample: Sample, functions: Iterable[str]) -> bool:
    names = iter([frame.function.rpartition(".")[2] for frame in sample.stack])
    return all(function in names for function in functions)


def near(value: float, truth: float, share: float = 0.1, least: float = 0.05) -> bool:
    return abs(value - truth) <= max(truth * share, least)
