"""CUDA graphs for threads: work that is the same each time is captured once, and replayed on its thread's stream."""

import threading
import warnings
from collections import defaultdict, deque
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import torch

_AHEAD = 3  # pieces of work that a thread may have asked of the device and not seen done

_ALONE = threading.Lock()  # all graphs share a random state, which refuses a replay while another thread captures
_NO_GRAPHS = threading.Event()  # set where a capture has failed, since that state may then refuse for good
_FREE_STREAMS: defaultdict[torch.device, list[torch.cuda.Stream]] = defaultdict(list)

Answer = TypeVar("Answer")


@contextmanager
def own_stream(device: torch.device) -> Iterator[None]:
    """A stream that no other thread has, where the device has streams: 32 at once, since PyTorch has no more."""
    if device.type != "cuda":
        yield
        return
    with _ALONE:
        stream = _FREE_STREAMS[device].pop() if _FREE_STREAMS[device] else torch.cuda.Stream(device)
    with torch.cuda.stream(stream):
        yield
        stream.synchronize()  # not where an error left it: then it may be broken, and is not used again
    _FREE_STREAMS[device].append(stream)


class Graphs:
    """Does work that is the same each time: the first time plainly, from the second on as a CUDA graph.

    Work must read and write the same memory each time, and must not wait for the device. On other devices, and in the
    whole process once a capture has failed, all is done plainly. To be closed, and used by one thread on its stream.
    """

    def __init__(self, device: torch.device) -> None:
        self._pool = torch.cuda.graph_pool_handle() if device.type == "cuda" else None
        self._prepared: set[Hashable] = set()  # has allocated its buffers, and the libraries theirs
        self._captured: dict[Hashable, tuple[torch.cuda.CUDAGraph, Any]] = {}
        self._asked: deque[torch.cuda.Event] = deque()

    def run(self, name: Hashable, work: Callable[[], Answer]) -> Answer:
        """Do the work of this name; what it answers is written over when it is done again."""
        if self._pool is None:
            return work()
        if len(self._asked) == _AHEAD:
            self._asked.popleft().synchronize()  # else the launch may wait for room, and all threads for the launch
        with _ALONE:
            answer = self._launched(name, work)
        self._asked.append(torch.cuda.Event(blocking=True))
        self._asked[-1].record()
        return answer

    def close(self) -> None:
        """Give the memory back once the stream is done."""
        if self._pool is None:
            return
        torch.cuda.current_stream().synchronize()
        with _ALONE:
            self._captured.clear()
            if torch.cuda.memory_reserved() > torch.cuda.mem_get_info()[1] / 2:
                torch.cuda.empty_cache()

    def _launched(self, name: Hashable, work: Callable[[], Answer]) -> Answer:
        if name not in self._prepared or _NO_GRAPHS.is_set():
            self._prepared.add(name)
            return work()
        try:
            if name not in self._captured:
                self._captured[name] = self._capture(work)
            graph, answer = self._captured[name]
            graph.replay()
        except RuntimeError as error:
            _NO_GRAPHS.set()
            reason = error.__context__ or error  # a capture that broke cannot be ended either
            warnings.warn(f"training goes on without CUDA graphs, more slowly: {reason}", RuntimeWarning, stacklevel=2)
            return work()
        return answer

    def _capture(self, work: Callable[[], Answer]) -> tuple[torch.cuda.CUDAGraph, Answer]:
        graph = torch.cuda.CUDAGraph()
        graph.capture_begin(pool=self._pool, capture_error_mode="thread_local")
        try:
            return graph, work()
        finally:
            graph.capture_end()
