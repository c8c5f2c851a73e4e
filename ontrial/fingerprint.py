"""What a result depends on: the source that a training reaches, and the code that turns its runs into numbers."""

import ast
import builtins
import copy
import hashlib
import importlib
import importlib.metadata
import re
import symtable
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from ontrial import source as sources
from ontrial.source import Module, bindings, dotted, names_in

_OURS = Path(__file__).resolve().parent
_STATISTICS = _OURS / "stats"  # of ours, what turns runs into numbers; the rest decides when and where one is trained
_SHOWN = frozenset({"figure", "asides", "reported", "own_numbers"})  # of a claim, what decides nothing
_SHOWING = frozenset({"__str__", "__repr__", "__bool__", "__hash__"})
_IGNORED = frozenset({"ctx", "type_comment", "kind", "type_params"})


def dependencies(function: str, path: Path, source: str) -> dict[str, Any]:
    """What a function of a module depends on: `source`, a SHA-256; `versions` of the packages that it imports;
    `absent`, imports that may fail and do; and, if it imports any package, `kernels`: what computes on this machine,
    and so decides rounding.

    Of its own module only what it reaches by name counts, and statements that run for their effect, so that the claims
    beside it do not, nor what declares trainings. Raises ValueError for an import that cannot be resolved.
    """
    own, texts = _own(function, sources.parse(path, source), source)
    files, packages, absent = _reached(function, path, own)
    found = {"source": _digest([*texts, *map(_content, files)]), "versions": _versions(frozenset(packages))}
    return found | ({"absent": sorted(absent)} if absent else {}) | ({"kernels": _kernels()} if packages else {})


@cache
def module_digest(name: str) -> str:
    """SHA-256 of a module and of all source that it reaches. Raises ValueError for an import that is not resolved."""
    return _digest(map(_content, module_files(name)))


def module_files(name: str) -> set[Path]:
    """The files outside site-packages that importing a module reaches. Raises ValueError for one that is not there."""
    return _reached(name, Path(name), ast.parse(f"import {name}"))[0]


def _reached(what: str, path: Path, tree: ast.Module) -> tuple[set[Path], set[str], set[str]]:
    """The files that statements of a file reach by import; the installed modules; and imports that may fail and do."""
    files, packages, absent = set[Path](), set[str](), set[str]()
    unresolved, wanted = dict[str, None](), [(path, tree)]
    while wanted:
        path, tree = wanted.pop()
        folder, (imports, dynamic) = path.resolve().parent, sources.imports(tree)
        unresolved |= dict.fromkeys(f"{path.name}:{each}" for each in dynamic)
        for each in imports:
            found = sources.resolve(each, folder)
            if isinstance(found, str):
                packages.add(found)
            elif found is None and each.may_fail:
                absent.add(each.module)
            elif found is None:
                unresolved[f"{path.name}:{each.line} imports {each.module}"] = None
            else:
                new = [one for one in found if not one.is_relative_to(_OURS) or one.is_relative_to(_STATISTICS)]
                code = [
                    one for one in new if one not in files and one.suffix == ".py" and not sources.is_installed(one)
                ]
                wanted += [(one, sources.load(one).tree) for one in code]
                files.update(new)
    if unresolved:
        raise ValueError(
            f"what {what} depends on cannot be resolved: {'; '.join(unresolved)}. Install what is missing, name "
            "modules in plain imports, put an import that may fail in try/except ImportError"
        )
    return files, packages, absent


