"""Lanes: where jobs are done. A lane of our own is one process; a cluster is one lane, and so is a device."""

import multiprocessing
import os
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import contextmanager
from multiprocessing.process import BaseProcess
from multiprocessing.synchronize import Event
from typing import Any

_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS")
_SETTINGS = dict.fromkeys(_THREADS, "1") | {"PYTHONHASHSEED": "0"}  # the order of a set is the same in all of them
_SPAWN = multiprocessing.get_context("spawn")
_AHEAD = 2  # jobs that a process is handed, so that it never waits for us


class NoWorkers(Exception):
    """No process could be started that would do the work."""


class Lane:
    """An executor, how many jobs it is handed at a time, and whose place it is.

    make: makes the executor, again after its worker died; workers: how many jobs it does at once; has_begun: whether
    its worker came so far that it could be handed a job.
    """

    def __init__(
        self,
        place: str,
        make: Callable[[], Executor],
        capacity: int,
        workers: int,
        has_begun: Callable[[], bool] = lambda: True,
    ) -> None:
        self.place, self.workers, self.has_begun = place, workers, has_begun
        self._make, self._capacity = make, capacity
        self._executor: Executor | None = None
        self._futures: set[Future[Any]] = set()

    @property
    def load(self) -> int:
        """The jobs that it was handed and has not done."""
        return len(self._futures)

    def has_room(self) -> bool:
        """Whether it takes another job now."""
        return len(self._futures) < self._capacity

    def submit(self, call: Callable[..., Any], *arguments: Any) -> Future[Any]:
        """Hand it a job; the executor is made with the first."""
        self._executor = self._executor or self._make()
        future = self._executor.submit(call, *arguments)
        self._futures.add(future)
        return future

    def done(self, future: Future[Any]) -> None:
        """Forget a job that is done."""
        self._futures.discard(future)

    def restart(self) -> None:
        """Begin anew after the worker died: what it was handed is lost."""
        self.close()
        self._futures.clear()

    def close(self) -> None:
        """Let its worker go, without waiting."""
        if self._executor is not None:
            self._executor.shutdown(wait=False, cancel_futures=True)
            self._executor = None


@contextmanager
def lanes(workers: int, device_threads: int, device: str | None, cluster: Executor | None) -> Iterator[list[Lane]]:
    """The lanes of a session, closed at its end.

    workers: processes of our own, one thread each, where no cluster is given; device: the place whose jobs run as
    `device_threads` threads of this process, None where there is none.
    """
    if cluster is not None:
        found = [Lane("process", lambda: cluster, 10_000, workers)]
    else:
        found = [_process_lane() for _ in range(workers)]
    if device is not None:
        found.append(Lane(device, lambda: ThreadPoolExecutor(device_threads), device_threads, device_threads))
    with _one_thread_each():
        try:
            yield found
        finally:
            for lane in found:
                if cluster is None or lane.place != "process":
                    lane.close()


def _process_lane() -> Lane:
    began: list[Event] = []  # of its present process: a lane that gets no job starts nothing

    def make() -> Executor:
        began[:] = [_SPAWN.Event()]
        return _process(began[0])

    return Lane("process", make, _AHEAD, 1, lambda: began[0].is_set())


def _process(began: Event) -> Executor:
    return ProcessPoolExecutor(1, _SPAWN, initializer=_begin, initargs=(began,))


def _begin(began: Event) -> None:
    end_with_parent()
    began.set()


@contextmanager
def _one_thread_each() -> Iterator[None]:
    """Processes that are started in here compute with one thread each, and hash text alike."""
    before = {name: os.environ.get(name) for name in _SETTINGS}
    os.environ.update(_SETTINGS)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def end_with_parent() -> None:
    """Let a worker end when its parent is killed, where it would wait for work for ever."""
    if (parent := multiprocessing.parent_process()) is not None:

        def end_with(parent: BaseProcess) -> None:
            parent.join()
            os._exit(1)

        threading.Thread(target=end_with, args=(parent,), daemon=True).start()
