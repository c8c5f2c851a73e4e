"""The run store keeps whole seeds or none, names them by all they depend on, and survives damage."""

import hashlib
import io
import json
import math
import os
import pickle
from pathlib import Path

import numpy as np
import pytest

from ontrial import files, fingerprint
from ontrial.files import locked
from ontrial.running import shelf
from ontrial.running.plan import Plan
from ontrial.running.queue import Setting, TrainingError
from ontrial.running.store import RunStore, Stored, described, name_of
from tests.running.planted import Doubled, complete, noise, on_trial

ONE = {"one": noise()}


@pytest.fixture
def store(tmp_path):
    return RunStore(tmp_path / "runs")


def plan_with(store, trainings=ONE, seeds=2):
    """A plan in a session of its own that has trained what it lacked, and its only trial."""
    plan = Plan(Setting(store), workers=1)
    plan.add(trial := on_trial(trainings, seeds))
    complete(plan)
    return plan, trial


def key(seed=0, training=ONE["one"]):
    return name_of(described(training), seed)


def test_what_was_stored_reads_back(store, threads):
    plan, trial = plan_with(store)
    run = plan.runs(trial)["one"]
    assert run.seeds == (0, 1)
    assert run.value.shape == (2,)
    assert run.train_loss.shape == (2, 5)
    assert run.value[1] == np.random.default_rng(1).normal()
    assert store.load(key(1)).arrays["value"].shape == ()
    assert store.load("0" * 64) is None
    assert not store.has("0" * 64)


def test_a_name_is_of_all_that_the_result_depends_on(monkeypatch):
    names = [key(0), key(1), key(0, noise(1.0)), key(0, Doubled(noise())), key(0, Doubled(noise(1.0)))]
    assert len(set(names)) == len(names)
    monkeypatch.setattr(fingerprint, "_versions", lambda names: {"numpy": "0.0"})
    assert key(0) != names[0]


@pytest.mark.parametrize("what", ["own module", "what the module reaches"])
def test_a_changed_source_has_another_name_and_changed_prose_has_not(tmp_path, what):
    path = tmp_path / "test_planted.py"
    (tmp_path / "helper_of_planted.py").write_text("def half(x):\n    return x / 2\n")
    text = (
        '"""Prose."""\nimport helper_of_planted\n\n'
        'def f(x):\n    """Prose."""\n    return helper_of_planted.half(x)\n\n'
        "def other():\n    return 1\n"
    )
    before = fingerprint.dependencies("f", path, text)
    assert fingerprint.dependencies("f", path, text.replace("Prose", "Other words") + "# a comment\n") == before
    assert fingerprint.dependencies("f", path, text.replace("return 1", "return 2")) == before  # f does not reach it
    if what == "own module":
        text = text.replace("half(x)", "half(x + 1)")
    else:
        (tmp_path / "helper_of_planted.py").write_text("def half(x):\n    return x / 3\n")
    assert fingerprint.dependencies("f", path, text)["source"] != before["source"]


def truncate(content):
    return content[:-10]