@cache  # the trainings of a chain share their function
def _own(function: str, module: Module, source: str) -> tuple[ast.Module, list[str]]:
    """The statements of a module that a function depends on, and their texts, with those of the names they import.

    The function's decorators of ontrial are left out, since its settings hold what they set. A loop that calls a
    training declares more of them: it is not thought to change functions, classes or what is imported.
    """

    def is_ours(decorator: ast.expr) -> bool:
        called = decorator.func if isinstance(decorator, ast.Call) else decorator
        return any(module.imported.get(name, ("",))[0].split(".")[0] == _OURS.name for name in names_in(called))

    table = symtable.symtable(source, str(module.path), "exec")
    inner = {(each.get_name(), each.get_lineno()): each for each in table.get_children()}
    uses, names = set(names_in(module.tree)), {function}
    functions = [each for each in module.tree.body if isinstance(each, ast.FunctionDef)]
    trainings = {each.name for each in functions if any(map(is_ours, each.decorator_list))}
    fixed = {*dir(builtins), *module.imported, *(each.name for each in functions)}
    defined, used, reached = dict[ast.stmt, set[str]](), dict[ast.stmt, set[str]](), set[ast.stmt]()
    for each in module.tree.body:
        node = _undecorated(each, is_ours) if getattr(each, "name", "") == function else each
        local = {name for name, _ in bindings(node)}
        defined[node], used[node] = {*sources.defines(node), *local}, _names_used(node, inner)
        declares = isinstance(node, ast.For | ast.While | ast.Expr) and not trainings.isdisjoint(names_in(node))
        if declares:
            defined[node] -= fixed
        elif isinstance(node, ast.Expr | ast.Assert) or (local and not uses & local):  # for its effect
            reached.add(node)
            names.update(used[node])
    while more := {node for node in defined.keys() - reached if names & defined[node]}:
        reached |= more
        names.update(*(used[node] for node in more))
    own = [node for node in defined if node in reached]
    texts = [ast.dump(node) for node in own if not isinstance(node, ast.Import | ast.ImportFrom)]
    return ast.Module(own, []), texts + [f"{name} {module.imported[name]}" for name in names & module.imported.keys()]


def _names_used(statement: ast.stmt, tables: Mapping[tuple[str, int], symtable.SymbolTable]) -> set[str]:
    """The names that a statement of a module reads, without those that are local to a function or class."""
    table, inner = tables.get((getattr(statement, "name", ""), statement.lineno)), set[ast.AST]()
    if table is not None:
        inner = {node for each in getattr(statement, "body", ()) for node in ast.walk(each)}
    nodes = [node for node in ast.walk(statement) if isinstance(node, ast.Name) and node not in inner]
    return {node.id for node in nodes if not isinstance(node.ctx, ast.Store)} | (
        _global_names(table) if table else set()
    )


def _global_names(table: symtable.SymbolTable) -> set[str]:
    own = {each.get_name() for each in table.get_symbols() if each.is_global()}
    return own.union(*map(_global_names, table.get_children()))


def _undecorated(statement: ast.stmt, leave_out: Callable[[ast.expr], bool]) -> ast.stmt:
    """A function without some of its decorators; any other statement as it is."""
    if not isinstance(statement, ast.FunctionDef):
        return statement
    bare = copy.copy(statement)
    bare.decorator_list = [each for each in statement.decorator_list if not leave_out(each)]
    return bare


def _content(path: Path) -> str:
    """What a file says, with its place among packages; "" for one without code."""
    if path.suffix != ".py" or sources.is_installed(path):  # compiled, or in site-packages without a version
        return hashlib.sha256(path.read_bytes()).hexdigest()
    tree = sources.load(path).tree
    return f"{sources.package_of(path)} {path.name} {_dump(tree)}" if tree.body else ""


@cache  # several trainings depend on the same modules
def _dump(tree: ast.Module) -> str:
    return ast.dump(tree)


def _digest(texts: Iterable[str]) -> str:
    return hashlib.sha256("\n".join(sorted(filter(None, texts))).encode()).hexdigest()


@cache
def _versions(modules: frozenset[str]) -> dict[str, str]:
    """Versions of the installed packages that own these modules, of all that they require, and of Python.

    What was installed from a folder may change under the same version, so its files' digests are added.
    """
    wanted = [package for module in modules for package in sources.owners().get(module, ())]
    wanted += ["numpy", "scipy"] if modules else []  # whatever it is, it computes with these
    found: dict[str, str] = {}
    while wanted:
        name = re.sub(r"[-_.]+", "-", wanted.pop()).lower()
        if name in found or not (known := list(importlib.metadata.distributions(name=name))):
            continue
        files = known[0].read_text("RECORD") if known[0].read_text("direct_url.json") else None
        found[name] = known[0].version + (f"+{_digest([files])[:16]}" if files else "")
        wanted += [re.split(r"[^\w.-]", each)[0] for each in known[0].requires or () if "extra ==" not in each]
    return {"python": f"{sys.version_info[0]}.{sys.version_info[1]}", **dict(sorted(found.items()))}


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


