"""What a result depends on: the key of a training changes with all source that it reaches, the digests of a claim's
code with what is computed, and neither with anything else.
"""

import importlib
import importlib.machinery
import importlib.util
import sys

import pytest

from ontrial import fingerprint, source
from ontrial.fingerprint import code_digests, dependencies, module_files

COMPILED = "quick_of_key" + importlib.machinery.EXTENSION_SUFFIXES[0]
LIBRARY = {
    "lib_of_key/__init__.py": "SIZE = 3\n",
    "lib_of_key/near.py": "from . import far\nfrom .inner.deep import depth\n\ndef near():\n    return far.far()\n",
    "lib_of_key/far.py": "def far():\n    return 1\n\ndef other():\n    return 1\n",
    "lib_of_key/inner/__init__.py": "WIDE = 1\n",
    "lib_of_key/inner/deep.py": "from . import WIDE\n\ndef depth():\n    return WIDE\n",
    "spread_of_key/part.py": "def part():\n    return 3\n",  # without __init__.py
    "effect_of_key.py": "import random\nrandom.seed(1)\n",
    COMPILED: "machine code",
}
TRAINING = """
from ontrial import training as trained

HEAD

def clipped(most):
    return lambda function: function

@trained(fast={"scale": 0.5})
@clipped(0.5)
def f(scale=1.0, *, seed):
    BODY
    return {"value": value}
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder on the path, beside that of the claims."""
    monkeypatch.syspath_prepend(tmp_path / "elsewhere")
    return tmp_path / "elsewhere"


def write(folder, files):
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    importlib.invalidate_caches()
    source.modules.cache_clear()


@pytest.fixture
def key(folder):
    """What `f` of TRAINING depends on, with LIBRARY and some changed files on the path, or beside its module."""

    def read(head="", body="value = 1", changed=None, *, beside=False, text=TRAINING):
        write(folder.parent / "claims" if beside else folder, LIBRARY | (changed or {}))
        return dependencies("f", folder.parent / "claims" / "it.py", text.replace("HEAD", head).replace("BODY", body))

    return read


NEAR = "from lib_of_key.near import near", "value = near()"
COUNTED = {
    "a module of a package": ("import lib_of_key.near", "value = lib_of_key.near.near()", "lib_of_key/near.py"),
    "a module by another name": ("import lib_of_key.near as n", "value = n.near()", "lib_of_key/near.py"),
    "a module out of its package": ("from lib_of_key import near", "value = near.near()", "lib_of_key/near.py"),
    "a function": (*NEAR, "lib_of_key/near.py"),
    "what that imports from its package": (*NEAR, "lib_of_key/far.py"),
    "what that imports from a package in it": (*NEAR, "lib_of_key/inner/deep.py"),
    "the package above": ("from lib_of_key.inner.deep import depth", "value = depth()", "lib_of_key/__init__.py"),
    "the packages between": (*NEAR, "lib_of_key/inner/__init__.py"),
    "lazily": ("", "import lib_of_key.far; value = lib_of_key.far.far()", "lib_of_key/far.py"),
    "by its name": (
        "import importlib", 'value = importlib.import_module("lib_of_key.far").far()', "lib_of_key/far.py"
    ),
    "by another name of import_module": (
        "from importlib import import_module as load", 'value = load("lib_of_key.far").far()', "lib_of_key/far.py"
    ),
    "all of a module": ("from lib_of_key.far import *", "value = far()", "lib_of_key/far.py"),
    "optionally": (
        "try:\n    import lib_of_key.far as far\nexcept ImportError:\n    far = 1", "value = far", "lib_of_key/far.py"
    ),
    "a folder without __init__": ("import spread_of_key.part", "value = spread_of_key.part", "spread_of_key/part.py"),
    "a module of it": ("from spread_of_key import part", "value = part.part()", "spread_of_key/part.py"),
    "a module for its effect": ("import effect_of_key", "value = 1", "effect_of_key.py"),
    "a compiled module": ("import quick_of_key", "value = quick_of_key.run()", COMPILED),
}  # fmt: skip


@pytest.mark.parametrize("beside", [False, True])
@pytest.mark.parametrize(("head", "body", "path"), COUNTED.values(), ids=COUNTED.keys())
def test_a_key_is_of_all_source_wherever_it_lies_and_however_it_is_imported(key, head, body, path, beside):
    before = key(head, body, beside=beside)
    assert key(head, body, {path: LIBRARY[path] + "\nMORE = 1\n"}, beside=beside) != before
    assert path == COMPILED or key(head, body, {path: LIBRARY[path] + "\n# more\n"}, beside=beside) == before
    assert key(head, body, {path: LIBRARY[path], "lib_of_key/unused.py": "MORE = 1\n"}, beside=beside) == before


