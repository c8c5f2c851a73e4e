"""What a result runs through: all source outside site-packages, found by import, and the versions of what is inside."""

import ast
import hashlib
import importlib.metadata
import importlib.util
import re
import sys
import sysconfig
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path
from typing import Any

from ontrial.running.imports import Import, imports, names_in

_NAMING = ast.Import | ast.ImportFrom | ast.FunctionDef | ast.ClassDef | ast.AsyncFunctionDef
_OURS = Path(__file__).resolve().parents[1]
_STATISTICS = ("evidence", "measures")  # of ours, what computes; the rest says when and where something is trained


@cache
def module_digest(name: str) -> str:
    """SHA-256 of what a module does, and all source that it reaches by import, docstrings left out.

    Raises ModuleNotFoundError where there is no such module, and ValueError for an import that cannot be resolved.
    """
    found = spec(name)
    if found is None:
        raise ModuleNotFoundError(f"no module {name!r} to read the source of")
    walk = _Walk()
    walk.add(found)
    walk.require_resolved(name)
    return _digest(walk.texts())


def reached_files(start: Path) -> set[str]:
    """The files outside site-packages that a file reaches, itself among them, relative to the folders of packages."""
    walk = _Walk()
    walk.add(start)
    return {_relative(path) for path in walk.files}


def reach(function: str, path: Path, source: str) -> dict[str, Any]:
    """What a function of a module depends on: `source`, a SHA-256; `versions` of the packages that it imports;
    `absent`, imports that may fail and do; and `kernels`, where it imports any package: what computes on this machine,
    and so decides rounding.

    Of its own module only what it reaches by name counts, and what runs for its effect, so that the claims beside it
    do not. Raises ValueError for an import that cannot be resolved.
    """
    body = _own(function, _without_prose(ast.parse(source)))
    walk = _Walk()
    walk.follow(path, ast.Module(body, []))
    walk.require_resolved(function)
    texts = [_meaning(ast.Module([node], [])) for node in body if not isinstance(node, ast.Import | ast.ImportFrom)]
    versions = _versions(walk.packages)
    found = {"source": _digest([*texts, *walk.texts()]), "versions": versions}
    return found | (
        ({"absent": sorted(walk.absent)} if walk.absent else {})
        | ({"kernels": _kernels()} if len(versions) > 1 else {})  # more than Python
    )


def _own(function: str, tree: ast.Module) -> list[ast.stmt]:
    """The statements of a module that a function depends on, without our decorators: the settings say what they do."""
    defined: dict[str, list[ast.stmt]] = {}
    for node in tree.body:
        for name in _defines(node):
            defined.setdefault(name, []).append(node)
    for node in defined.get(function, ()):
        if isinstance(node, ast.FunctionDef):
            node.decorator_list = [each for each in node.decorator_list if not _is_ours(each, defined)]
    uses = {each.id for node in tree.body for each in ast.walk(node) if isinstance(each, ast.Name)}
    effects = [node for node in tree.body if _is_for_effect(node, uses)]
    used = {id(node): node for node in effects}
    wanted = [function, *(name for node in effects for name in names_in(node))]
    while wanted:
        for node in defined.get(wanted.pop(), ()):
            if id(node) not in used:
                used[id(node)] = node
                wanted += names_in(node)
    return [node for node in tree.body if id(node) in used]


def _is_ours(decorator: ast.expr, defined: dict[str, list[ast.stmt]]) -> bool:
    """Whether a decorator was imported from ontrial."""
    called = decorator.func if isinstance(decorator, ast.Call) else decorator
    names = names_in(called)
    origins = [each for name in names for each in defined.get(name, ())]
    return any(
        (isinstance(each, ast.ImportFrom) and (each.module or "").split(".")[0] == _OURS.name)
        or (isinstance(each, ast.Import) and any(name.name == _OURS.name for name in each.names))
        for each in origins
    )