def code_digests(function: str, path: Path, source: str | None = None, *, parametrised: bool = False) -> dict[str, str]:
    """Digests of a function of a module and of all that it reaches by name, by name: 16 hexadecimal digits each.

    Followed are the modules of the project and our statistics; of a class, the methods whose names are used. Left out
    are docstrings, comments, annotations, and what a claim is given as figure, asides, reported or own numbers with
    the assignments that only these use. The fields of a training are left out, since they are locked by value.
    source: of the module, if it is not that of the file; parametrised: count the function's decorators but its claim,
    for parameters that their names do not identify.
    """
    module = sources.parse(path.resolve(), path.read_bytes() if source is None else source)
    texts, attributes, seen = dict[str, list[str]](), set[str](), set[tuple[Path, str]]()
    classes: list[tuple[Module, ast.ClassDef]] = []
    roots = [_root(each, parametrised) for each in module.defined.get(function, ())]
    wanted: list[tuple[Module, str, Sequence[ast.stmt]]] = [(module, function, roots)]
    if not any(isinstance(each, ast.FunctionDef) for each in roots):  # a method, or a function within another:
        wanted = [(module, *each) for each in module.defined.items()]  # all that its module does
    while wanted:
        module, name, statements = wanted.pop()
        for statement in statements if (module.path, name) not in seen else ():
            text, used, chains, imported = _facts(module, statement)
            texts.setdefault(name, []).append(text)
            attributes |= used
            classes += [(module, statement)] if isinstance(statement, ast.ClassDef) else []
            reached = {each: None for chain in chains for each in _meant(module, imported, chain)}
            wanted += [(found, each, found.defined[each]) for found, each in reached]
        seen.add((module.path, name))
        if not wanted:
            methods = [(module, found, each) for module, found in classes for each in found.body]
            wanted = [
                (module, f"{found.name}.{each.name}", [each])
                for module, found, each in methods
                if isinstance(each, ast.FunctionDef)
                and (module.path, f"{found.name}.{each.name}") not in seen
                and (each.name in attributes or _is_implied(each, found))
            ]
    return {name: _digest(each)[:16] for name, each in sorted(texts.items())}


