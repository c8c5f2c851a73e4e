"""The code that a function reaches by name, as digests that prose, layout, figures and asides do not change."""

import ast
import copy
import hashlib
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from ontrial.running.sources import is_installed, package_of, spec

_OURS = Path(__file__).parents[1]
_STATISTICS = ("stats",)  # of ours, what turns runs into numbers
_SHOWN = frozenset({"figure", "asides", "reported", "own_numbers"})  # of a claim, what decides nothing
_SHOWING = frozenset({"__str__", "__repr__", "__bool__", "__hash__"})
_IGNORED = frozenset({"ctx", "type_comment", "kind", "type_params"})


def reached(function: str, path: Path, source: str | None = None, *, parametrised: bool = False) -> dict[str, str]:
    """Digests of a function of a module and of all that it reaches by name, by name: 16 hexadecimal digits each.

    Followed are the modules of the project and our statistics; of a class, the methods whose names are used. Left out
    are docstrings, comments, annotations, and what a claim is given as figure, asides, reported or own numbers with
    the assignments that only these use. The fields of a training are left out, since they are locked by value.
    source: of the module, where it is not that of the file; parametrised: count the function's decorators but its
    claim, for parameters that their names do not tell.
    """
    walk = _Walk()
    module = _parse(path.resolve(), path.read_text(encoding="utf-8") if source is None else source)
    defined = module.defined.get(function, ())
    roots = [_root(each, parametrised) if isinstance(each, ast.FunctionDef) else each for each in defined]
    if any(isinstance(each, ast.FunctionDef) for each in roots):
        walk.add(module, function, roots)
    else:  # a method, or a function within another: all that its module does
        walk.whole(module)
    walk.finish()
    return {name: _digest(texts) for name, texts in sorted(walk.texts.items())}


@dataclass(frozen=True, eq=False)
class _Module:
    """A module's statements by the names that they define, and its imports by their local name."""

    path: Path
    defined: Mapping[str, list[ast.stmt]]
    imported: Mapping[str, tuple[str, str]]  # local name: module, name in it or ""
    stars: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class _Facts:
    """What a statement says: its text, the attributes that it names, and the names that it uses of its modules."""

    text: str
    attributes: frozenset[str]
    chains: tuple[tuple[str, ...], ...]
    imported: Mapping[str, tuple[str, str]]


@dataclass(eq=False)
class _Walk:
    """What was reached so far. texts: by name, one for each statement that defines it."""

    texts: dict[str, list[str]] = field(default_factory=dict)
    attributes: set[str] = field(default_factory=set)
    _seen: set[tuple[Path, str]] = field(default_factory=set)
    _classes: list[tuple[_Module, ast.ClassDef]] = field(default_factory=list)
    _wanted: list[tuple[_Module, str]] = field(default_factory=list)

    def finish(self) -> None:
        """Follow every name, and the methods that are used of every class, until nothing is new."""
        while self._wanted or self._methods():
            while self._wanted:
                module, name = self._wanted.pop()
                self.add(module, name, module.defined.get(name, ()))

    def whole(self, module: _Module) -> None:
        """Want every name of a module."""
        self._wanted += [(module, name) for name in module.defined]

    def add(self, module: _Module, name: str, statements: Iterable[ast.stmt]) -> None:
        """Count the statements that define a name, and want what they use."""
        if (module.path, name) in self._seen:
            return
        self._seen.add((module.path, name))
        for statement in statements:
            if isinstance(statement, ast.ClassDef):
                self._classes.append((module, statement))
            facts = _facts(module, statement)
            self.texts.setdefault(name, []).append(facts.text)
            self.attributes |= facts.attributes
            for chain in facts.chains:
                self._follow(module, facts.imported, chain)

    def _methods(self) -> bool:
        """Count the methods that are used by now; whether there were any that had not been counted."""
        before = len(self._seen)
        for module, found in self._classes:
            for each in found.body:
                if isinstance(each, ast.FunctionDef) and (each.name in self.attributes or _is_implied(each, found)):
                    self.add(module, f"{found.name}.{each.name}", [each])
        return len(self._seen) > before

    def _follow(self, module: _Module, imported: Mapping[str, tuple[str, str]], chain: tuple[str, ...]) -> None:
        """Want what a name stands for, or an attribute of a module."""
        first, *others = chain
        if first in module.defined:
            self._wanted.append((module, first))
        elif first in imported:
            self._import(module, *imported[first], tuple(others))
        else:
            for star in module.stars:
                if (found := _followed(star, module.path)) and first in found.defined:
                    self._wanted.append((found, first))

    def _import(self, module: _Module, base: str, name: str, others: tuple[str, ...]) -> None:
        found = _followed(base, module.path)
        if name and found is not None and (name in found.defined or name in found.imported or found.stars):
            self._follow(found, found.imported, (name, *others))
            return
        whole = f"{base}.{name}" if name else base  # a module
        while others and spec(f"{whole}.{others[0]}") is not None:
            whole, others = f"{whole}.{others[0]}", others[1:]
        if (found := _followed(whole, module.path)) is None:
            return
        if others:
            self._follow(found, found.imported, others)
        else:
            self.whole(found)