def _is_for_effect(node: ast.stmt, uses: set[str]) -> bool:
    """Whether a statement of a module is there for what it does: a call, an import that nothing uses, or of `*`."""
    if isinstance(node, ast.Import | ast.ImportFrom):
        names = _defines(node)
        return "*" in names or (not uses & set(names) and getattr(node, "module", "") != "__future__")
    return isinstance(node, ast.Expr) and not _is_docstring(node)


@dataclass
class _Walk:
    """What was reached so far: files of source, installed packages by top-level name, imports that failed and may."""

    files: dict[Path, None] = field(default_factory=dict)
    packages: set[str] = field(default_factory=set)
    absent: set[str] = field(default_factory=set)
    unresolved: list[str] = field(default_factory=list)

    def add(self, path: Path) -> None:
        """A file, the packages that it lies in, and all that these reach."""
        wanted = [path]
        while wanted:
            path = wanted.pop()
            if path in self.files or _is_machinery(path):
                continue
            self.files[path] = None
            wanted += [each / "__init__.py" for each in _packages(path)]
            if path.suffix == ".py" and not is_installed(path):
                wanted += self._imported(path, _parsed(path))

    def follow(self, path: Path, tree: ast.Module) -> None:
        """All that these statements of a file reach."""
        for each in self._imported(path, tree):
            self.add(each)

    def texts(self) -> list[str]:
        """What the files say, in an order that does not depend on where they lie; empty ones left out."""
        said = [(_relative(path), _text(path)) for path in self.files]
        return [text for _, text in sorted(said) if text]

    def require_resolved(self, of: str) -> None:
        """Raises ValueError where something could not be resolved."""
        if self.unresolved:
            raise ValueError(
                f"what {of} depends on cannot be resolved: {'; '.join(dict.fromkeys(self.unresolved))}. Install what "
                "is missing, name modules in plain imports, put an import that may fail in try/except ImportError"
            )

    def _imported(self, path: Path, tree: ast.Module) -> list[Path]:
        found: list[Path] = []
        named, dynamic = imports(tree)
        self.unresolved += [f"{path.name}:{line} uses {what}" for what, line in dynamic]
        for each in named:
            files = self._resolve(each, path)
            if files is not None:
                found += files
            elif each.may_fail:
                self.absent.add("." * each.level + each.name)
            else:
                self.unresolved.append(f"{path.name}:{each.line} imports {'.' * each.level}{each.name}")
        return found

    def _resolve(self, each: Import, path: Path) -> list[Path] | None:
        """The files of source that an import reaches, or None where it finds no module."""
        if each.level:
            folder = path.resolve().parents[each.level - 1] if each.level <= len(path.parents) else path.parent
            chain = _chain(each.name.split(".") if each.name else [], [str(folder)])
            where = [str(folder)] if not each.name else list((chain and chain[-1].submodule_search_locations) or [])
        else:
            top, *below = each.name.split(".")
            first = _top(top) or PathFinder.find_spec(top, [str(path.parent)])  # beside a test module, on no path
            if first is None:
                return None
            if _is_standard(first):
                return []
            if is_installed(place := _place(first)):
                if top in _distributions():
                    self.packages.add(top)
                    return []
                folder = place.parent if place.name == "__init__.py" else place
                return [each for each in folder.rglob("*") if each.suffix == ".py"] if folder.is_dir() else [place]
            rest = _chain(below, list(first.submodule_search_locations or []))
            chain = None if rest is None else [first, *rest]
            where = list((chain and chain[-1].submodule_search_locations) or [])
        if chain is None:
            return None
        members = [found for name in each.members if (found := PathFinder.find_spec(name, where) if where else None)]
        is_folder = not chain or chain[-1].origin is None
        if is_folder and len(members) < len(each.members) and not (Path(where[0]) / "__init__.py").is_file():
            return None  # a folder without __init__.py has nothing but its modules
        files = [Path(one.origin).resolve() for one in [*chain, *members] if one.origin]
        if is_folder and where and (Path(where[0]) / "__init__.py").is_file():
            files.append(Path(where[0]).resolve() / "__init__.py")
        return files if all(file.is_file() for file in files) else None