@cache  # of statements that are parsed once for each content
def _facts(
    module: Module, statement: ast.stmt
) -> tuple[str, set[str], set[tuple[str, ...]], Mapping[str, tuple[str, str]]]:
    """The text of a statement, the attributes that it uses, the dotted names that it uses of its module, and what is
    imported there.
    """
    bare = _bare(statement)
    nodes = list(ast.walk(bare))
    local: set[str] = set()
    if isinstance(bare, ast.FunctionDef):
        local |= {node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
        local |= {node.arg for node in nodes if isinstance(node, ast.arg)}
    inner = {node.value for node in nodes if isinstance(node, ast.Attribute)}
    outer = [node for node in nodes if isinstance(node, ast.Attribute | ast.Name) and node not in inner]
    chains = {chain for node in outer if (chain := dotted(node)) and chain[0] not in local}
    attributes = {node.attr for node in nodes if isinstance(node, ast.Attribute)}
    return _text(bare), attributes, chains, {**module.imported, **dict(bindings(bare, within=True))}


def _meant(
    module: Module, imported: Mapping[str, tuple[str, str]], names: Sequence[str]
) -> Iterator[tuple[Module, str]]:
    """The definitions that dotted names refer to in a module; all of them without names."""
    if not names:
        yield from ((module, each) for each in module.defined)
    elif names[0] in module.defined:
        yield module, names[0]
    elif names[0] in imported:
        base, name = imported[names[0]]
        yield from _within(base, [*filter(None, [name]), *names[1:]], module.path.parent)
    else:
        for star in module.stars:
            yield from _within(star, names, module.path.parent)


def _within(name: str, names: Sequence[str], folder: Path) -> Iterator[tuple[Module, str]]:
    """The definitions that dotted names refer to in the module that a file in this folder imports by name."""
    module = _followed(name, folder)
    is_here = module and names and (names[0] in module.defined or names[0] in module.imported)
    if names and not is_here and sources.modules(inner := sources.member(name, names[0]), folder):
        yield from _within(inner, names[1:], folder)
    elif module:
        yield from _meant(module, module.imported, names)


def _followed(name: str, folder: Path) -> Module | None:
    """A module whose code counts: of the project, or of our statistics."""
    found = None if name.split(".")[0] in sys.stdlib_module_names else sources.modules(name, folder)
    path = found[-1] if found else Path()
    is_ours = path.is_relative_to(_STATISTICS) or path == _OURS / "__init__.py"
    counts = is_ours if path.is_relative_to(_OURS) else not sources.is_installed(path)
    return sources.load(path) if counts and path.suffix == ".py" else None


def _root(statement: ast.stmt, parametrised: bool) -> ast.stmt:
    """A function without its name, which decides nothing, and without its decorators, or those but its claim."""
    bare = _undecorated(statement, lambda each: not parametrised or _is_claim(each))
    if isinstance(bare, ast.FunctionDef):
        bare.name = ""
    return bare


def _is_claim(decorator: ast.expr) -> bool:
    return isinstance(decorator, ast.Call) and ast.unparse(decorator.func).endswith(".claim")


def _is_implied(method: ast.FunctionDef, of: ast.ClassDef) -> bool:
    """Whether Python calls a method by itself, for more than showing it."""
    return method.name.startswith("__") and method.name not in _SHOWING and not _is_training(of)


def _is_training(found: ast.ClassDef) -> bool:
    return any(isinstance(each, ast.FunctionDef) and each.name == "terms" for each in found.body)


def _bare(statement: ast.stmt) -> ast.stmt:
    """A copy without annotations, of a class without its methods (and of a training without its fields), of functions
    without what decides nothing.
    """
    bare = copy.copy(statement)
    if isinstance(bare, ast.ClassDef):
        fields = [each for each in bare.body if not isinstance(each, ast.FunctionDef)]
        bare.body = [] if _is_training(bare) else fields
    bare = copy.deepcopy(bare)
    nodes = list(ast.walk(bare))
    for node in nodes:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            node.returns = None
        elif isinstance(node, ast.arg):
            node.annotation = None
        elif isinstance(node, ast.AnnAssign):
            node.annotation = ast.Constant(None)
    for node in nodes:
        if isinstance(node, ast.FunctionDef):
            _drop_unused(node)
    return bare


def _drop_unused(function: ast.FunctionDef) -> None:
    """Remove what a claim is only shown, then the assignments whose names nothing uses any more."""
    body = [one for each in function.body if not _is_shown(each) for one in _apart(each)]
    function.body = []
    while len(function.body) != len(body):
        function.body = body
        used = {node.id for node in ast.walk(function) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)}
        body = [each for each in body if not _is_unused(each, used)]


def _is_shown(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Assign) and all(
        isinstance(each, ast.Attribute) and dotted(each)[:1] == ("claim",) and each.attr in _SHOWN
        for each in statement.targets
    )


def _apart(statement: ast.stmt) -> list[ast.stmt]:
    """`a, b = x, y` as two assignments, if y does not use a."""
    match statement:
        case ast.AnnAssign(target, _, ast.expr() as value):
            return [ast.Assign([target], value)]
        case ast.Assign([ast.Tuple(targets)], ast.Tuple(values)) if len(targets) == len(values):
            are_names = all(isinstance(each, ast.Name) for each in targets)
            if are_names and set(names_in(*targets)).isdisjoint(names_in(*values)):
                return [ast.Assign([target], value) for target, value in zip(targets, values, strict=True)]
    return [statement]


def _is_unused(statement: ast.stmt, used: set[str]) -> bool:
    """Whether a statement only gives names to values that nothing uses, and judges nothing."""
    if not isinstance(statement, ast.Assign) or "holds_if" in ast.dump(statement):
        return False
    nodes = [node for each in statement.targets for node in ast.walk(each)]
    is_plain = all(isinstance(each, ast.Name | ast.Tuple | ast.List | ast.expr_context) for each in nodes)
    return is_plain and used.isdisjoint(names_in(*statement.targets))


def _text(node: object) -> str:
    """A syntax tree as one text, the same in every version of Python."""
    if isinstance(node, ast.Constant):
        return f"{type(node.value).__name__}:{node.value!r}"
    if isinstance(node, ast.AST):
        fields = [(name, value) for name, value in ast.iter_fields(node) if name not in _IGNORED]
        parts = [f"{name}={_text(value)}" for name, value in fields if value not in (None, [])]
        return f"{type(node).__name__}({','.join(parts)})"
    if isinstance(node, list):
        return f"[{','.join(_text(each) for each in node if not isinstance(each, ast.Import | ast.ImportFrom))}]"
    return repr(node)
