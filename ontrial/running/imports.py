"""The imports of a source text, lazy and optional ones among them, and what it uses that no reader can resolve."""

import ast
import importlib.util
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

_BUILTIN = frozenset({"exec", "eval", "__import__"})
_LOADING = frozenset({"run_path", "run_module", "spec_from_file_location", "SourceFileLoader"})
_FAILING = frozenset({"ImportError", "ModuleNotFoundError", "Exception", "BaseException"})
_DIFFERING = frozenset({"TYPE_CHECKING", "version_info", "platform"})  # what an import may depend on


@dataclass(frozen=True)
class Import:
    """An import of a module. name: in full, or from the folder that is `level` - 1 above the file's, where level > 0;
    members: what is imported from it, modules or not; may_fail: whether the code goes on without.
    """

    name: str
    level: int
    members: tuple[str, ...]
    may_fail: bool
    line: int


@cache  # several trainings run through the same modules
def imports(tree: ast.AST) -> tuple[list[Import], list[tuple[str, int]]]:
    """Every import in a syntax tree, and what it uses instead that cannot be resolved, each with its line."""
    bound = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load)}
    bound |= {node.arg for node in ast.walk(tree) if isinstance(node, ast.arg)}
    bound |= {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.ClassDef)}
    found: list[Import] = []
    loaders, called = {"import_module"} - bound, set[int]()
    dynamic: list[tuple[str, int]] = []
    for node, may_fail in _guarded(tree, False):
        if isinstance(node, ast.Import):
            found += [Import(each.name, 0, (), may_fail, node.lineno) for each in node.names]
        elif isinstance(node, ast.ImportFrom):
            members = tuple(each.name for each in node.names if each.name != "*")
            found.append(Import(node.module or "", node.level, members, may_fail, node.lineno))
            loaders |= {each.asname or each.name for each in node.names if each.name == "import_module"}
        elif isinstance(node, ast.Call) and _last_name(node.func) in loaders:
            called.add(id(node.func))
            name = _literal(node)
            if name is None:
                dynamic.append(("import_module of a name that is not written there", node.lineno))
            else:
                level = len(name) - len(name.lstrip("."))
                found.append(Import(name[level:], level, (), may_fail, node.lineno))
    for node in ast.walk(tree):
        if isinstance(node, ast.Name | ast.Attribute) and isinstance(node.ctx, ast.Load) and id(node) not in called:
            name = _last_name(node)
            is_plain = isinstance(node, ast.Name) or _last_name(node.value) == "builtins"
            if (name in _BUILTIN and is_plain and name not in bound) or name in _LOADING or name in loaders:
                dynamic.append((str(name), node.lineno))
    return found, dynamic


def _guarded(node: ast.AST, may_fail: bool) -> Iterator[tuple[ast.AST, bool]]:
    """Every node, and whether it is in a statement that goes on without an import, or only at times does it."""
    yield node, may_fail
    caught: list[ast.AST] = []
    if isinstance(node, ast.Try | ast.TryStar):
        may_fail |= any(each.type is None for each in node.handlers)
        caught = [each.type for each in node.handlers if each.type is not None]
    elif isinstance(node, ast.With):
        caught = [each.context_expr for each in node.items if "suppress" in ast.dump(each.context_expr)]
    may_fail |= any(not _FAILING.isdisjoint(names_in(each)) for each in caught)
    if isinstance(node, ast.If):
        may_fail |= any(_last_name(each) in _DIFFERING for each in ast.walk(node.test))
    for child in ast.iter_child_nodes(node):
        yield from _guarded(child, may_fail)


def _last_name(node: ast.AST) -> str | None:
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else None


def _literal(call: ast.Call) -> str | None:
    """The module that import_module is called for, with a dot for each level of a relative one; None if not written."""
    given = dict(zip(("name", "package"), call.args, strict=False)) | {each.arg: each.value for each in call.keywords}
    name, package = given.get("name"), given.get("package")
    if not isinstance(name, ast.Constant) or not isinstance(name.value, str):
        return None
    if not name.value.startswith(".") or _last_name(package or name) in ("__package__", "__name__"):
        return name.value
    if isinstance(package, ast.Constant) and isinstance(package.value, str):
        return importlib.util.resolve_name(name.value, package.value)
    return None


def names_in(node: ast.AST) -> list[str]:
    """Every name in a syntax tree, not of attributes."""
    return [each.id for each in ast.walk(node) if isinstance(each, ast.Name)]
