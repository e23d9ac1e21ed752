"""Several processes that train one member: rank 0 speaks, the others hear from it."""

from __future__ import annotations

import os
import time
from typing import Any, Callable, Optional, Tuple

Broadcast = Callable[[Any], Any]

VARIABLES = ("RANK", "OMPI_COMM_WORLD_RANK", "PMIX_RANK", "PMI_RANK")
AGREE_SECONDS = 1.0  # how often the group asks rank 0 whether to go on


def own_rank() -> int:
    """This process's rank, as its launcher says in the environment; 0 where nobody says."""
    for name in VARIABLES:
        value = os.environ.get(name, "")
        if value.isdigit():
            return int(value)
    return 0


class Group:
    """This process among those that train one member; alone without a ``broadcast``."""

    def __init__(self, broadcast: Optional[Broadcast], rank: Optional[int]) -> None:
        self._broadcast = broadcast
        self._rank = own_rank() if rank is None else rank
        self._stride = 1
        self._asked = 0.0  # monotonic: when rank 0 was last asked
        self.speaks = broadcast is None or self._rank == 0

    def share(self, make: Callable[[], Any]) -> Any:
        """What rank 0 makes, everywhere."""
        if self._broadcast is None:
            return make()
        return self._broadcast(make() if self.speaks else None)

    def agree(self, must_end: Callable[[], bool]) -> Tuple[bool, int]:
        """Whether to end here, as rank 0 sees it, and after how many steps to ask again.

        All processes ask at the same steps, about once a second, so asking costs nothing that shows.
        """
        if self._broadcast is None:
            return must_end(), 1
        verdict = self.share(lambda: [must_end(), self._next_stride()])
        return bool(verdict[0]), int(verdict[1])

    def _next_stride(self) -> int:
        now = time.monotonic()
        elapsed, self._asked = now - self._asked, now
        ideal = int(self._stride * AGREE_SECONDS / max(elapsed, 1e-6))
        self._stride = max(1, min(ideal, 2 * self._stride))
        return self._stride