def test_relative_imports_of_the_module_itself_count(key):
    package = {"__init__.py": "ONE = 1\n", "helper.py": "TWO = 2\n"}
    for head, name in (("from . import ONE", "__init__.py"), ("from .helper import TWO", "helper.py")):
        before = key(head, f"value = {head.split()[-1]}", package, beside=True)
        assert key(head, f"value = {head.split()[-1]}", package | {name: "ONE = TWO = 3\n"}, beside=True) != before


def test_what_a_module_does_beside_the_function_counts(key):
    fill = "TABLE = {}\ndef fill():\n    TABLE[1] = 2\n\nfill()"
    far = "from lib_of_key.far import far as g"
    found = [
        key(),
        key(text=TRAINING.replace("clipped(0.5)", "clipped(0.6)")),
        key(fill),
        key(fill.replace("\n\nfill()", "\n\nassert fill() is None")),
        key(far, "value = g()"),
        key(far.replace("far as", "other as"), "value = g()"),
    ]
    assert len({each["source"] for each in found}) == 6
    assert key(text=TRAINING.replace('"scale": 0.5', '"scale": 0.7')) == key()  # which the settings hold
    assert key("def g():\n    return 1") == key()


def test_our_own_statistics_count_and_what_runs_trainings_does_not():
    assert "ranks.py" in {path.name for path in module_files("ontrial.stats.power")}
    assert module_files("ontrial.session") == set()


def test_an_editable_install_counts_by_its_source(key, tmp_path, monkeypatch):
    class Editable:
        """As setuptools has it: a name, and its file."""

        @staticmethod
        def find_spec(name, *_):
            file = tmp_path / "src" / "editable_of_key" / "__init__.py"
            return importlib.util.spec_from_file_location(name, file) if name == "editable_of_key" else None

    monkeypatch.setattr(sys, "meta_path", [Editable, *sys.meta_path])
    how = ("from editable_of_key.inner import ONE", "value = ONE")
    found = []
    for text in ("ONE = 1\n", "ONE = 2.0\n"):
        write(tmp_path / "src", {"editable_of_key/__init__.py": "", "editable_of_key/inner.py": text})
        found.append(key(*how))
    assert found[0] != found[1]


@pytest.mark.parametrize("path", ["loose_of_key.py", "package_of_key/__init__.py", "package_of_key/inner.py"])
def test_a_module_in_site_packages_that_no_package_owns_counts_by_its_source(key, tmp_path, monkeypatch, path):
    monkeypatch.syspath_prepend(tmp_path / "site-packages")
    found = []
    for number in ("1", "2.0"):
        files = {"package_of_key/__init__.py": "", path: f"exec('ONE = {number}')\n"}  # refused in a project
        write(tmp_path / "site-packages", files)
        found.append(key(f"import {path.split('.')[0].split('/')[0]} as m", "value = m.ONE"))
    assert found[0] != found[1]


def test_a_package_counts_by_its_version_and_those_of_what_it_requires(key, tmp_path, monkeypatch):
    site = tmp_path / "site-packages"
    monkeypatch.syspath_prepend(site)
    monkeypatch.setattr(source, "owners", lambda: {"upper_of_key": ["upper-of-key"]})
    for name, requires in (("upper", "Requires-Dist: lower_of_key>=1"), ("lower", "")):
        metadata = f"Metadata-Version: 2.1\nName: {name}-of-key\nVersion: 1.0\n{requires}\n"
        info = {f"{name}_of_key-1.0.dist-info/METADATA": metadata, f"{name}_of_key-1.0.dist-info/RECORD": "a,1,0\n"}
        write(site, {f"{name}_of_key/__init__.py": "", **info})

    def versions(**files):
        write(site, {f"upper_of_key-1.0.dist-info/{name}": text for name, text in files.items()})
        fingerprint._versions.cache_clear()
        return key("import upper_of_key", "value = upper_of_key")["versions"]

    before = versions()
    assert (before["upper-of-key"], before["lower-of-key"]) == ("1.0", "1.0")
    local = versions(**{"direct_url.json": "{}"})  # from a folder, which may change under the same version
    assert len({str(each) for each in (before, local, versions(RECORD="b,1,0\n"))}) == 3


