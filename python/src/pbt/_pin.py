"""Random numbers that begin each segment alike, for `pbt try`.

A segment that loads its checkpoint ends elsewhere than one that carries on in memory where
something is not saved. Where it is a random state alone, both end alike once their random numbers
are the same. So `pbt try` trains both once more with PBT_PIN_RANDOM naming a file: every generator
that can be found is seeded by the segment's name, and the file says whose they are.
"""

from __future__ import annotations

import gc
import os
import random
import sys
import zlib
from typing import Any, Dict, Iterator, Set

_LIMIT = 1 << 32


def pin(segment: str) -> None:
    """Seed all generators by a segment's name. Does nothing unless `pbt try` wants it."""
    place = os.environ.get("PBT_PIN_RANDOM")
    if not place:
        return
    names = _seed_all(zlib.crc32(segment.encode()) % _LIMIT)
    try:
        with open(place, "w", encoding="utf-8") as file:
            file.write(", ".join(sorted(names)) + "\n")
    except OSError:
        pass  # then nobody counts on it


def _seed_all(seed: int) -> Set[str]:
    names = {"random"}
    random.seed(seed)
    kinds: Dict[type, str] = {random.Random: "random"}
    for name in ("numpy", "torch", "tensorflow"):
        module = sys.modules.get(name)
        try:
            if module is not None and _seed_module(name, module, seed, kinds):
                names.add(name)
        except Exception:  # half imported, or of another version
            pass
    for generator in _found(tuple(kinds)):
        _seed_one(generator, seed)
    return names


def _seed_module(name: str, module: Any, seed: int, kinds: Dict[type, str]) -> bool:
    """Seed a library's own generators; add the type of those that a program makes itself."""
    if name == "numpy":
        module.random.seed(seed)
        kinds.update({module.random.Generator: name, module.random.RandomState: name})
    elif name == "torch":
        module.manual_seed(seed)
        kinds[module.Generator] = name
    else:
        module.random.set_seed(seed)
    return True


def _seed_one(generator: Any, seed: int) -> None:
    try:
        if hasattr(generator, "bit_generator"):
            bits = generator.bit_generator
            bits.state = type(bits)(seed).state
        elif hasattr(generator, "manual_seed"):
            generator.manual_seed(seed)
        else:
            generator.seed(seed)
    except Exception:  # one that cannot be seeded varies by itself, which `pbt try` sees
        pass


def _found(kinds: Any) -> Iterator[Any]:
    """Every object of these types that a container or a running function holds."""
    seen = set()
    for one in _held():
        if id(one) not in seen and issubclass(type(one), kinds):
            seen.add(id(one))
            yield one


def _held() -> Iterator[Any]:
    frame = sys._getframe()
    while frame is not None:
        yield from list(frame.f_locals.values())
        frame = frame.f_back  # type: ignore[assignment]
    for holder in gc.get_objects():
        yield from gc.get_referents(holder)
