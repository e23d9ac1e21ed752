"""Metrics as they travel: numbers, and lists of single evaluations."""

from __future__ import annotations

import math
from typing import Any, Dict, List, Mapping, Tuple, Union

from .errors import ArgumentError

Number = Union[int, float, str]

INTEGER_BITS = 63
FOUND_CHARACTERS = 80


def plain(value: Any) -> Any:
    """Turn an array's or a tensor's value into Python's own numbers and lists."""
    return value.tolist() if hasattr(value, "tolist") else value


def number(name: str, value: Any) -> Number:
    """Write one number; JSON has no word for those that are not finite, so they become texts."""
    value = plain(value)
    if isinstance(value, int) and value.bit_length() <= INTEGER_BITS:
        return int(value)
    try:
        real = math.nan if isinstance(value, str) else float(value)
    except (TypeError, ValueError, OverflowError):
        real = math.nan
        value = type(value)
    if isinstance(value, (str, type)):
        found = repr(value)[:FOUND_CHARACTERS]
        raise ArgumentError(f"metric '{name}' is neither a number nor a list of numbers", found)
    if math.isnan(real):
        return "nan"
    if math.isinf(real):
        return "inf" if real > 0 else "-inf"
    return real


def split(metrics: Mapping[str, Any]) -> Tuple[Dict[str, Number], Dict[str, List[Number]]]:
    """Tell single values from lists, which are samples: evaluations whose mean is the value."""
    values: Dict[str, Number] = {}
    samples: Dict[str, List[Number]] = {}
    for name, given in metrics.items():
        value = plain(given)
        if isinstance(value, (list, tuple)):
            samples[name] = [number(name, item) for item in value]
        else:
            values[name] = number(name, value)
    return values, samples


def is_finite(value: Number) -> bool:
    """Whether a number as it travels is finite."""
    return not isinstance(value, str)
