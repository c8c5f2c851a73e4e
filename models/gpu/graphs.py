"""CUDA graphs for threads: repeated work is captured once, and replayed on its thread's stream."""

import threading
import warnings
from collections import defaultdict, deque
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import torch

_AHEAD = 3  # launches of a thread that may be unfinished on the device

_ALONE = threading.Lock()  # all graphs share a random state, which refuses a replay while another thread captures
_NO_GRAPHS = threading.Event()  # set where a capture has failed, since that state may then refuse for good
_FREE_STREAMS: defaultdict[torch.device, list[torch.cuda.Stream]] = defaultdict(list)

Result = TypeVar("Result")


@contextmanager
def own_stream(device: torch.device) -> Iterator[None]:
    """A stream of this thread alone on a CUDA device, at most 32 at once, since PyTorch has no more."""
    if device.type != "cuda":
        yield
        return
    with _ALONE:
        stream = _FREE_STREAMS[device].pop() if _FREE_STREAMS[device] else torch.cuda.Stream(device)
    with torch.cuda.stream(stream):
        yield
        stream.synchronize()  # not after an error: the stream may then be broken, and is not used again
    _FREE_STREAMS[device].append(stream)


class Graphs:
    """Runs repeated work: the first time by plain calls, from the second on as a CUDA graph.

    Work must read and write the same memory each time, and must not wait for the device. On other devices, and in the
    process once a capture has failed, everything runs by plain calls. Used by one thread on its stream, then closed.
    """

    def __init__(self, device: torch.device) -> None:
        self._pool = torch.cuda.graph_pool_handle() if device.type == "cuda" else None
        self._prepared: set[Hashable] = set()  # work whose first run allocated all buffers
        self._captured: dict[Hashable, tuple[torch.cuda.CUDAGraph, Any]] = {}
        self._launches: deque[torch.cuda.Event] = deque()

    def run(self, name: Hashable, work: Callable[[], Result]) -> Result:
        """Run the work of this name; its result is overwritten when it runs again."""
        if self._pool is None:
            return work()
        if len(self._launches) == _AHEAD:
            self._launches.popleft().synchronize()  # else the launch may wait for room, and all threads for the launch
        with _ALONE:
            result = self._launch(name, work)
        self._launches.append(torch.cuda.Event(blocking=True))
        self._launches[-1].record()
        return result

    def close(self) -> None:
        """Free the memory once the stream is done."""
        if self._pool is None:
            return
        torch.cuda.current_stream().synchronize()
        with _ALONE:
            self._captured.clear()
            if torch.cuda.memory_reserved() > torch.cuda.mem_get_info()[1] / 2:
                torch.cuda.empty_cache()

    def _launch(self, name: Hashable, work: Callable[[], Result]) -> Result:
        if name not in self._prepared or _NO_GRAPHS.is_set():
            self._prepared.add(name)
            return work()
        try:
            if name not in self._captured:
                self._captured[name] = self._capture(work)
            graph, result = self._captured[name]
            graph.replay()
        except RuntimeError as error:
            _NO_GRAPHS.set()
            reason = error.__context__ or error  # ending a broken capture fails as well
            warnings.warn(
                f"training continues without CUDA graphs, more slowly: {reason}", RuntimeWarning, stacklevel=2
            )
            return work()
        return result

    def _capture(self, work: Callable[[], Result]) -> tuple[torch.cuda.CUDAGraph, Result]:
        graph = torch.cuda.CUDAGraph()
        graph.capture_begin(pool=self._pool, capture_error_mode="thread_local")
        try:
            return graph, work()
        finally:
            graph.capture_end()