@cache  # of modules and statements that are parsed once for each content
def _facts(module: _Module, statement: ast.stmt) -> _Facts:
    bare = _bare(_without_methods(statement) if isinstance(statement, ast.ClassDef) else statement)
    imported = dict(module.imported) | dict(_imports(ast.walk(bare), package_of(module.path)))
    local = _local(bare) if isinstance(bare, ast.FunctionDef) else set()
    inner = {id(node.value) for node in ast.walk(bare) if isinstance(node, ast.Attribute)}
    outer = [node for node in ast.walk(bare) if isinstance(node, ast.Attribute | ast.Name) and id(node) not in inner]
    chains = dict.fromkeys(chain for node in outer if (chain := _chain(node)) and chain[0] not in local)
    attributes = frozenset(node.attr for node in ast.walk(bare) if isinstance(node, ast.Attribute))
    return _Facts(_text(bare), attributes, tuple(chains), imported)


def _followed(name: str, beside: Path) -> _Module | None:
    """A module whose code counts: of the project, or of our statistics."""
    if name.split(".")[0] in sys.stdlib_module_names:
        return None
    path = spec(name) or beside.with_name(f"{name}.py")
    if not path.is_file():
        return None
    if path.is_relative_to(_OURS):
        counts = path.relative_to(_OURS).parts[0] in (*_STATISTICS, "__init__.py")
    else:
        counts = not is_installed(path)
    return _load(path, path.stat().st_mtime_ns) if counts else None


@cache
def _load(path: Path, _changed: int) -> _Module:
    return _parse(path.resolve(), path.read_text(encoding="utf-8"))


@cache
def _parse(path: Path, source: str) -> _Module:
    tree = ast.parse(source)
    defined: dict[str, list[ast.stmt]] = {}
    for statement in tree.body:
        for name in dict.fromkeys(_defines(statement)):
            defined.setdefault(name, []).append(statement)
    top = [each for each in tree.body if not isinstance(each, ast.FunctionDef | ast.ClassDef)]
    nodes = [node for each in top for node in ast.walk(each)]
    stars = tuple(
        _base(node, package_of(path))
        for node in nodes
        if isinstance(node, ast.ImportFrom) and node.names[0].name == "*"
    )
    return _Module(path, defined, dict(_imports(nodes, package_of(path))), stars)


def _defines(statement: ast.stmt) -> Iterator[str]:
    """The names that a statement of a module defines, or changes."""
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        yield statement.name
    elif isinstance(statement, ast.Assign | ast.AnnAssign | ast.AugAssign):
        targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
        yield from (node.id for each in targets for node in ast.walk(each) if isinstance(node, ast.Name))
    elif not isinstance(statement, ast.Import | ast.ImportFrom | ast.Assert):  # such as an `if`, or TABLE.update(...)
        for node in ast.walk(statement):
            if isinstance(node, ast.Name):
                yield node.id
            elif isinstance(node, ast.FunctionDef | ast.ClassDef):
                yield node.name


def _imports(nodes: Iterable[ast.AST], package: str) -> Iterator[tuple[str, tuple[str, str]]]:
    """Local names with the module, and the name in it, that they are imported from."""
    for node in nodes:
        if isinstance(node, ast.Import):
            for each in node.names:
                yield (
                    each.asname or each.name.split(".")[0],
                    (each.name if each.asname else each.name.split(".")[0], ""),
                )
        elif isinstance(node, ast.ImportFrom):
            for each in node.names:
                yield each.asname or each.name, (_base(node, package), each.name)


def _base(node: ast.ImportFrom, package: str) -> str:
    above = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
    return ".".join(filter(None, [*above, node.module or ""]))


def _chain(node: ast.expr) -> tuple[str, ...]:
    """The names of `a.b.c`; empty where it does not begin with a name."""
    if isinstance(node, ast.Attribute):
        above = _chain(node.value)
        return (*above, node.attr) if above else ()
    return (node.id,) if isinstance(node, ast.Name) else ()