REFUSED = {
    "a module that is not there": ("import nowhere", "value = nowhere", r":\d+ imports nowhere"),
    "lazily": ("", "import nowhere; value = 1", r":\d+ imports nowhere"),
    "in a package": ("import lib_of_key.nowhere", "value = lib_of_key", "imports lib_of_key.nowhere"),
    "relatively": ("from . import nowhere", "value = nowhere", r"imports \."),
    "in a folder without __init__": ("from spread_of_key import no", "value = no", "imports spread_of_key"),
    "a computed name": ("import importlib", "value = importlib.import_module(scale)", "import_module of a name"),
    "a formatted name": (
        "from importlib import import_module as load", "value = load(f'{scale}')", "import_module of a name"
    ),
    "import_module itself": (
        "import importlib", "load = importlib.import_module; value = load('json')", "uses import_module"
    ),
    "eval": ("", "value = eval('1')", "uses eval"),
    "exec": ("", "exec('value = 1')", "uses exec"),
    "builtins": ("import builtins", "value = builtins.eval('1')", "uses eval"),
    "__import__": ("", "value = __import__('json')", "uses __import__"),
    "runpy": ("import runpy", "value = runpy.run_path('x.py')", "uses run_path"),
}  # fmt: skip
ALLOWED = {
    "ImportError": ("try:\n    import nowhere as json\nexcept ImportError:\n    import json", "value = json"),
    "a bare except": ("try:\n    import nowhere\nexcept:\n    nowhere = 1", "value = nowhere"),
    "lazily": ("", "try:\n        import nowhere\n    except ModuleNotFoundError:\n        value = 1"),
    "types": ("import typing\nif typing.TYPE_CHECKING:\n    import nowhere", "value: 'nowhere' = 1"),
    "a version": ("import sys\nif sys.version_info < (3, 0):\n    import nowhere", "value = sys"),
    "suppress": ("import contextlib\nwith contextlib.suppress(ImportError):\n    import nowhere", "value = contextlib"),
    "methods": ("", "value = seed.eval().exec()"),
    "a function of that name": ("def eval(x):\n    return x", "value = eval(seed)"),
    "Python's own module": ("from importlib import import_module", "value = import_module('json')"),
}


@pytest.mark.parametrize(("head", "body", "message"), REFUSED.values(), ids=REFUSED.keys())
def test_what_cannot_be_resolved_is_an_error_that_names_it(key, head, body, message):
    with pytest.raises(ValueError, match=rf"^what f depends on cannot be resolved: it\.py.*{message}"):
        key(head, body)
    with pytest.raises(ValueError, match=rf"helper\.py.*{message}"):  # in a module that it reaches
        key("import helper", "value = helper", {"helper.py": f"{head}\ndef g(scale):\n    {body}\n"}, beside=True)


@pytest.mark.parametrize(("head", "body"), ALLOWED.values(), ids=ALLOWED.keys())
def test_an_import_that_may_fail_is_allowed(key, head, body):
    assert key(head, body).get("absent", ["nowhere"]) == ["nowhere"]


def test_an_import_that_failed_and_is_there_now_counts(key):
    head = "try:\n    import later_of_key\nexcept ImportError:\n    later_of_key = None"
    before = key(head, "value = later_of_key")
    assert before["absent"] == ["later_of_key"]
    assert key(head, "value = later_of_key", {"later_of_key.py": "ONE = 1\n"}) != before


def test_pythons_own_modules_do_not_count_unless_something_lies_before_them(key):
    own = ("import tabnanny, sys, zipimport", "value = tabnanny, sys, zipimport")
    before = key(*own)
    assert "tabnanny" not in sys.modules
    assert key(*own, {"tabnanny.py": "ONE = 1\n"}) != before


def test_a_source_in_another_encoding_is_read(key, folder):
    write(folder, {"odd_of_key.py": ""})
    (folder / "odd_of_key.py").write_bytes("# -*- coding: latin-1 -*-\nONE = '\xe9'\n".encode("latin-1"))
    assert key("import odd_of_key", "value = 1") != key("", "value = 1")


def test_what_pip_put_into_a_folder_of_its_own_is_installed(tmp_path, monkeypatch):
    record = "lib_of_target.py,sha256=x,9\nlib_of_target-1.0.dist-info/RECORD,,\n"
    write(tmp_path, {"lib_of_target-1.0.dist-info/RECORD": record, "lib_of_target.py": "", "mine.py": ""})
    assert not source.is_installed(tmp_path / "lib_of_target.py")
    monkeypatch.syspath_prepend(tmp_path)
    assert source.is_installed(tmp_path / "lib_of_target.py")
    assert not source.is_installed(tmp_path / "mine.py")


CLAIM = '''
"""Prose."""
import numpy as np
import helper as h
from helper import scale
from claims.homework.measures.correlations import kendall_tau
from ontrial.training import Runs

LIMIT = 0.98
REPORTED = {"a": 1}
UNUSED = 3


def share(values: np.ndarray) -> float:
    """A share."""
    return (values >= LIMIT).mean()


class Box:
    size: int = 3

    def used(self):
        return self.size

    def other(self):
        return 4

    def __repr__(self):
        return "a box"


def drawn(runs):
    return UNUSED


def test_it(claim, runs: Runs):
    reported, mine = REPORTED, share(runs.value)
    three, ten = scale(mine), h.doubled(mine)
    beside = kendall_tau(1, 2)
    claim.figure = drawn(runs)
    claim.asides = (claim.median(beside, "beside"),)
    claim.own_numbers = (reported,)
    claim.holds_if(claim.median(three, "x") > 0, claim.median(ten + Box().used(), "y") > 0)
'''
HELPER = """
from deeper import factor

def scale(values):
    return values * factor

def doubled(values):
    return values + values

def unrelated(values):
    return values
"""


