"""Ctrl-C: once to stop after this step, with what was learned; twice to stop at once."""

from __future__ import annotations

import threading
from types import TracebackType
from typing import Any


class Interrupt:
    """Inside the block the first Ctrl-C is only noted, until `check` raises KeyboardInterrupt.

    So no step is torn in the middle, and weights and optimizer agree. Where Ctrl-C is not Python's
    own to handle (another thread, a handler of the caller's), it raises as ever.
    """

    def __init__(self) -> None:
        self.times = 0

    def __enter__(self) -> Interrupt:
        import signal

        self._ours = (
            threading.current_thread() is threading.main_thread()
            and signal.getsignal(signal.SIGINT) is signal.default_int_handler
        )
        if self._ours:
            signal.signal(signal.SIGINT, self._note)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._ours:
            import signal

            signal.signal(signal.SIGINT, signal.default_int_handler)

    def _note(self, number: int, frame: Any) -> None:
        self.times += 1
        if self.times > 1:
            raise KeyboardInterrupt

    def check(self) -> None:
        """Raises KeyboardInterrupt if Ctrl-C was pressed: called between steps."""
        if self.times:
            raise KeyboardInterrupt
