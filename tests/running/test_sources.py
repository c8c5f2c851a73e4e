"""What a training's key is of: all source that it reaches outside site-packages, wherever that lies."""

import importlib
import importlib.machinery
import importlib.util
import sys
import sysconfig
from pathlib import Path

import pytest

from ontrial.running import sources

COMPILED = "quick_of_reach" + importlib.machinery.EXTENSION_SUFFIXES[0]
LIBRARY = {
    "lib_of_reach/__init__.py": "SIZE = 3\n",
    "lib_of_reach/near.py": "from . import far\nfrom .inner.deep import depth\n\ndef near():\n    return far.far()\n",
    "lib_of_reach/far.py": "def far():\n    return 1\n",
    "lib_of_reach/inner/__init__.py": "WIDE = 1\n",
    "lib_of_reach/inner/deep.py": "def depth():\n    return 2\n",
    "spread_of_reach/part.py": "def part():\n    return 3\n",  # without __init__.py
    "effect_of_reach.py": "import random\nrandom.seed(1)\n",
    COMPILED: "machine code",
}
MODULE = """
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
def reach(tmp_path, monkeypatch):
    """What `f` of MODULE depends on, in a folder of claims without __init__.py, with LIBRARY on the path."""
    monkeypatch.syspath_prepend(tmp_path / "elsewhere")
    claims = tmp_path / "claims"
    claims.mkdir()

    def write(changed, beside=False):
        for name, text in (LIBRARY | changed).items():
            path = (claims if beside else tmp_path / "elsewhere") / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)

    def read(head="", body="value = 1", changed=None, *, beside=False, text=MODULE):
        write(changed or {}, beside)
        importlib.invalidate_caches()
        for cached in (sources._parsed, sources.spec, sources._project):
            cached.cache_clear()
        return sources.reach("f", claims / "test_it.py", text.replace("HEAD", head).replace("BODY", body))

    return read


REACHED = {
    "a module of a package": ("import lib_of_reach.near", "value = lib_of_reach.near.near()", "near"),
    "a module by another name": ("import lib_of_reach.near as n", "value = n.near()", "near"),
    "a module out of its package": ("from lib_of_reach import near", "value = near.near()", "near"),
    "a function": ("from lib_of_reach.near import near", "value = near()", "near"),
    "what that imports from its package": ("from lib_of_reach.near import near", "value = near()", "far"),
    "what that imports from a package in it": ("from lib_of_reach.near import near", "value = near()", "inner/deep"),
    "the package above": ("from lib_of_reach.inner.deep import depth", "value = depth()", "__init__"),
    "the packages between": ("from lib_of_reach.near import near", "value = near()", "inner/__init__"),
    "lazily": ("", "import lib_of_reach.far; value = lib_of_reach.far.far()", "far"),
    "by its name": ("import importlib", 'value = importlib.import_module("lib_of_reach.far").far()', "far"),
    "by another name of import_module": (
        "from importlib import import_module as load", 'value = load("lib_of_reach.far").far()', "far"
    ),
    "all of a module": ("from lib_of_reach.far import *", "value = far()", "far"),
}  # fmt: skip


@pytest.mark.parametrize("beside", [False, True])
@pytest.mark.parametrize("how", REACHED)
def test_source_counts_wherever_it_lies_and_however_it_is_imported(reach, how, beside):
    head, body, name = REACHED[how]
    before = reach(head, body, beside=beside)
    path = f"lib_of_reach/{name}.py"
    assert reach(head, body, {path: LIBRARY[path] + "\nMORE = 1\n"}, beside=beside) != before
    assert reach(head, body, {path: LIBRARY[path] + "\n# more\n"}, beside=beside) == before
    assert reach(head, body, {"lib_of_reach/unused.py": "MORE = 1\n"}, beside=beside) == before


@pytest.mark.parametrize(
    ("head", "body", "path"),
    [
        ("import spread_of_reach.part", "value = spread_of_reach.part.part()", "spread_of_reach/part.py"),
        ("from spread_of_reach import part", "value = part.part()", "spread_of_reach/part.py"),
        ("import effect_of_reach", "value = 1", "effect_of_reach.py"),  # nothing uses it: it is there for what it does
        ("import quick_of_reach", "value = quick_of_reach.run()", COMPILED),
    ],
    ids=["a folder without __init__", "a module of it", "a module for its effect", "a compiled module"],
)
def test_other_kinds_of_modules_count_as_well(reach, head, body, path):
    assert reach(head, body) != reach(head, body, {path: LIBRARY[path] + "\nMORE = 1\n"})


def test_an_editable_install_counts_by_its_source(reach, tmp_path, monkeypatch):
    class Editable:
        """As setuptools has it: a name, and the file that it stands for."""

        @staticmethod
        def find_spec(name, *_):
            if name == "editable_of_reach":
                file = tmp_path / "src" / "editable_of_reach" / "__init__.py"
                return importlib.util.spec_from_file_location(name, file)
            return None

    monkeypatch.setattr(sys, "meta_path", [Editable, *sys.meta_path])
    folder = tmp_path / "src" / "editable_of_reach"
    folder.mkdir(parents=True)
    (folder / "__init__.py").write_text("")
    (folder / "inner.py").write_text("ONE = 1\n")
    how = ("from editable_of_reach.inner import ONE", "value = ONE")
    before = reach(*how)
    (folder / "inner.py").write_text("ONE = 2\n")
    assert reach(*how) != before


def test_a_module_in_site_packages_that_no_package_owns_counts_by_its_source(reach, tmp_path, monkeypatch):
    folder = tmp_path / "site-packages"
    (folder / "package_of_reach").mkdir(parents=True)
    monkeypatch.syspath_prepend(folder)
    for name in ("loose_of_reach.py", "package_of_reach/__init__.py", "package_of_reach/inner.py"):
        (folder / name).write_text("exec('ONE = 1')\n")  # whose own imports nobody can mend
        how = (f"import {name.split('.')[0].split('/')[0]} as m", "value = m.ONE")
        before = reach(*how)
        (folder / name).write_text("exec('ONE = 2')\n")
        assert reach(*how) != before


def test_a_package_counts_by_its_version_and_those_of_what_it_requires(reach, tmp_path, monkeypatch):
    folder = tmp_path / "site-packages"
    monkeypatch.syspath_prepend(folder)
    for name, requires in (("upper-of-reach", "Requires-Dist: lower_of_reach>=1"), ("lower-of-reach", "")):
        module = name.replace("-", "_")
        info = folder / f"{module}-1.0.dist-info"
        (folder / module).mkdir(parents=True)
        (folder / module / "__init__.py").write_text("")
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n{requires}\n")
        (info / "RECORD").write_text(f"{module}/__init__.py,sha256=a,0\n")
    monkeypatch.setattr(sources, "_distributions", lambda: {"upper_of_reach": ["upper-of-reach"]})

    def versions():
        sources._distribution.cache_clear()
        return reach("import upper_of_reach", "value = upper_of_reach")["versions"]

    before = versions()
    assert (before["upper-of-reach"], before["lower-of-reach"]) == ("1.0", "1.0")
    info = folder / "upper_of_reach-1.0.dist-info"
    (info / "direct_url.json").write_text("{}")  # out of a folder, which may change under the same version
    local = versions()
    (info / "RECORD").write_text("upper_of_reach/__init__.py,sha256=b,0\n")
    assert len({str(each) for each in (before, local, versions())}) == 3


def test_our_own_statistics_count_and_what_runs_trainings_does_not(reach):
    for module in ("evidence.ranks", "measures.curves"):
        assert reach(f"import ontrial.{module} as m", "value = m") != reach("", "value = m")
    plain = reach("", "value = m")["source"]
    assert reach("import ontrial.running.queue as m", "value = m")["source"] == plain


@pytest.mark.parametrize(
    ("before", "after"),
    [("clipped(0.5)", "clipped(0.6)"), ("HEAD", "HEAD\nTABLE = {}\ndef fill():\n    TABLE[1] = 2\n\nfill()")],
    ids=["a decorator of others", "a call in the module"],
)
def test_what_a_module_does_beside_the_function_counts(reach, before, after):
    assert reach(text=MODULE.replace(before, after)) != reach()


def test_our_decorator_counts_by_what_it_sets(reach):
    assert reach(text=MODULE.replace('"scale": 0.5', '"scale": 0.7')) == reach()


@pytest.mark.parametrize(
    ("head", "body", "message"),
    [
        ("import nowhere_of_reach", "value = nowhere_of_reach", r"test_it\.py:\d+ imports nowhere_of_reach"),
        ("", "import nowhere_of_reach; value = 1", r"test_it\.py:\d+ imports nowhere_of_reach"),
        ("import lib_of_reach.nowhere", "value = lib_of_reach", "imports lib_of_reach.nowhere"),
        ("from . import nowhere", "value = nowhere", r"imports \."),
        ("from spread_of_reach import nowhere", "value = nowhere", "imports spread_of_reach"),
        ("import importlib", "value = importlib.import_module(scale)", "import_module of a name"),
        ("from importlib import import_module as load", "value = load(f'{scale}')", "import_module of a name"),
        ("import importlib", "load = importlib.import_module; value = load('json')", "uses import_module"),
        ("", "value = eval('1')", "uses eval"),
        ("", "exec('value = 1')", "uses exec"),
        ("import builtins", "value = builtins.eval('1')", "uses eval"),
        ("", "value = __import__('json')", "uses __import__"),
        ("import runpy", "value = runpy.run_path('x.py')", "uses run_path"),
    ],
)
def test_what_cannot_be_resolved_is_an_error_that_names_it(reach, head, body, message):
    with pytest.raises(ValueError, match=message):
        reach(head, body)
    with pytest.raises(ValueError, match=message.replace("test_it", "helper")):  # in a module that it reaches
        reach("import helper", "value = helper", {"helper.py": f"{head}\ndef g(scale):\n    {body}\n"}, beside=True)


@pytest.mark.parametrize(
    ("head", "body"),
    [
        ("try:\n    import nowhere_of_reach as json\nexcept ImportError:\n    import json", "value = json"),
        ("", "try:\n        import nowhere_of_reach\n    except ModuleNotFoundError:\n        value = 1"),
        ("import typing\nif typing.TYPE_CHECKING:\n    import nowhere_of_reach", "value: 'nowhere_of_reach' = 1"),
        ("import sys\nif sys.version_info < (3, 0):\n    import nowhere_of_reach", "value = sys"),
        (
            "import contextlib\nwith contextlib.suppress(ImportError):\n    import nowhere_of_reach",
            "value = contextlib",
        ),
        ("", "value = seed.eval().exec()"),
        ("def eval(x):\n    return x", "value = eval(seed)"),
        ("from importlib import import_module", "value = import_module('json')"),
    ],
)
def test_an_import_that_may_fail_is_allowed(reach, head, body):
    assert reach(head, body) == reach(head, body)


def test_an_import_that_failed_and_is_there_now_counts(reach):
    head = "try:\n    import later_of_reach\nexcept ImportError:\n    later_of_reach = None"
    before = reach(head, "value = later_of_reach")
    assert before["absent"] == ["later_of_reach"]
    assert reach(head, "value = later_of_reach", {"later_of_reach.py": "ONE = 1\n"}) != before


def test_pythons_own_modules_do_not_count_unless_something_lies_before_them(reach):
    assert reach("import colorsys, sys, zipimport", "value = colorsys, sys, zipimport")["source"]
    assert Path(sysconfig.get_path("stdlib"), "colorsys.py").is_file()
    assert "colorsys" not in sys.modules
    own = ("import colorsys", "value = colorsys")
    before = reach(*own)
    assert reach(*own, {"colorsys.py": "ONE = 1\n"}) != before


def test_a_source_in_another_encoding_is_read(reach):
    text = "# -*- coding: latin-1 -*-\nONE = '\xe9'\n"
    reach("import odd_of_reach", "value = 1", {"odd_of_reach.py": "ONE = 1\n"})
    path = Path(sys.path[0]) / "odd_of_reach.py"
    path.write_bytes(text.encode("latin-1"))
    sources._parsed.cache_clear()
    assert sources._text(path)


def test_what_pip_put_into_a_folder_of_its_own_is_installed(tmp_path, monkeypatch):
    target = tmp_path / "target"
    (target / "lib_of_target-1.0.dist-info").mkdir(parents=True)
    (target / "lib_of_target.py").write_text("SIZE = 1\n")
    (target / "mine.py").write_text("SIZE = 2\n")
    record = "lib_of_target.py,sha256=x,9\nlib_of_target-1.0.dist-info/RECORD,,\n"
    (target / "lib_of_target-1.0.dist-info" / "RECORD").write_text(record)
    assert not sources.is_installed(target / "lib_of_target.py")
    monkeypatch.syspath_prepend(target)
    assert sources.is_installed(target / "lib_of_target.py")
    assert not sources.is_installed(target / "mine.py")
