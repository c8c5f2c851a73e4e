"""Locks: whoever waits says for what, and not for ever."""

import multiprocessing

import filelock
import pytest

from ontrial import files
from ontrial.files import LockHeld, locked


def test_a_lock_that_is_free_is_taken_in_silence(tmp_path):
    told = []
    with locked(tmp_path / "deep" / "a.lock", say=told.append):
        pass
    assert told == []


def test_a_lock_held_by_somebody_else_is_told_after_a_while_and_given_up_at_the_limit(tmp_path, monkeypatch):
    monkeypatch.setattr(files, "PATIENCE", 0.1)
    path, told = tmp_path / "a.lock", []
    with filelock.FileLock(path), pytest.raises(LockHeld, match=r"a\.lock was held .* 0 s.*--lock-limit"):  # noqa: SIM117
        with locked(path, 0.3, told.append):
            pytest.fail("it was held")
    assert told == [f"waiting for {path}, which another process holds (giving up after 0 s)"]
    with locked(path, 0.3):
        pass


def _hold(path, taken, free):
    with locked(path):
        taken.set()
        free.wait(30)


def test_a_wait_ends_when_the_other_lets_go(tmp_path, monkeypatch):
    monkeypatch.setattr(files, "PATIENCE", 0.1)
    context, told = multiprocessing.get_context("spawn"), []
    taken, free = context.Event(), context.Event()
    other = context.Process(target=_hold, args=(tmp_path / "a.lock", taken, free))
    other.start()
    assert taken.wait(30)

    def tell(line):
        told.append(line)
        free.set()

    with locked(tmp_path / "a.lock", say=tell):
        pass
    other.join(30)
    assert len(told) == 1


def test_a_lock_of_a_process_that_was_killed_is_free(tmp_path):
    context = multiprocessing.get_context("spawn")
    taken, free = context.Event(), context.Event()
    other = context.Process(target=_hold, args=(tmp_path / "a.lock", taken, free))
    other.start()
    assert taken.wait(30)
    other.kill()
    other.join(30)
    with locked(tmp_path / "a.lock", 5.0):
        pass


def _count(path, folder, times):
    """Hold the lock so many times, and leave a file whenever somebody else held it at the same time."""
    for _ in range(times):
        with locked(path):
            mark = folder / "held"
            try:
                mark.touch(exist_ok=False)
            except FileExistsError:
                (folder / "both").touch()
            else:
                mark.unlink()


def test_a_lock_that_is_removed_is_never_held_twice(tmp_path):
    (tmp_path / "marks").mkdir()
    path = tmp_path / "a.lock"
    context = multiprocessing.get_context("spawn")
    others = [context.Process(target=_count, args=(path, tmp_path / "marks", 200)) for _ in range(3)]
    for other in others:
        other.start()
    for other in others:
        other.join(60)
    assert [other.exitcode for other in others] == [0, 0, 0]
    assert list((tmp_path / "marks").iterdir()) == []
    assert not path.exists()
