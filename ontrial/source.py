"""Python source: modules found and parsed without being imported, and what they import."""

import ast
import importlib.metadata
import importlib.util
import sys
import sysconfig
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.machinery import ModuleSpec, PathFinder
from itertools import takewhile
from pathlib import Path

_BUILTIN = frozenset({"exec", "eval", "__import__"})
_LOADING = frozenset({"run_path", "run_module", "spec_from_file_location", "SourceFileLoader"})
_FAILING = frozenset({"ImportError", "ModuleNotFoundError", "Exception", "BaseException"})
_DIFFERING = frozenset({"TYPE_CHECKING", "version_info", "platform"})  # what an import may depend on
_STANDARD = tuple(Path(sysconfig.get_path(name)).resolve() for name in ("stdlib", "platstdlib"))
_SITE = frozenset({"site-packages", "dist-packages"})


@dataclass(frozen=True, eq=False)
class Module:
    """A parsed module, without docstrings.

    defined: statements by the names that they define or change; imported: local names, each with the module that it is
    imported from and its name there ("" for the module itself).
    """

    path: Path
    tree: ast.Module
    defined: Mapping[str, list[ast.stmt]]
    imported: Mapping[str, tuple[str, str]]
    stars: tuple[str, ...]


@dataclass(frozen=True)
class Import:
    """An import of a module, with a dot a level if it is relative, and of a member of it, which may be a module.

    may_fail: whether the code handles its failure, or imports only under a condition.
    """

    module: str
    member: str
    may_fail: bool
    line: int


def load(path: Path) -> Module:
    """The module of a file, parsed once for each state of the file."""
    return _load(path, path.stat().st_mtime_ns)


@cache
def _load(path: Path, _changed: int) -> Module:
    return parse(path, path.read_bytes())


