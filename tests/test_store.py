"""The run store keeps whole jobs or none, names them by all they depend on, and survives damage."""

import dataclasses
import hashlib
import json

import numpy as np
import pytest

from models import queue, store
from models.experiment import Experiment
from models.plan import Plan
from models.queue import Setting, run_job
from models.scale import scale
from models.store import Job, RunStore, source_digest, write_whole

TINY = Experiment("digits", (4,), epochs=1, batch_size=400)
JOB = Job(TINY, (0, 1))


@pytest.fixture
def setting(tmp_path):
    return Setting(RunStore(tmp_path / "runs"), None, "cpu")


def key(job, setting):
    return setting.store.key(job, setting.root, setting.device)


def test_what_was_stored_reads_back(setting):
    run_job(JOB, setting)
    stored = setting.store.load(key(JOB, setting))
    assert stored.arrays["train_loss"].shape == (2, 2)
    assert stored.seconds > 0
    assert setting.store.has(key(JOB, setting))
    assert setting.store.load("0" * 64) is None


def test_a_stored_job_is_not_trained_again_unless_asked(setting, monkeypatch):
    run_job(JOB, setting)
    calls = []
    real = queue.train
    monkeypatch.setattr(queue, "train", lambda *arguments: calls.append(1) or real(*arguments))
    run_job(JOB, setting)
    assert calls == []
    fresh = dataclasses.replace(setting, fresh=True)
    run_job(JOB, fresh)
    assert calls == [1]


@pytest.mark.parametrize(
    "other",
    [
        Job(TINY, (0, 2)),
        Job(dataclasses.replace(TINY, epochs=2), (0, 1)),
        Job(dataclasses.replace(TINY, hidden=(5,)), (0, 1)),
        Job(dataclasses.replace(TINY, learning_rate=0.01), (0, 1)),
        Job(dataclasses.replace(TINY, dtype="float64"), (0, 1)),
    ],
)
def test_another_job_has_another_name(setting, other):
    assert key(other, setting) != key(JOB, setting)


def test_the_name_depends_on_source_torch_and_device(setting, monkeypatch):
    name = key(JOB, setting)
    with monkeypatch.context() as patch:
        patch.setattr(store.torch, "__version__", "0.0")
        assert key(JOB, setting) != name
    with monkeypatch.context() as patch:
        patch.setattr(store, "source_digest", lambda *paths: "other")
        assert key(JOB, setting) != name
    with monkeypatch.context() as patch:
        patch.setattr(store.torch.cuda, "get_device_name", lambda device: "a GPU")
        assert key(JOB, dataclasses.replace(setting, device="cuda")) != name
    assert key(JOB, setting) == name


def test_a_docstring_changes_no_source_and_a_statement_does(tmp_path):
    texts = ['"""One."""\nx = 1\n', '"""Another."""\n# why\nx = 1\n', '"""One."""\nx = 2\n']
    paths = [tmp_path / f"{index}.py" for index in range(3)]
    for path, text in zip(paths, texts, strict=True):
        path.write_text(text)
    assert source_digest(paths[0]) == source_digest(paths[1]) != source_digest(paths[2])


def damage_truncate(path):
    path.write_bytes(path.read_bytes()[:-100])


def damage_flip(path):
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def damage_foreign(path):
    path.write_bytes(b"this is not ours")


def damage_empty(path):
    path.write_bytes(b"")


@pytest.mark.parametrize("suffix", ["npz", "json"])
@pytest.mark.parametrize("damage", [damage_truncate, damage_flip, damage_foreign, damage_empty])
def test_a_damaged_file_is_set_aside_and_trained_again(setting, damage, suffix):
    run_job(JOB, setting)
    whole = setting.store.load(key(JOB, setting)).arrays
    [path] = setting.store.folder.glob(f"*/*.{suffix}")
    damage(path)
    plan = Plan(setting, workers=1)
    tiny = scale("fast", seeds=2)
    plan.add(TINY, 2)
    for job in plan.to_train():
        run_job(job, setting)
    again = plan.runs({"tiny": TINY}, tiny)["tiny"]
    np.testing.assert_array_equal(again.train_loss, whole["train_loss"])
    assert path.with_name(path.name + ".damaged") in setting.store.damaged()


def test_a_pickle_is_never_loaded(setting):
    run_job(JOB, setting)
    [path] = setting.store.folder.glob("*/*.npz")
    np.savez(path, evil=np.array([{"a": 1}], dtype=object))
    description = path.with_suffix(".json").read_text()
    forged = json.loads(description) | {"sha256": hashlib.sha256(path.read_bytes()).hexdigest()}
    path.with_suffix(".json").write_text(json.dumps(forged))
    assert setting.store.load(key(JOB, setting)) is None


def test_a_failed_write_leaves_what_was_there(tmp_path, monkeypatch):
    path = tmp_path / "file"
    write_whole(path, b"old")

    def full(handle):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(store.os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        write_whole(path, b"new")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]
