"""What `pip` gets: a source archive and a wheel with the package and its templates, and without our tests."""

import shutil
import subprocess
import sys
import tarfile
import zipfile

import pytest

from tests.test_house import ROOT, tracked

BUILD = """
import sys
from setuptools import build_meta
print(getattr(build_meta, "build_" + sys.argv[1])(sys.argv[2]))
"""


def checkout(folder):
    """Copy what is tracked, less the artifacts, into a folder, as a clone has it; returns the folder."""
    for path in tracked():
        if path.suffix != ".pyc" and "artifacts" not in path.parts:
            target = folder / path.relative_to(ROOT)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, target)
    return folder


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """The names of the files in each archive, as built in a clone, without a network."""
    clone, out = checkout(tmp_path_factory.mktemp("clone")), tmp_path_factory.mktemp("out")
    for kind in ("sdist", "wheel"):
        command = [sys.executable, "-c", BUILD, kind, str(out)]
        done = subprocess.run(command, cwd=clone, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
    [sdist], [wheel] = out.glob("*.tar.gz"), out.glob("*.whl")
    with tarfile.open(sdist) as source, zipfile.ZipFile(wheel) as binary:
        names = [name.partition("/")[2] for name in source.getnames()]
        return {"sdist": set(names), "wheel": set(binary.namelist())}


@pytest.mark.parametrize("kind", ["sdist", "wheel"])
def test_an_archive_has_all_of_the_package_and_no_test_without_its_conftest(built, kind):
    package = {
        path.relative_to(ROOT).as_posix()
        for path in tracked()
        if path.is_relative_to(ROOT / "ontrial") and path.suffix != ".pyc"
    }
    assert package | {"pytest_ontrial.py", "ontrial/py.typed"} <= built[kind]
    assert "ontrial/publish/templates/page.html" in built[kind]
    others = {name.split("/")[0] for name in built[kind] if "/" in name} - {"ontrial", "ontrial.egg-info"}
    assert not others & {"tests", "claims", "models", "benchmarks", "artifacts"}
    assert not [name for name in built[kind] if name.rpartition("/")[2].startswith(("test_", "conftest"))]


def test_the_source_archive_has_what_the_project_says_of_itself(built):
    assert {"README.md", "LICENSE", "pyproject.toml"} <= built["sdist"]