@cache
def parse(path: Path, source: str | bytes) -> Module:
    """A module of this source, as if the file had it."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            is_text = [isinstance(each, ast.Expr) and isinstance(each.value, ast.Constant) for each in node.body]
            node.body = [each for each, is_prose in zip(node.body, is_text, strict=True) if not is_prose]
    defined: dict[str, list[ast.stmt]] = {}
    for statement in tree.body:
        for name in dict.fromkeys(defines(statement)):
            defined.setdefault(name, []).append(statement)
    imported = [each for statement in tree.body for each in bindings(statement)]
    stars = tuple(module for _, (module, name) in imported if name == "*")
    return Module(path, tree, defined, dict(imported), stars)


def defines(statement: ast.stmt) -> Iterator[str]:
    """The names that a statement of a module defines or may change, imports aside."""
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        yield statement.name
    elif isinstance(statement, ast.Assign):
        yield from names_in(*statement.targets)
    elif isinstance(statement, ast.AnnAssign | ast.AugAssign):
        yield from names_in(statement.target)
    elif not isinstance(statement, ast.Assert):  # such as an `if`, or TABLE.update(...)
        yield from names_in(statement)
        yield from (each.name for each in ast.walk(statement) if isinstance(each, ast.FunctionDef | ast.ClassDef))


def names_in(*nodes: ast.AST) -> list[str]:
    """Every name in syntax trees, without attributes."""
    return [each.id for node in nodes for each in ast.walk(node) if isinstance(each, ast.Name)]


def dotted(node: ast.expr) -> tuple[str, ...]:
    """The names of `a.b.c`; empty for an expression that does not begin with a name."""
    if isinstance(node, ast.Attribute):
        above = dotted(node.value)
        return (*above, node.attr) if above else ()
    return (node.id,) if isinstance(node, ast.Name) else ()


def bindings(statement: ast.stmt, *, within: bool = False) -> Iterator[tuple[str, tuple[str, str]]]:
    """Local names that a statement imports, each with the module and the name there.

    within: count the imports inside of a function or class, which its module does not see.
    """
    is_definition = isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
    for node in ast.walk(statement) if within or not is_definition else ():
        if isinstance(node, ast.Import):
            for each in node.names:
                top = each.name.split(".")[0]
                yield (each.asname, (each.name, "")) if each.asname else (top, (top, ""))
        elif isinstance(node, ast.ImportFrom):
            yield from ((each.asname or each.name, (_module(node), each.name)) for each in node.names)


def _module(node: ast.ImportFrom) -> str:
    return "." * node.level + (node.module or "")


@cache  # several trainings depend on the same modules
def imports(tree: ast.AST) -> tuple[list[Import], list[str]]:
    """Every import in a syntax tree, lazy and optional ones included; and what may load any code, with its line."""
    nodes = list(ast.walk(tree))
    bound = {node.id for node in nodes if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load)}
    bound |= {node.arg for node in nodes if isinstance(node, ast.arg)}
    bound |= {node.name for node in nodes if isinstance(node, ast.FunctionDef | ast.ClassDef)}
    found: list[Import] = []
    dynamic: list[str] = []
    loaders, called = {"import_module"} - bound, set[int]()
    for node, may_fail in _guarded(tree, False):
        if isinstance(node, ast.Import):
            found += [Import(each.name, "", may_fail, node.lineno) for each in node.names]
        elif isinstance(node, ast.ImportFrom):
            found += [Import(_module(node), each.name.strip("*"), may_fail, node.lineno) for each in node.names]
            loaders |= {each.asname or each.name for each in node.names if each.name == "import_module"}
        elif isinstance(node, ast.Call) and _last_name(node.func) in loaders:
            called.add(id(node.func))
            if name := _literal(node):
                found.append(Import(name, "", may_fail, node.lineno))
            else:
                dynamic.append(f"{node.lineno} uses import_module of a name that is not written there")
    for node in nodes:
        if isinstance(node, ast.Name | ast.Attribute) and isinstance(node.ctx, ast.Load) and id(node) not in called:
            name = _last_name(node)
            is_builtin = name in _BUILTIN - bound and dotted(node) in ((name,), ("builtins", name))
            if is_builtin or name in _LOADING | loaders:
                dynamic.append(f"{node.lineno} uses {name}")
    return found, dynamic


def _guarded(node: ast.AST, may_fail: bool) -> Iterator[tuple[ast.AST, bool]]:
    """Every node, and whether it is in a statement that handles a failing import, or imports under a condition."""
    yield node, may_fail
    caught: list[ast.AST] = []
    if isinstance(node, ast.Try | ast.TryStar):
        may_fail |= any(each.type is None for each in node.handlers)
        caught = [each.type for each in node.handlers if each.type is not None]
    elif isinstance(node, ast.With):
        caught = [each.context_expr for each in node.items if "suppress" in ast.dump(each.context_expr)]
    elif isinstance(node, ast.If):
        may_fail |= any(_last_name(each) in _DIFFERING for each in ast.walk(node.test))
    may_fail |= not _FAILING.isdisjoint(names_in(*caught))
    for child in ast.iter_child_nodes(node):
        yield from _guarded(child, may_fail)


def _last_name(node: ast.AST) -> str | None:
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else None


def _literal(call: ast.Call) -> str | None:
    """The module that a call of import_module names, with its dots if it is relative; None for one that is computed."""
    given = dict(zip(("name", "package"), call.args, strict=False)) | {each.arg: each.value for each in call.keywords}
    name, package = given.get("name"), given.get("package")
    if not isinstance(name, ast.Constant) or not isinstance(name.value, str):
        return None
    if not name.value.startswith(".") or _last_name(package or name) in ("__package__", "__name__"):
        return name.value
    if isinstance(package, ast.Constant) and isinstance(package.value, str):
        return importlib.util.resolve_name(name.value, package.value)
    return None


@cache
def modules(name: str, folder: Path) -> tuple[Path, ...] | None:
    """The packages of a module that a file in this folder imports, from the outermost on, and the module: its file, or
    its folder if it has no __init__.py. Nothing is imported, as importlib.util.find_spec would. None if one is missing.
    """
    below = name.lstrip(".")
    names, where, found = below.split("."), None, list[Path]()
    if level := len(name) - len(below):
        package = [folder, *folder.parents][level - 1]
        packages = packages_of(package) or [package]
        where = [str(packages[-1].parent)]
        names = [each.name for each in reversed(packages)] + [each for each in names if each]
    for each in names:
        spec = _top(each, folder) if where is None else PathFinder.find_spec(each, where)
        if spec is None:
            return None
        where = list(spec.submodule_search_locations or [])
        origin = spec.origin if spec.has_location else None  # a built-in module has none
        found.append(Path(origin or next(iter(where), f"{_STANDARD[0]}/{each}")).resolve())
    return tuple(found)


def _top(name: str, folder: Path) -> ModuleSpec | None:
    try:
        found = importlib.util.find_spec(name)
    except (ImportError, AttributeError, ValueError):  # pytest puts empty modules above those that it imports
        found = PathFinder.find_spec(name)
    return found or PathFinder.find_spec(name, [str(folder)])  # beside a test module, on no path


def member(module: str, name: str) -> str:
    """The dotted name of a module in another."""
    return module + name if module.endswith(".") else f"{module}.{name}"


def resolve(each: Import, folder: Path) -> list[Path] | str | None:
    """The files that an import reaches outside the standard library and installed packages; the name of an installed
    module that a package owns; None if there is no such module.
    """
    top = each.module.split(".")[0]
    if first := modules(top, folder) if top else None:
        package = first[0].parent if first[0].name == "__init__.py" else first[0]
        if is_installed(first[0]):
            if top in owners():
                return top
            return list(package.rglob("*.py")) if package.is_dir() else [package]
        if any(package.is_relative_to(standard) for standard in _STANDARD):
            return []
    found = modules(each.module, folder)
    inner = modules(member(each.module, each.member), folder) if each.member else None
    if found is None or (each.member and not inner and found[-1].is_dir()):
        return None  # a folder without __init__.py has nothing but its modules
    files = [file for file in inner or found if not file.is_dir()]
    return files if all(file.is_file() for file in files) else None


def is_installed(path: Path) -> bool:
    """Whether a file belongs to an installed package, not to a project."""
    return not _SITE.isdisjoint(path.parts) or path in _in_targets(tuple(sys.path))


@cache
def _in_targets(places: tuple[str, ...]) -> frozenset[Path]:
    """The files that `pip --target` installed into folders of the path."""
    folders = [Path(place) for place in places if _SITE.isdisjoint(Path(place).parts)]
    records = [(folder, record) for folder in folders for record in folder.glob("*.dist-info/RECORD")]
    lines = [(folder, line) for folder, record in records for line in record.read_text(encoding="utf-8").splitlines()]
    return frozenset(folder.resolve() / line.split(",")[0] for folder, line in lines)


@cache
def owners() -> Mapping[str, list[str]]:
    """The installed packages that own a top-level module, by its name."""
    return importlib.metadata.packages_distributions()


def packages_of(folder: Path) -> list[Path]:
    """This folder and those above it that are packages, the innermost first."""
    return list(takewhile(lambda each: (each / "__init__.py").is_file(), (folder, *folder.parents)))


def package_of(path: Path) -> str:
    """The dotted name of the package that a file lies in; empty for none."""
    return ".".join(folder.name for folder in reversed(packages_of(path.resolve().parent)))