def _chain(names: list[str], where: list[str]) -> list[ModuleSpec] | None:
    """The modules of a dotted name, from the first on, or None where one is missing."""
    found: list[ModuleSpec] = []
    for name in names:
        each = PathFinder.find_spec(name, where) if where else None
        if each is None:
            return None
        found.append(each)
        where = list(each.submodule_search_locations or [])
    return found


def _is_standard(found: ModuleSpec) -> bool:
    """Whether a module is Python's own."""
    if found.origin in ("built-in", "frozen"):
        return True
    place = _place(found)
    folders = {Path(sysconfig.get_path(name)).resolve() for name in ("stdlib", "platstdlib")}
    return not is_installed(place) and any(place.is_relative_to(folder) for folder in folders)


def _place(found: ModuleSpec) -> Path:
    """The file of a module, or the folder of a package without __init__.py."""
    return Path(found.origin or next(iter(found.submodule_search_locations or []), "")).resolve()


def _is_machinery(path: Path) -> bool:
    return path.is_relative_to(_OURS) and path.relative_to(_OURS).parts[0] not in _STATISTICS


def _versions(tops: Iterable[str]) -> dict[str, str]:
    """Versions of the installed packages that these modules belong to, of all that they require, and of Python."""
    packages = [package for top in tops for package in _distributions().get(top, ())]
    wanted = [*packages, "numpy", "scipy"] if packages else []  # whatever it is, it computes with these
    found: dict[str, str] = {}
    while wanted:
        name = re.sub(r"[-_.]+", "-", wanted.pop()).lower()
        if name not in found and (known := _distribution(name)) is not None:
            found[name], required = known
            wanted += required
    return {"python": f"{sys.version_info[0]}.{sys.version_info[1]}", **dict(sorted(found.items()))}


@cache
def _distribution(name: str) -> tuple[str, tuple[str, ...]] | None:
    """The version of an installed package, and the names of what it requires; None where it is not installed.

    What was installed out of a folder may change under the same version, so that its files' digests are added.
    """
    try:
        found = importlib.metadata.distribution(name)
    except importlib.metadata.PackageNotFoundError:
        return None
    files = found.read_text("RECORD") if found.read_text("direct_url.json") else None
    required = [re.match(r"[\w.-]+", each) for each in found.requires or () if "extra ==" not in each]
    return found.version + (f"+{_digest([files])[:16]}" if files else ""), tuple(each[0] for each in required if each)


@cache
def _kernels() -> list[str]:
    """The BLAS libraries with the kernels that they chose, and what NumPy makes use of on this processor."""
    import scipy.linalg.blas  # noqa: F401  # its library is loaded, so that it is listed
    import threadpoolctl

    blas = {
        " ".join(str(each.get(part)) for part in ("internal_api", "version", "architecture"))
        for each in threadpoolctl.threadpool_info()
        if each.get("user_api") == "blas" and ("numpy" in each["filepath"] or "scipy" in each["filepath"])
    }
    features = getattr(importlib.import_module("numpy._core._multiarray_umath"), "__cpu_features__", {})
    return [*sorted(blas), "numpy " + " ".join(sorted(name for name, is_there in features.items() if is_there))]


@cache
def _distributions() -> dict[str, list[str]]:
    return {top: list(names) for top, names in importlib.metadata.packages_distributions().items()}


def _top(name: str) -> ModuleSpec | None:
    """Where a top-level module is imported from."""
    try:
        return importlib.util.find_spec(name)
    except (ImportError, AttributeError, ValueError):  # pytest puts empty modules above those that it imports
        return PathFinder.find_spec(name)