def flip(content):
    return content[: len(content) // 2] + bytes([content[len(content) // 2] ^ 1]) + content[len(content) // 2 + 1 :]


def foreign(content):
    return b"this is not ours"


def empty(content):
    return b""


@pytest.mark.parametrize("suffix", ["npz", "json"])
@pytest.mark.parametrize("damage", [truncate, flip, foreign, empty])
def test_a_damaged_file_is_set_aside_announced_and_trained_again(store, damage, suffix, threads):
    plan, trial = plan_with(store)
    whole = plan.runs(trial)["one"]
    assert plan.damaged() == []
    path = next(store.folder.glob(f"*/{key(1)}.{suffix}"))
    path.write_bytes(damage(path.read_bytes()))
    plan, trial = plan_with(store)
    again = plan.runs(trial)["one"]
    np.testing.assert_array_equal(again.value, whole.value)
    assert plan.damaged() == ["noise(shift=0.0) (seed 1)"]
    assert path.with_name(path.name + ".damaged").exists()
    plan, trial = plan_with(store)
    plan.runs(trial)
    assert plan.damaged() == []


@pytest.mark.parametrize("damage", [truncate, flip])
def test_what_a_training_needs_may_be_damaged(store, damage, threads):
    plan_with(store, seeds=2)
    path = next(store.folder.glob(f"*/{key(1)}.npz"))
    path.write_bytes(damage(path.read_bytes()))
    plan, trial = plan_with(store, {"twice": Doubled(noise())})
    run = plan.runs(trial)["twice"]
    np.testing.assert_array_equal(run.twice, 2 * run.value)
    assert plan.damaged() == ["noise(shift=0.0) (seed 1)"]


def test_arrays_alone_were_never_finished_which_is_no_damage(store, threads):
    plan_with(store)
    next(store.folder.glob(f"*/{key(1)}.json")).unlink()
    plan, trial = plan_with(store)
    plan.runs(trial)
    assert plan.damaged() == []
    assert list(store.folder.glob("*/*.damaged")) == []
    assert store.has(key(1))


def forged(store, content, **stated):
    """Put other arrays in place of those of seed 0, with a description that fits them; None takes a statement out."""
    path = next(store.folder.glob(f"*/{key(0)}.npz"))
    path.write_bytes(content)
    description = json.loads(path.with_suffix(".json").read_text())
    description |= {"sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content), "check": None} | stated
    description = {name: value for name, value in description.items() if value is not None}
    path.with_suffix(".json").write_text(json.dumps(description))


@pytest.mark.parametrize("kind", ["array of objects", "bare pickle"])
def test_a_pickle_is_never_loaded(store, threads, kind):
    plan_with(store)
    buffer = io.BytesIO()
    if kind == "bare pickle":
        pickle.dump({"a": 1}, buffer)
    else:
        np.savez(buffer, evil=np.array([{"a": 1}], dtype=object))
    forged(store, buffer.getvalue(), arrays=None)
    assert store.load(key(0)) is None


def archive(**arrays):
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
    return buffer.getvalue()


WHOLE = {"value": np.float64(1), "train_loss": np.ones(5)}


@pytest.mark.parametrize(
    ("content", "stated"),
    [
        (archive(value=np.float64(1)), {}),  # an array is missing
        (archive(**WHOLE, more=np.ones(2)), {}),
        (archive(value=np.ones(2), train_loss=np.ones(5)), {}),
        (archive(**WHOLE, seeds=np.ones(2)), {"arrays": None}),  # a name that a run has itself
        *((archive(**WHOLE), {"seconds": each}) for each in ("a while", "1.5", math.nan, math.inf, -1.0, True, [], {})),
    ],
)
def test_what_a_run_could_not_use_is_set_aside_and_trained_again(store, threads, content, stated):
    plan, trial = plan_with(store)
    whole = plan.runs(trial)["one"]
    forged(store, content, **stated)
    plan, trial = plan_with(store)
    np.testing.assert_array_equal(plan.runs(trial)["one"].value, whole.value)
    assert plan.damaged() == ["noise(shift=0.0) (seed 0)"]


def test_what_was_stored_before_descriptions_named_the_arrays_is_used(store, threads):
    plan_with(store)
    forged(store, archive(**WHOLE), arrays=None)
    plan, trial = plan_with(store)
    assert plan.runs(trial)["one"].value[0] == 1
    assert plan.damaged() == []


def test_a_store_that_may_only_be_read_is_enough_where_nothing_is_missing(store, threads, monkeypatch):
    plan_with(store)

    def read_only(*_, **__):
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(files.tempfile, "TemporaryFile", read_only)
    monkeypatch.setattr(files.os, "open", read_only)
    monkeypatch.setattr(files.os, "replace", read_only)
    plan, trial = plan_with(store)
    assert plan.runs(trial)["one"].n == 2
    plan = Plan(Setting(store), workers=1)
    plan.add(less := on_trial(ONE, 2))
    plan.add(more := on_trial(ONE, 3))
    complete(plan)
    assert plan.runs(less)["one"].n == 2
    with pytest.raises(TrainingError, match="is not in the run store, which is read-only"):
        plan.runs(more)


def test_what_is_damaged_where_nothing_may_be_written_is_an_error(store, threads, monkeypatch):
    plan_with(store)
    path = next(store.folder.glob(f"*/{key(1)}.npz"))
    path.write_bytes(flip(path.read_bytes()))

    def read_only(*_, **__):
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(Path, "replace", read_only)
    monkeypatch.setattr(files.os, "open", read_only)
    plan, trial = plan_with(store)
    with pytest.raises(TrainingError, match=r"seed 1\) is damaged in the run store: .*Read-only"):
        plan.runs(trial)


@pytest.mark.parametrize(("folder", "umask", "expected"), [
    (0o2770, 0o077, (0o2770, 0o660)), (0o775, 0o077, (0o2775, 0o664)), (0o775, 0o022, (0o2775, 0o664)),
    (0o755, 0o022, (0o755, 0o644)), (0o755, 0o077, (0o700, 0o600)), (0o1777, 0o022, (0o755, 0o644)),
])  # fmt: skip
def test_files_and_folders_are_the_groups_where_the_store_is(tmp_path, folder, umask, expected):
    tmp_path.chmod(folder)
    before = os.umask(umask)
    try:
        RunStore(tmp_path).save("0" * 64, Stored({"value": np.ones(2)}, 0.0), {})
        with locked(tmp_path / "locks" / "a.lock"):
            modes = [path.stat() for path in (tmp_path / "locks", tmp_path / "locks" / "a.lock")]
    finally:
        os.umask(before)
    found = [path.stat() for path in sorted(tmp_path.glob("00/*"))]
    assert len(found) == 2
    assert [each.st_mode & 0o7777 for each in ((tmp_path / "00").stat(), *found)] == [expected[0], *[expected[1]] * 2]
    assert tuple(each.st_mode & 0o7777 for each in modes) == expected
    assert {each.st_gid for each in found} == {tmp_path.stat().st_gid}


def test_objects_are_never_stored(store):
    with pytest.raises(ValueError, match="allow_pickle=False"):
        store.save("0" * 64, Stored({"evil": np.array([{}], dtype=object)}, 0.0), {})


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


def test_no_more_is_kept_in_memory_than_there_is_room_for(store, threads, monkeypatch):
    plan, trial = plan_with(store, seeds=6)
    size = store.load(key(0)).size
    assert size == 8 + 5 * 8
    monkeypatch.setattr(shelf, "_MOST_BYTES", 2 * size)
    run = plan.runs(trial)["one"]
    assert list(plan._shelf._read) == [key(4), key(5)]
    np.testing.assert_array_equal(plan.runs(trial)["one"].value, run.value)
    assert plan._shelf._bytes == 2 * size
