"""Pruning keeps what a session stored or read, and touches nothing that is no run."""

import os

import numpy as np
import pytest

from ontrial.running.prune import main, prune
from ontrial.running.store import RunStore, Stored, name_of

NOW, LONG_AGO = 2_000_000_000.0, 1_000_000_000.0


@pytest.fixture
def store(tmp_path):
    """A store with three runs, as they are once copied: all of them old."""
    store = RunStore(tmp_path / "runs")
    for seed in range(3):
        description = {"training": "planted", "seed": seed}
        store.save(key(seed), Stored({"value": np.zeros(2)}, 1.0), description)
        store.lock(key(seed)).parent.mkdir(exist_ok=True)
        store.lock(key(seed)).touch()
    age(store)
    return store


def key(seed):
    return name_of({"training": "planted"}, seed)


def age(store, when=LONG_AGO):
    for path in store.folder.rglob("*.*"):
        os.utime(path, (when, when))


def there(store):
    return [seed for seed in range(3) if store.has(key(seed))]


def test_what_was_neither_stored_nor_read_is_deleted_with_its_lock(store):
    before = store.since(key(1))
    store.load(key(1))
    assert store.since(key(1)) == before, "when it was first trained does not change"
    store.save(key(2), Stored({"value": np.ones(2)}, 1.0), {"training": "planted", "seed": 2})
    runs, size = prune(store.folder, LONG_AGO + 1)
    assert runs == 1
    assert size > 0
    assert there(store) == [1, 2]
    assert store.load(key(1)).arrays["value"].tolist() == [0.0, 0.0]
    assert not store.lock(key(0)).exists()
    assert store.lock(key(1)).exists()


def test_what_was_set_aside_long_ago_goes_and_what_is_no_run_stays(store):
    store.set_aside(key(0))
    others = [store.folder / "ab" / "notes.json", store.folder / "README.md", store.folder.parent / "data.npz"]
    for path in others:
        path.parent.mkdir(exist_ok=True)
        path.write_text("somebody else's")
    age(store)
    assert prune(store.folder, LONG_AGO + 1)[0] == 2
    assert list(store.folder.glob("*/*.damaged")) == []
    assert all(path.exists() for path in others)


def test_a_store_that_cannot_be_marked_is_read_all_the_same(store, monkeypatch):
    def refused(*arguments, **named):
        raise PermissionError("not the owner")

    monkeypatch.setattr(os, "utime", refused)
    assert store.load(key(0)) is not None


def test_the_command_needs_a_time_and_says_what_it_did(store, capsys):
    with pytest.raises(SystemExit):
        main([str(store.folder)])
    assert there(store) == [0, 1, 2]
    main([str(store.folder), f"--unused-since={NOW}"])
    assert there(store) == []
    assert "deleted 3 runs that no session has used since" in capsys.readouterr().out
    with pytest.raises(SystemExit, match="is no folder"):
        main([str(store.folder / "nowhere"), "--unused-since=0"])