def _local(function: ast.FunctionDef) -> set[str]:
    """The names that a function gives a value itself."""
    stored = {node.id for node in ast.walk(function) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    return stored | {node.arg for node in ast.walk(function) if isinstance(node, ast.arg)}


@cache
def _root(function: ast.FunctionDef, parametrised: bool) -> ast.FunctionDef:
    """A function without its name, which decides nothing, and without its decorators, or those but its claim."""
    bare = copy.copy(function)
    bare.name = ""
    bare.decorator_list = [each for each in function.decorator_list if parametrised and not _is_claim(each)]
    return bare


def _is_implied(method: ast.FunctionDef, of: ast.ClassDef) -> bool:
    """Whether Python calls a method by itself, for more than showing it."""
    is_special = method.name.startswith("__") and method.name not in _SHOWING
    return is_special and not _is_training(of)


def _is_claim(decorator: ast.expr) -> bool:
    return (
        isinstance(decorator, ast.Call) and isinstance(decorator.func, ast.Attribute) and decorator.func.attr == "claim"
    )


def _is_training(found: ast.ClassDef) -> bool:
    return any(isinstance(each, ast.FunctionDef) and each.name == "terms" for each in found.body)


def _without_methods(found: ast.ClassDef) -> ast.ClassDef:
    """A class without its methods, and a training without its fields."""
    bare = copy.copy(found)
    fields = [each for each in found.body if not isinstance(each, ast.FunctionDef)]
    bare.body = [] if _is_training(found) else fields
    return bare


def _bare(statement: ast.stmt) -> ast.stmt:
    """A copy without docstrings, and its functions without what decides nothing."""
    bare = copy.deepcopy(statement)
    for node in ast.walk(bare):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            node.body = [each for each in node.body if not _is_text(each)]
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            node.returns = None
        elif isinstance(node, ast.arg):
            node.annotation = None
        elif isinstance(node, ast.AnnAssign):
            node.annotation = ast.Constant(None)
    for node in ast.walk(bare):
        if isinstance(node, ast.FunctionDef):
            _drop_unused(node)
    return bare


def _is_text(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)


def _drop_unused(function: ast.FunctionDef) -> None:
    """Take out what a claim is only shown, then the assignments whose names nothing uses any more."""
    function.body = [one for each in function.body if not _is_shown(each) for one in _apart(each)]
    while True:
        used = {node.id for node in ast.walk(function) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)}
        needed = [each for each in function.body if not _is_unused(each, used)]
        if len(needed) == len(function.body):
            return
        function.body = needed


def _is_shown(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Assign) and all(
        isinstance(each, ast.Attribute) and _chain(each)[:1] == ("claim",) and each.attr in _SHOWN
        for each in statement.targets
    )


def _apart(statement: ast.stmt) -> list[ast.stmt]:
    """`a, b = x, y` as two assignments, where y does not use a."""
    if isinstance(statement, ast.AnnAssign) and statement.value is not None:
        return [ast.Assign([statement.target], statement.value)]
    if not isinstance(statement, ast.Assign) or len(statement.targets) != 1:
        return [statement]
    target, value = statement.targets[0], statement.value
    if not isinstance(target, ast.Tuple) or not isinstance(value, ast.Tuple) or len(target.elts) != len(value.elts):
        return [statement]
    if not all(isinstance(each, ast.Name) for each in target.elts):
        return [statement]
    names = {each.id for each in target.elts if isinstance(each, ast.Name)}
    if names & {node.id for node in ast.walk(value) if isinstance(node, ast.Name)}:
        return [statement]
    return [ast.Assign([name], each) for name, each in zip(target.elts, value.elts, strict=True)]


def _is_unused(statement: ast.stmt, used: set[str]) -> bool:
    """Whether a statement only gives names to values that nothing uses, and judges nothing."""
    if not isinstance(statement, ast.Assign) or "holds_if" in ast.dump(statement):
        return False
    names = [node for each in statement.targets for node in ast.walk(each)]
    is_plain = all(isinstance(each, ast.Name | ast.Tuple | ast.List | ast.expr_context) for each in names)
    return is_plain and not used & {each.id for each in names if isinstance(each, ast.Name)}


def _text(node: object) -> str:
    """A syntax tree as one text, the same in every version of Python."""
    if isinstance(node, ast.Constant):
        return f"{type(node.value).__name__}:{node.value!r}"
    if isinstance(node, ast.AST):
        parts = [
            (name, value) for name, value in ast.iter_fields(node) if name not in _IGNORED and value not in (None, [])
        ]
        return f"{type(node).__name__}({','.join(f'{name}={_text(value)}' for name, value in parts)})"
    if isinstance(node, list):
        return f"[{','.join(_text(each) for each in node if not isinstance(each, ast.Import | ast.ImportFrom))}]"
    return repr(node)


def _digest(texts: list[str]) -> str:
    return hashlib.sha256("\n".join(sorted(texts)).encode()).hexdigest()[:16]
