"""Files that several processes share: locks, atomic writes, and the modes of a group's folder."""

import multiprocessing
import os

import filelock
import numpy as np
import pytest

from ontrial import files
from ontrial.files import LockHeld, locked
from ontrial.running.store import RunStore, Stored

SPAWN = multiprocessing.get_context("spawn")


def _hold(path, taken, free):
    with locked(path):
        taken.set()
        free.wait(30)


@pytest.fixture
def other(tmp_path):
    """A process that holds a.lock, and the event that ends it."""
    taken, free = SPAWN.Event(), SPAWN.Event()
    process = SPAWN.Process(target=_hold, args=(tmp_path / "a.lock", taken, free))
    process.start()
    assert taken.wait(60)
    yield process, free
    if process.is_alive():  # setting an event waits for those that wait for it
        free.set()
    process.join(60)


def test_a_free_lock_is_taken_in_silence_and_removed(tmp_path):
    said = []
    with locked(tmp_path / "deep" / "a.lock", say=said.append):
        pass
    assert said == []
    assert list((tmp_path / "deep").iterdir()) == []


def test_a_lock_that_is_held_is_waited_for_with_a_message_and_given_up_at_the_limit(tmp_path, monkeypatch):
    monkeypatch.setattr(files, "PATIENCE", 0.1)
    path, said = tmp_path / "a.lock", []
    with filelock.FileLock(path), pytest.raises(LockHeld, match=r"a\.lock was held .* 0 s.*--ontrial-lock-limit"):  # noqa: SIM117
        with locked(path, 0.3, said.append):
            pytest.fail("it was held")
    assert said == [f"waiting for {path}, which another process holds (giving up after 0 s)"]
    with locked(path, 0.3):
        pass


def test_a_wait_ends_when_the_other_lets_go(tmp_path, monkeypatch, other):
    monkeypatch.setattr(files, "PATIENCE", 0.1)
    said = []
    with locked(tmp_path / "a.lock", say=lambda line: said.append(line) or other[1].set()):
        pass
    assert len(said) == 1


def test_a_lock_of_a_process_that_was_killed_is_free(tmp_path, other):
    other[0].kill()
    other[0].join(30)
    with locked(tmp_path / "a.lock", 5.0):
        pass


def _count(path, folder, times):
    """Hold the lock so many times, and leave a file whenever another process held it at the same time."""
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
    others = [SPAWN.Process(target=_count, args=(path, tmp_path / "marks", 200)) for _ in range(3)]
    for each in others:
        each.start()
    for each in others:
        each.join(60)
    assert [each.exitcode for each in others] == [0, 0, 0]
    assert list((tmp_path / "marks").iterdir()) == []
    assert not path.exists()


@pytest.mark.parametrize(("folder", "umask", "expected"), [
    (0o2770, 0o077, (0o2770, 0o660)), (0o775, 0o077, (0o2775, 0o664)), (0o775, 0o022, (0o2775, 0o664)),
    (0o755, 0o022, (0o755, 0o644)), (0o755, 0o077, (0o700, 0o600)), (0o1777, 0o022, (0o755, 0o644)),
])  # fmt: skip
def test_files_folders_and_locks_are_the_groups_where_the_folder_is(tmp_path, folder, umask, expected):
    tmp_path.chmod(folder)
    before = os.umask(umask)
    try:
        RunStore(tmp_path).save("0" * 64, Stored({"value": np.ones(2)}, 0.0), {})
        with locked(tmp_path / "locks" / "a.lock"):
            stats = [path.stat() for path in (tmp_path / "locks", tmp_path / "locks" / "a.lock")]
    finally:
        os.umask(before)
    stats += [path.stat() for path in (tmp_path / "00", *sorted(tmp_path.glob("00/*")))]
    assert [each.st_mode & 0o7777 for each in stats] == [*expected, *expected, expected[1]]
    assert {each.st_gid for each in stats} == {tmp_path.stat().st_gid}


def test_a_file_is_written_only_where_its_content_differs(tmp_path):
    path, seen = tmp_path / "file", []
    for content in (b"one", b"one", b"two"):
        files.write_if_changed(path, content)
        seen.append((path.read_bytes(), path.stat().st_ino))
    assert [content for content, _ in seen] == [b"one", b"one", b"two"]
    assert seen[0] == seen[1]


def test_a_reader_sees_the_old_content_or_the_new(tmp_path):
    path = tmp_path / "file"
    files.write_atomically(path, b"old")
    with path.open("rb") as reader:
        files.write_atomically(path, b"new")
        assert (reader.read(), path.read_bytes()) == (b"old", b"new")


def test_a_failed_write_leaves_what_was_there(tmp_path, monkeypatch):
    path = tmp_path / "file"
    files.write_atomically(path, b"old")

    def full(handle):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(files.os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        files.write_atomically(path, b"new")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]
