"""The run store has complete seeds or none, names them by all they depend on, and survives damage."""

import hashlib
import io
import json
import math
import os
import pickle
import tracemalloc
from pathlib import Path

import numpy as np
import pytest

from ontrial import files, fingerprint, trainings
from ontrial.running import plan as plan_module
from ontrial.running import store as store_module
from ontrial.running.jobs import Setting, TrainingError
from ontrial.running.plan import Plan
from ontrial.running.prune import main, prune
from ontrial.running.store import RunStore, Stored, described, name_of
from tests.running.planted import Doubled, complete, noise, on_trial, weighty

ONE = {"one": noise()}


@pytest.fixture
def planned(store, threads):
    """A session that has trained what it lacked, and its only trial."""

    def session(trainings=ONE, seeds=2):
        trial = on_trial(trainings, seeds)
        return complete(Plan(Setting(store), 1, threads), trial), trial

    return session


def key(seed=0, training=ONE["one"]):
    return name_of(described(training), seed)


def file(store, seed=1, suffix="npz"):
    return next(store.folder.glob(f"*/{key(seed)}.{suffix}"))


def test_what_was_stored_reads_back(store, planned):
    plan, trial = planned()
    run = plan.runs(trial)["one"]
    assert (run.seeds, run.value.shape, run.train_loss.shape) == ((0, 1), (2,), (2, 5))
    assert run.value[1] == np.random.default_rng(1).normal()
    assert store.load(key(1)).arrays["value"].shape == ()
    assert store.load("0" * 64) is None
    assert not store.has("0" * 64)


def test_a_name_is_of_all_that_the_result_depends_on(monkeypatch):
    names = [key(0), key(1), key(0, noise(1.0)), key(0, Doubled(noise())), key(0, Doubled(noise(1.0)))]
    assert len(set(names)) == len(names)
    assert key(3) != key(3 + 2**16) != key(3 + 2**31)
    assert described(Doubled(noise()))["needs"] == [described(noise())]
    monkeypatch.setattr(fingerprint, "_versions", lambda names: {"numpy": "0.0"})
    assert key(0) != names[0]


DAMAGE = {
    "truncated": lambda content: content[:-10],
    "flipped": lambda content: content[:50] + bytes([content[50] ^ 1]) + content[51:],
    "foreign": lambda content: b"this is not ours",
    "empty": lambda content: b"",
}


@pytest.mark.parametrize("suffix", ["npz", "json"])
@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE.keys())
def test_a_damaged_file_is_set_aside_announced_and_trained_again(store, planned, damage, suffix):
    plan, trial = planned()
    values = plan.runs(trial)["one"].value
    assert plan.damaged() == []
    path = file(store, 1, suffix)
    path.write_bytes(damage(path.read_bytes()))
    plan, trial = planned()
    np.testing.assert_array_equal(plan.runs(trial)["one"].value, values)
    assert plan.damaged() == ["noise(shift=0.0) (seed 1)"]
    assert path.with_name(path.name + ".damaged").exists()
    plan, trial = planned()
    plan.runs(trial)
    assert plan.damaged() == []


def test_only_an_archive_of_the_stated_length_seems_to_be_stored(store, planned):
    planned()
    content = file(store).read_bytes()
    for length in (content[:-1], b"", content + b"0"):
        file(store).write_bytes(length)
        assert not store.has(key(1))


@pytest.mark.parametrize("suffixes", [("npz",), ("npz", "json")])
def test_results_that_were_swapped_are_set_aside(store, planned, suffixes):
    plan, trial = planned()
    values = plan.runs(trial)["one"].value
    for suffix in suffixes:
        one, other = file(store, 0, suffix), file(store, 1, suffix)
        content = one.read_bytes()
        one.write_bytes(other.read_bytes())
        other.write_bytes(content)
    plan, trial = planned()
    np.testing.assert_array_equal(plan.runs(trial)["one"].value, values)
    assert len(plan.damaged()) == 2


