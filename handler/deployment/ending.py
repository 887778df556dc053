"""How a request ends before its time: no operation of it goes on, and what is left is told."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from handler.deployment.operations import Operations
from handler.deployment.patience import Patience
from handler.errors import (
    AccessDenied,
    OperationFailed,
    OutOfTime,
    RequestRefused,
    StackSetResourceError,
)
from handler.values.observation import OperationState

_STOP_PAUSE = 2.0
_LAST_MOMENT = 15.0


@dataclass(frozen=True)
class Ending:
    """The end of one request's work on a stack set.

    Attributes:
        operations: Those of the stack set.
        patience: How long to wait.
        began: When CloudFormation sent the request, in seconds since the epoch.
        deadline: When CloudFormation gives up, in seconds since the epoch.
    """

    operations: Operations
    patience: Patience
    began: float
    deadline: float

    def stop_own(self) -> None:
        """Leave no operation of this request running, as far as the API lets us."""
        with contextlib.suppress(AccessDenied, RequestRefused, OutOfTime):
            self.operations.stop_own()

    @contextlib.contextmanager
    def left_in_order(self, progress: Callable[[], str]) -> Iterator[None]:
        """Leave no operation of this request running, whatever ends it before its time.

        Args:
            progress: Says how far the request got.

        Raises:
            OutOfTime: The same that is raised inside, with what has become of the operations.
        """
        try:
            yield
        except (AccessDenied, RequestRefused, OperationFailed):
            self.stop_own()
            raise
        except OutOfTime as error:
            last_moment = min(_LAST_MOMENT, (self.deadline - self.began) / 20)
            self.patience.extend(self.deadline - last_moment)
            texts = [str(error), self._stop_and_tell()]
            with contextlib.suppress(StackSetResourceError):
                texts.insert(1, progress())
            raise OutOfTime(" ".join(texts)) from error

    def _stop_and_tell(self) -> str:
        """Stop this request's operations, wait for it while there is time, and say what runs."""
        active: list[OperationState] = []
        try:
            self.operations.stop_own()
            while active := self.operations.active():
                self.patience.sleep(_STOP_PAUSE)
        except OutOfTime:
            if active:
                names = ", ".join(f"{each.operation_id} ({each.status})" for each in active[:3])
                return f"Still on the stack set: operation {names}."
            return "Operations perhaps still run on the stack set."
        return "No operation runs any more."
