"""The house: who imports whom, what each room may know, and how long a file is."""

import ast
import graphlib
import importlib.util
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ROOMS = ("claims", "models", "ontrial")
# Each may import itself and those after it, also through modules that are not named here.
ORDERS = (
    ROOMS,
    ("ontrial.plugin", "ontrial.session", "ontrial.publish", "ontrial.running", "ontrial.claim", "ontrial.stats"),
)


def tracked() -> list[Path]:
    """Files of the repository, as git knows them, or as they lie there where it does not."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, check=False)
    if done.returncode == 0:
        return [path for name in done.stdout.decode().split("\0") if name and (path := ROOT / name).is_file()]
    return [path for path in ROOT.rglob("*") if path.is_file() and not {".venv", ".git"} & set(path.parts)]


def modules(*rooms: str) -> dict[str, Path]:
    """Files of these rooms, by the name of the module."""
    found = {}
    for room in rooms:
        for path in (ROOT / room).rglob("*.py"):
            parts = path.relative_to(ROOT).with_suffix("").parts
            found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def imports(name: str, path: Path, known: dict[str, Path]) -> Iterator[str]:
    """Modules that a module imports, wherever in it: also lazily, for types alone, and by a string."""
    package = name if path.name == "__init__.py" else name.rpartition(".")[0]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (each.name for each in node.names)
        elif isinstance(node, ast.Constant) and "." in str(node.value) and node.value in known:
            yield node.value  # whoever is given the name
        elif isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[-1] in ("import_module", "__import__"):
            texts = [each.value for each in node.args if isinstance(each, ast.Constant)]
            assert texts, f"{name} imports a module whose name only a run can tell: {ast.unparse(node)}"
            yield importlib.util.resolve_name(texts[0], texts[1] if len(texts) > 1 else package)
        elif isinstance(node, ast.ImportFrom):
            above = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
            base = ".".join(filter(None, [*above, node.module or ""]))
            submodules = [f"{base}.{each.name}" for each in node.names if f"{base}.{each.name}" in known]
            yield from submodules
            if len(submodules) < len(node.names):
                yield base


def test_modules_that_are_named_by_a_string_are_imports(tmp_path):
    path = tmp_path / "one.py"
    path.write_text(
        'NAME = "models.data"\nimportlib.import_module("models.probing")\nload = import_module(".runs", "models")\n'
        'def lazily():\n    __import__("torch")\n    import_module(".networks")\n'
    )
    found = set(imports("models.one", path, modules(*ROOMS)))
    assert found == {"models.data", "models.probing", "models.runs", "models.networks", "torch"}
    path.write_text("importlib.import_module(name)\n")
    with pytest.raises(AssertionError, match="only a run can tell"):
        set(imports("models.one", path, {}))


def reached(*rooms: str) -> dict[str, set[str]]:
    """Which modules of these rooms each of them imports, also through others. Raises CycleError for a circle."""
    known = modules(*rooms)
    graph = {name: set(imports(name, path, known)) & known.keys() - {name} for name, path in known.items()}
    found: dict[str, set[str]] = {}
    for name in graphlib.TopologicalSorter(graph).static_order():  # what is imported comes first
        found[name] = graph[name].union(*(found[other] for other in graph[name]))
    return found


@pytest.mark.parametrize("order", ORDERS)
def test_imports_run_in_one_direction_and_in_no_circle(order):
    def place(module: str) -> int | None:
        return next((place for place, room in enumerate(order) if f"{module}.".startswith(f"{room}.")), None)

    pairs = [(name, other) for name, others in reached(*ROOMS, "benchmarks").items() for other in others]
    ordered = [(name, other) for name, other in pairs if place(name) is not None and place(other) is not None]
    assert ordered
    assert [f"{name} reaches {other}" for name, other in ordered if place(other) < place(name)] == []


def test_claims_import_from_ontrial_alone_and_benchmarks_no_test_helpers():
    known = modules(*ROOMS, "benchmarks", "tests")
    for name, path in modules("claims").items():
        assert not {each for each in imports(name, path, known) if each.startswith("ontrial.")}, name
    for name, path in modules("benchmarks").items():
        assert not {each for each in imports(name, path, known) if each.split(".")[0] == "tests"}, name


def test_ontrial_imports_what_it_says_it_needs_and_no_more():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    named = [*project["dependencies"], *project["optional-dependencies"]["dask"]]
    may = {re.match(r"[\w-]+", each)[0] for each in named} | {"_pytest", "mpl_toolkits"} | sys.stdlib_module_names
    known = modules("ontrial")
    for name, path in known.items():
        outside = {each.split(".")[0] for each in imports(name, path, known)} - {"ontrial"}
        # these come with matplotlib, pytest and jinja2
        assert outside <= may | {"PIL", "pluggy", "markupsafe"}, name


REFUSING = """
import importlib, pkgutil, sys

class Refusing:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in ("torch", "torchvision", "numba", "sklearn", "models", "claims", "distributed"):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Refusing())
import ontrial
for each in pkgutil.walk_packages(ontrial.__path__, "ontrial."):
    importlib.import_module(each.name)
print(len(sys.modules))
"""


def test_no_module_has_the_name_of_what_a_package_offers():
    import ontrial

    assert {f"ontrial.{name}" for name in ontrial.__all__} & modules("ontrial").keys() == set()


def test_ontrial_imports_where_torch_models_and_claims_are_not(tmp_path):
    command = [sys.executable, "-W", "error", "-c", f"import sys; sys.path.insert(0, {str(ROOT)!r})\n{REFUSING}"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_importing_the_plugin_loads_neither_torch_nor_a_drawing_library(tmp_path):
    code = f"import sys; sys.path.insert(0, {str(ROOT)!r}); import ontrial.plugin; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert not {"torch", "sklearn", "numba", "matplotlib.pyplot", "distributed"} & set(done.stdout.split())


def test_no_file_is_long():
    long = {
        str(path.relative_to(ROOT)): lines
        for path in tracked()
        if path.suffix == ".py" and (lines := path.read_text(encoding="utf-8").count("\n")) > 400
    }
    assert long == {}
    assert (ROOT / "conftest.py").read_text(encoding="utf-8").count("\n") < 60


def test_claim_tests_are_short():
    for path in (ROOT / "claims").rglob("test_*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                length = node.end_lineno - node.body[0].lineno + 1
                assert length <= 10, f"{path.name}: {node.name} has {length} lines"


def test_every_room_of_ontrial_has_its_tests():
    for room in ("stats", "publish", "running"):
        assert list((ROOT / "tests" / room).glob("test_*.py")), room


def test_no_tracked_file_names_a_path_of_this_machine():
    here = {f"{path}/" for path in (ROOT, Path.home(), Path(sys.prefix).resolve()) if len(path.parts) > 1}
    hosts = re.compile(rb"/(?:home|Users)/\w+/|/tmp/pytest-of-")
    wrong = []
    for path in tracked():
        content = path.read_bytes()
        if path == Path(__file__) or path.suffix in (".png", ".npz"):
            continue
        if hosts.search(content) or any(each.encode() in content for each in here):
            wrong.append(str(path.relative_to(ROOT)))
    assert wrong == []
