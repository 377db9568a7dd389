"""How do threads that want the same kind of work at the same time have it done together, by one of them?

The literature calls it flat combining (Hendler et al., SPAA 2010), databases group commit.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import Future
from threading import Lock
from typing import Generic, TypeVar

T = TypeVar("T")
R = TypeVar("R")


class Combined(Generic[T, R]):
    """Work that costs hardly more for eight items than for one: a statement, a commit.

    Whoever finds nobody at work does what waits, in its own thread; those that come meanwhile wait for their turn, and
    most of them find theirs done. A thread alone waits for nobody.
    """

    def __init__(
        self, work: Callable[[Sequence[T]], Sequence[R]], *, divisible: tuple[type[Exception], ...] = ()
    ) -> None:
        """`work` answers the items in their order, or raises for all of them.

        An exception that is `divisible` may be the fault of one item: then each is done alone, and only who brought
        that one hears of it.
        """
        self._work = work
        self._divisible = divisible
        self._waiting: list[tuple[T, Future[R]]] = []
        self._waiting_lock = Lock()
        self._at_work = Lock()

    def __call__(self, item: T) -> R:
        """What `work` answers for the item; raises what it raises."""
        done: Future[R] = Future()
        with self._waiting_lock:
            self._waiting.append((item, done))
        with self._at_work:
            if not done.done():
                self._do(self._take())
        return done.result()

    def _take(self) -> list[tuple[T, "Future[R]"]]:
        with self._waiting_lock:
            taken, self._waiting = self._waiting, []
        return taken

    def _do(self, wishes: Sequence[tuple[T, "Future[R]"]]) -> None:
        try:
            answers = self._work([item for item, _ in wishes])
        except BaseException as fault:  # noqa: BLE001 - each raises it for itself
            if len(wishes) > 1 and isinstance(fault, self._divisible):
                for wish in wishes:
                    self._do([wish])
            else:
                for _, done in wishes:
                    done.set_exception(fault)
        else:
            for (_, done), answer in zip(wishes, answers, strict=True):
                done.set_result(answer)