@pytest.fixture
def digests(folder):
    """The digests of the module's test, with texts replaced by others, in it or in what it imports."""

    def of(*edits, name="test_it", text=CLAIM):
        files = {"module.py": text, "helper.py": HELPER, "deeper.py": "factor = 2\n"}
        for old, new in edits:
            assert any(old in each for each in files.values())
            files = {path: each.replace(old, new) for path, each in files.items()}
        write(folder, files)
        return code_digests(name, folder / "module.py", files["module.py"])

    return of


def test_digests_are_of_what_is_reached_and_nothing_else(digests):
    assert set(digests()) == {"test_it", "share", "LIMIT", "scale", "doubled", "factor", "Box", "Box.used"}
    text = "import not_there\n\ndef test_it(claim):\n    not_there.f(claim)\n"
    assert set(digests(text=text)) == {"test_it"}
    text = "from helper import *\n\ndef test_it(claim):\n    return scale(claim) + factor\n"
    assert set(digests(text=text)) == {"test_it", "scale", "factor"}
    text = "def test_it(claim):\n    from helper import scale\n    scale(claim)\n"
    assert set(digests(text=text)) == {"test_it", "scale", "factor"}
    text = "class Box:\n    def __call__(self):\n        return 3\n\ndef test_it(claim):\n    Box()()\n"
    assert set(digests(text=text)) == {"test_it", "Box", "Box.__call__"}
    assert "UNUSED" in digests(name="made_at_run_time")  # within another function: all that its module does
    followed = digests(("share(runs.value)", "share(kendall_tau(runs.value, Runs))"))
    assert {"kendall_tau", "tau_b"} <= set(followed)  # of the report and of our statistics, not of the rest of ours
    assert "Runs" not in followed


FREE = {
    "prose": ("A share.", "Another text."),
    "a comment": ("LIMIT = 0.98", "LIMIT = 0.98  # why"),
    "an annotation": ("np.ndarray) -> float", "object) -> int"),
    "a figure": ("return UNUSED", "return 5"),
    "an aside": ("kendall_tau(1, 2)", "kendall_tau(2, 3)"),
    "a reported number": ('{"a": 1}', '{"a": 2}'),
    "a method that nothing uses": ("return 4", "return 5"),
    "how an object is shown": ('"a box"', '"box"'),
    "a function that nothing uses": ("    return values\n", "    return 0\n"),
    "layout": ("values >= LIMIT", "(values  >=\n LIMIT)"),
    "a name of the test": ("def test_it", "def test_so"),
}
CHANGED = {
    "a constant": ("0.98", "0.5", "LIMIT"),
    "a body": (">= LIMIT", "> LIMIT", "share"),
    "a method": ("return self.size", "return self.size + 1", "Box.used"),
    "a field": ("size: int = 3", "size: int = 4", "Box"),
    "a helper": ("values + values", "values + 1", "doubled"),
    "what a helper imports": ("factor = 2", "factor = 2.5", "factor"),
    "a mask": ('three, "x"', 'three, "x", among=mine > 0', "test_it"),
    "a second definition": ("\n\n\nclass Box", "\n\n\ndef share(values):\n    return 1\n\n\nclass Box", "share"),
    "a second definition of the test": ("UNUSED = 3", "UNUSED = 3\ndef test_it(claim):\n    pass", "test_it"),
    "a name that a statement changes": ("UNUSED = 3", "LIMIT += 1\nUNUSED = 3", "LIMIT"),
}


@pytest.mark.parametrize(("old", "new"), FREE.values(), ids=FREE.keys())
def test_what_decides_nothing_changes_no_digest(digests, old, new):
    name = "test_so" if "test_so" in new else "test_it"
    assert sorted(digests((old, new), name=name).values()) == sorted(digests().values())


@pytest.mark.parametrize(("old", "new", "name"), CHANGED.values(), ids=CHANGED.keys())
def test_what_decides_changes_the_digest_of_its_name(digests, old, new, name):
    before, after = digests(), digests((old, new))
    assert {each for each in before.keys() | after.keys() if before.get(each) != after.get(each)} == {name}


def test_a_digest_is_the_same_in_every_version_of_python(digests):
    body = "claim.holds_if(claim.median([f'{x:.2f}' for x in claim if x], 'x', among=None) > -0.5)"
    assert digests(text=f"def test_it(claim):\n    {body}\n") == {"test_it": "1210f8edf90c3217"}