@cache
def spec(name: str) -> Path | None:
    """The file of a module, for which no other is imported, as importlib.util.find_spec imports those above it."""
    top, *below = name.split(".")
    first = _top(top)
    rest = None if first is None else _chain(below, list(first.submodule_search_locations or []))
    if first is None or rest is None:
        return None
    origin = [first, *rest][-1].origin
    return Path(origin).resolve() if origin and origin.endswith(".py") else None


def is_installed(path: Path) -> bool:
    """Whether a file belongs to an installed package, not to a project."""
    if {"site-packages", "dist-packages"} & set(path.parts):
        return True
    inside = [folder for folder in _targets(tuple(sys.path)) if path.is_relative_to(folder)]
    return any(path.relative_to(folder).as_posix() in _targets(tuple(sys.path))[folder] for folder in inside)


@cache
def _targets(places: tuple[str, ...]) -> dict[Path, frozenset[str]]:
    """Folders on the path that pip installed into by `--target`, with the files that it put there."""
    found: dict[Path, frozenset[str]] = {}
    for folder in map(Path, places):
        records = (
            list(folder.glob("*.dist-info/RECORD")) if folder.name not in ("site-packages", "dist-packages") else []
        )
        if records:
            lines = [line for record in records for line in record.read_text(encoding="utf-8").splitlines()]
            found[folder.resolve()] = frozenset(line.rsplit(",", 2)[0].strip('"') for line in lines)
    return found


@cache
def _project(path: Path) -> Path:
    """The folder above the packages that a file lies in."""
    return path.resolve().parents[len(_packages(path))]


def _packages(path: Path) -> list[Path]:
    """The folders of the packages that a file lies in, the innermost first."""
    found: list[Path] = []
    for folder in path.resolve().parents:
        if not (folder / "__init__.py").is_file():
            break
        found.append(folder)
    return found


def package_of(path: Path) -> str:
    """The package that a file lies in, by the folders above it; empty for none."""
    return ".".join(path.resolve().parent.relative_to(_project(path)).parts)


def _relative(path: Path) -> str:
    return path.relative_to(_project(path)).as_posix()


@cache
def _parsed(path: Path) -> ast.Module:
    return _without_prose(ast.parse(path.read_bytes()))


def _text(path: Path) -> str:
    """What a file says; "" where it is nothing but prose."""
    if path.suffix != ".py" or is_installed(path):  # compiled, or in site-packages without a version
        return hashlib.sha256(path.read_bytes()).hexdigest()
    tree = _parsed(path)
    return "" if all(_is_docstring(each) for each in tree.body) else _meaning(tree)


def _defines(node: ast.stmt) -> list[str]:
    """The names that a statement of a module gives a meaning to; of all but definitions, every name that it touches."""
    if isinstance(node, ast.FunctionDef | ast.ClassDef | ast.AsyncFunctionDef):
        return [node.name]
    if isinstance(node, ast.Import | ast.ImportFrom):
        return [each.asname or each.name.split(".")[0] for each in node.names]
    targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
    named = [each for target in targets for each in ast.walk(target)]
    if targets and all(isinstance(each, ast.Name | ast.Tuple | ast.List | ast.expr_context) for each in named):
        return [each.id for each in named if isinstance(each, ast.Name)]
    inside = [each for each in ast.walk(node) if each is not node and isinstance(each, ast.stmt)]
    return names_in(node) + [name for each in inside if isinstance(each, _NAMING) for name in _defines(each)]


@cache  # several digests run through the same modules
def _meaning(tree: ast.Module) -> str:
    return ast.dump(tree)


def _without_prose(tree: ast.Module) -> ast.Module:
    """The same syntax tree, its docstrings made empty, so that prose is free."""
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(body, list) and body and _is_docstring(body[0]):
            body[0].value.value = ""
    return tree


def _is_docstring(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)


def _digest(texts: Iterable[str]) -> str:
    return hashlib.sha256("\n".join(texts).encode()).hexdigest()