@pytest.mark.parametrize("damage", [DAMAGE["truncated"], DAMAGE["flipped"]], ids=["truncated", "flipped"])
def test_what_a_training_needs_may_be_damaged(store, planned, damage):
    planned()
    file(store).write_bytes(damage(file(store).read_bytes()))
    plan, trial = planned({"twice": Doubled(noise())})
    run = plan.runs(trial)["twice"]
    np.testing.assert_array_equal(run.twice, 2 * run.value)
    assert plan.damaged() == ["noise(shift=0.0) (seed 1)"]


def test_arrays_alone_were_never_finished_which_is_no_damage(store, planned):
    planned()
    file(store, 1, "json").unlink()
    plan, trial = planned()
    plan.runs(trial)
    assert plan.damaged() == []
    assert store.has(key(1))


def archive(**arrays):
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
    return buffer.getvalue()


SOUND = {"value": np.float64(1), "train_loss": np.ones(5)}


def forge(store, content, **stated):
    """Replace the arrays of seed 0, with a description that fits them; None takes a statement out."""
    file(store, 0).write_bytes(content)
    path = file(store, 0, "json")
    description = json.loads(path.read_text())
    description |= {"sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content), "check": None} | stated
    path.write_text(json.dumps({name: value for name, value in description.items() if value is not None}))


@pytest.mark.parametrize(
    ("content", "stated"),
    [
        (archive(value=np.float64(1)), {}),  # an array is missing
        (archive(**SOUND, more=np.ones(2)), {}),
        (archive(value=np.ones(2), train_loss=np.ones(5)), {}),
        (archive(**SOUND, seeds=np.ones(2)), {"arrays": None}),  # a name that a run has itself
        (archive(**SOUND), {"check": "0" * 64}),  # of a description that was edited
        (archive(evil=np.array([{"a": 1}], dtype=object)), {"arrays": None}),
        (pickle.dumps({"a": 1}), {"arrays": None}),
        *((archive(**SOUND), {"seconds": each}) for each in ("a while", "1.5", math.nan, math.inf, -1.0, True, [], {})),
    ],
)
def test_what_a_run_could_not_use_is_set_aside_and_trained_again(store, planned, content, stated):
    plan, trial = planned()
    values = plan.runs(trial)["one"].value
    forge(store, content, **stated)
    plan, trial = planned()
    np.testing.assert_array_equal(plan.runs(trial)["one"].value, values)
    assert plan.damaged() == ["noise(shift=0.0) (seed 0)"]


def test_what_was_stored_before_descriptions_named_the_arrays_is_used(store, planned):
    planned()
    forge(store, archive(**SOUND), arrays=None)
    plan, trial = planned()
    assert plan.runs(trial)["one"].value[0] == 1
    assert plan.damaged() == []


def read_only(*_, **__):
    raise OSError(30, "Read-only file system")


def test_a_store_that_is_read_only_is_enough_where_nothing_is_missing(store, planned, monkeypatch):
    planned()
    for module, name in ((files.tempfile, "TemporaryFile"), (files.os, "open"), (files.os, "replace")):
        monkeypatch.setattr(module, name, read_only)
    plan, trial = planned()
    assert plan.runs(trial)["one"].n == 2
    plan, trial = planned(seeds=3)
    with pytest.raises(TrainingError, match="is not in the run store, which is read-only"):
        plan.runs(trial)


def test_what_is_damaged_in_a_store_that_is_read_only_is_an_error(store, planned, monkeypatch):
    planned()
    file(store).write_bytes(DAMAGE["flipped"](file(store).read_bytes()))
    monkeypatch.setattr(Path, "replace", read_only)
    monkeypatch.setattr(files, "write_atomically", read_only)
    plan, trial = planned()
    with pytest.raises(TrainingError, match=r"seed 1\) is damaged in the run store, .* is it read-only"):
        plan.runs(trial)


def test_a_description_is_written_after_its_arrays(store, monkeypatch):
    written = []
    monkeypatch.setattr(store_module, "write_atomically", lambda path, content: written.append(path.suffix))
    store.save("0" * 64, Stored({"value": np.ones(2)}, 0.0), {})
    assert written == [".npz", ".json"]


def test_objects_are_never_stored(store):
    with pytest.raises(ValueError, match="allow_pickle=False"):
        store.save("0" * 64, Stored({"evil": np.array([{}], dtype=object)}, 0.0), {})


def test_large_arrays_are_read_one_by_one_when_they_are_wanted(store, threads, monkeypatch):
    monkeypatch.setattr(trainings, "_MOST_BYTES", 2**22)
    plan = complete(Plan(Setting(store), 1, threads), trial := on_trial({n: weighty(0, 2**20, n) for n in (1, 2)}, 8))
    tracemalloc.start()
    try:
        runs = plan.runs(trial)
        found = [getattr(run, name).mean() for run in runs.values() for name in ("one", "two")]
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert found == [3.5] * 4
    assert peak < 0.5 * 2 * 2 * 8 * 2**20  # of the size of all arrays, of which a test reads an eighth at a time
    path = next(store.folder.glob("*/*.npz"))
    path.write_bytes(path.read_bytes())
    with pytest.raises(OSError, match="was changed by another session"):
        [run.one.mean() for run in runs.values()]


def test_no_more_is_in_memory_than_there_is_room_for(store, planned, monkeypatch):
    plan, trial = planned(seeds=6)
    size = store.load(key(0)).size
    assert size == 8 + 5 * 8
    monkeypatch.setattr(plan_module, "_MOST_BYTES", 2 * size)
    values = plan.runs(trial)["one"].value
    loaded = []
    load = RunStore.load
    monkeypatch.setattr(RunStore, "load", lambda self, key: loaded.append(key) or load(self, key))
    plan.run(noise(), (4, 5))
    assert loaded == []
    np.testing.assert_array_equal(plan.runs(trial)["one"].value, values)
    assert len(loaded) == 6


NOW, LONG_AGO = 2_000_000_000.0, 1_000_000_000.0


def planted(seed):
    return name_of({"training": "planted"}, seed)


@pytest.fixture
def old(store):
    """A store with three runs and their locks, all of them old."""
    for seed in range(3):
        store.save(planted(seed), Stored({"value": np.zeros(2)}, 1.0), {"training": "planted", "seed": seed})
        store.lock(planted(seed)).parent.mkdir(exist_ok=True)
        store.lock(planted(seed)).touch()
    age(store)
    return store


def age(store):
    for path in store.folder.rglob("*.*"):
        os.utime(path, (LONG_AGO, LONG_AGO))


def there(store):
    return [seed for seed in range(3) if store.has(planted(seed))]


def test_what_was_neither_stored_nor_read_is_pruned_with_its_lock(old):
    before = old.since(planted(1))
    old.load(planted(1))
    assert old.since(planted(1)) == before, "when it was first trained does not change"
    old.save(planted(2), Stored({"value": np.ones(2)}, 1.0), {"training": "planted", "seed": 2})
    runs, size = prune(old.folder, LONG_AGO + 1)
    assert (runs, size > 0, there(old)) == (1, True, [1, 2])
    assert [old.lock(planted(seed)).exists() for seed in (0, 1)] == [False, True]


def test_what_was_set_aside_long_ago_is_pruned_and_what_is_no_run_stays(old):
    old.set_aside(planted(0))
    others = [old.folder / "ab" / "notes.json", old.folder / "README.md", old.folder.parent / "data.npz"]
    for path in others:
        path.parent.mkdir(exist_ok=True)
        path.write_text("somebody else's")
    age(old)
    assert prune(old.folder, LONG_AGO + 1)[0] == 2
    assert list(old.folder.glob("*/*.damaged")) == []
    assert all(path.exists() for path in others)


def test_a_store_of_another_user_is_read_all_the_same(old, monkeypatch):
    monkeypatch.setattr(os, "utime", read_only)
    assert old.load(planted(0)) is not None


def test_the_command_needs_a_time_and_says_what_it_did(old, capsys):
    with pytest.raises(SystemExit):
        main([str(old.folder)])
    assert there(old) == [0, 1, 2]
    main([str(old.folder), f"--unused-since={NOW}"])
    assert there(old) == []
    assert "deleted 3 runs that no session has used since" in capsys.readouterr().out
    with pytest.raises(SystemExit):
        main([str(old.folder / "nowhere"), "--unused-since=0"])
    assert "is no folder" in capsys.readouterr().err
