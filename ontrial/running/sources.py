"""What a result runs through: the source of ours, found by import, and the versions of everybody else's."""

import ast
import hashlib
import importlib.metadata
import importlib.util
import sys
from functools import cache
from importlib.machinery import PathFinder
from pathlib import Path
from typing import Any

_NAMING = ast.Import | ast.ImportFrom | ast.FunctionDef | ast.ClassDef | ast.AsyncFunctionDef
_MACHINERY = "ontrial"  # says when and where something is trained, not what


@cache
def module_digest(name: str) -> str:
    """SHA-256 of what a module does, and all modules of its project that it reaches by import, docstrings left out.

    Raises ModuleNotFoundError where there is no such module.
    """
    found = spec(name)
    if found is None:
        raise ModuleNotFoundError(f"no module {name!r} to tell the source of")
    return _digest(_meaning(_parsed(path)) for _, path in sorted(_reached(found).items()))


def reach(function: str, path: Path, source: str) -> dict[str, Any]:
    """What a function of a module depends on: `source`, a SHA-256; `versions` of the packages that it imports; and
    `kernels`, where it imports any: what computes on this machine, and so decides rounding.

    Of its own module only what it reaches by name counts, so that the claims beside it do not.
    """
    tree = _without_prose(ast.parse(source))
    defined: dict[str, list[ast.stmt]] = {}
    for node in tree.body:
        for name in _defines(node):
            defined.setdefault(name, []).append(node)
    wanted, used = [function], {}
    while wanted:
        name = wanted.pop()
        for node in defined.get(name, ()):
            if id(node) not in used:
                used[id(node)] = node
                wanted += [each.id for each in ast.walk(node) if isinstance(each, ast.Name)]
    body = [node for node in tree.body if id(node) in used]
    imported = [name for node in body for name in _imports(node, "")]
    ours = {name: file for name in imported if (file := _ours(name, path))}
    reached: dict[str, Path] = {}
    for each in ours.values():
        reached |= _reached(each)
    for node in body:
        if isinstance(node, ast.FunctionDef) and node.name == function:
            node.decorator_list = []  # how the fast tier differs is in the settings
    imported += [name for each in reached.values() for name in _imports(_parsed(each), package_of(each))]
    versions = _versions(imported)
    texts = [_meaning(ast.Module([node], [])) for node in body if not isinstance(node, ast.Import | ast.ImportFrom)]
    texts += [_meaning(_parsed(each)) for _, each in sorted(reached.items())]
    kernels = {"kernels": _kernels()} if len(versions) > 1 else {}  # more than Python
    return {"source": _digest(texts), "versions": versions, **kernels}


def _versions(names: list[str]) -> dict[str, str]:
    """Versions of the installed packages that these modules belong to, and of Python."""
    tops = {name.split(".")[0] for name in names} - set(sys.stdlib_module_names) - {_MACHINERY}
    tops -= {name for name in tops if (file := spec(name)) and not is_installed(file)}  # ours, by source
    packages = _distributions() if tops else {}
    found = {package: importlib.metadata.version(package) for top in tops for package in packages.get(top, ())}
    if found:  # whatever it is, it computes with these
        found |= {package: importlib.metadata.version(package) for package in ("numpy", "scipy")}
    return {"python": f"{sys.version_info[0]}.{sys.version_info[1]}", **dict(sorted(found.items()))}


@cache
def _kernels() -> list[str]:
    """The BLAS libraries with the kernels that they chose, and what NumPy makes use of on this processor."""
    import scipy.linalg.blas  # noqa: F401  # its library is loaded, so that it is told
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


def _reached(start: Path) -> dict[str, Path]:
    """The files of ours that a file reaches, itself among them, each once, by path relative to the project."""
    found: dict[Path, None] = {}
    wanted = [start]
    while wanted:
        path = wanted.pop()
        if path in found:
            continue
        found[path] = None
        wanted += [each for name in _imports(_parsed(path), package_of(path)) if (each := _ours(name, path))]
    root = _project(start)
    return {path.relative_to(root).as_posix() if path.is_relative_to(root) else path.name: path for path in found}


@cache
def _imports(tree: ast.AST, package: str) -> tuple[str, ...]:
    """Every module that is named in an import, submodules among them."""
    found: list[str] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found += [each.name for each in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                above = package.split(".")[: len(package.split(".")) - node.level + 1]
                base = ".".join(filter(None, [*above, base]))
            found += [base, *(f"{base}.{each.name}" for each in node.names)]
    return tuple(found)


def _ours(name: str, beside: Path) -> Path | None:
    """The file of a module where it belongs to the project of another file, and is none of the machinery."""
    if not name or name.split(".")[0] == _MACHINERY or name.split(".")[0] in sys.stdlib_module_names:
        return None
    found = spec(name)
    own = beside.with_name(f"{name}.py")  # beside a test module, which is on no path
    if found is None and "." not in name and own.is_file():
        found = own
    return found if found is not None and found.is_relative_to(_project(beside)) and not is_installed(found) else None


@cache
def spec(name: str) -> Path | None:
    """The file of a module, for which no other is imported, as importlib.util.find_spec imports those above it."""
    above, _, own = name.rpartition(".")
    try:
        if not above:
            found = importlib.util.find_spec(name)
        elif (package := spec(above)) is None or package.name != "__init__.py":
            return None
        else:
            found = PathFinder.find_spec(own, [str(package.parent)])
    except (ImportError, AttributeError, ValueError):
        return None
    return Path(found.origin).resolve() if found and found.origin and found.origin.endswith(".py") else None


def is_installed(path: Path) -> bool:
    """Whether a file belongs to an installed package, not to a project."""
    return bool({"site-packages", "dist-packages"} & set(path.parts))


@cache
def _project(path: Path) -> Path:
    """The folder above the packages that a file lies in."""
    folder = path.resolve().parent
    while (folder / "__init__.py").is_file():
        folder = folder.parent
    return folder


def package_of(path: Path) -> str:
    """The package that a file lies in, by the folders above it; empty for none."""
    return ".".join(path.resolve().parent.relative_to(_project(path)).parts)


@cache
def _parsed(path: Path) -> ast.Module:
    return _without_prose(ast.parse(path.read_text(encoding="utf-8")))


def _defines(node: ast.stmt) -> list[str]:
    """The names that a statement of a module gives a meaning to; of all but definitions, every name that it touches."""
    if isinstance(node, ast.FunctionDef | ast.ClassDef | ast.AsyncFunctionDef):
        return [node.name]
    if isinstance(node, ast.Import | ast.ImportFrom):
        return [(each.asname or each.name).split(".")[0] for each in node.names]
    targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
    named = [each for target in targets for each in ast.walk(target)]
    if targets and all(isinstance(each, ast.Name | ast.Tuple | ast.List | ast.expr_context) for each in named):
        return [each.id for each in named if isinstance(each, ast.Name)]
    inside = [each for each in ast.walk(node) if each is not node and isinstance(each, ast.stmt)]
    touched = [each.id for each in ast.walk(node) if isinstance(each, ast.Name)]
    return touched + [name for each in inside if isinstance(each, _NAMING) for name in _defines(each)]


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


def _digest(texts: Any) -> str:
    return hashlib.sha256("\n".join(texts).encode()).hexdigest()
