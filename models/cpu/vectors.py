"""How loops are compiled, and vectors of numbers in registers, which numba does not offer."""

import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import numba.core.cgutils
from llvmlite import ir
from numba import njit, types
from numba.extending import intrinsic, models, register_model

cgutils: Any = numba.core.cgutils

# Without fastmath: with it, code just compiled and code from numba's cache were optimised, and so rounded, differently.
COMPILED: dict[str, Any] = dict(nogil=True, error_model="numpy")
UNSTORED = (
    "numba finds no folder to store what it compiles, so every process compiles it again: "
    "set NUMBA_CACHE_DIR to a folder that can be written"
)


def inner(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compiles a function that only compiled code calls."""
    without: dict[str, Any] = dict(no_cpython_wrapper=True, no_cfunc_wrapper=True)
    return njit(**COMPILED, **without)(function)


def stored(function: Callable[..., Any]) -> Any:
    """Compiles a function that Python calls, cached for later processes where numba finds a folder for it."""
    compiled = njit(**COMPILED)(function)
    with suppress(RuntimeError):  # no folder is writable
        compiled.enable_caching()
    return compiled


def is_stored(function: Any) -> bool:
    """Whether numba finds a folder for it."""
    return function.stats.cache_path is not None


@contextmanager
def without_collector() -> Iterator[None]:
    """Without Python's garbage collector, which would walk all that was imported repeatedly while numba compiles."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


class Vector(types.Type):
    def __init__(self, dtype: Any, lanes: int) -> None:
        self.dtype, self.lanes = dtype, lanes
        super().__init__(name=f"Vector({dtype}, {lanes})")


@register_model(Vector)
class _VectorModel(models.PrimitiveModel):
    def __init__(self, manager: Any, vector: Vector) -> None:
        number = ir.FloatType() if vector.dtype == types.float32 else ir.DoubleType()
        super().__init__(manager, vector, ir.VectorType(number, vector.lanes))  # type: ignore[no-untyped-call]


def _compiled(describe: Callable[..., Any]) -> Any:
    """A function for compiled code: `describe` returns its signature, and what generates it."""
    return intrinsic(prefer_literal=True)(describe)


def _address(context: Any, builder: Any, kind: Any, array: Any, index: Any, of: Any) -> Any:
    data = context.make_array(kind)(context, builder, array).data
    return builder.bitcast(builder.gep(data, [index]), of.as_pointer())


@_compiled
def load(_: Any, array: Any, index: Any, lanes: Any) -> Any:
    """`lanes` numbers of an array, from an index on."""
    vector = Vector(array.dtype, lanes.literal_value)

    def generate(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        of = context.get_value_type(vector)
        loaded = builder.load(_address(context, builder, signature.args[0], given[0], given[1], of))
        loaded.align = array.dtype.bitwidth // 8
        return loaded

    return vector(array, index, lanes), generate


@_compiled
def store(_: Any, array: Any, index: Any, vector: Any) -> Any:
    """Write a vector into an array, from an index on."""

    def generate(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        place = _address(context, builder, signature.args[0], given[0], given[1], given[2].type)
        builder.store(given[2], place).align = array.dtype.bitwidth // 8
        return context.get_dummy_value()

    return types.void(array, index, vector), generate


@_compiled
def at(_: Any, array: Any, index: Any) -> Any:
    """The number at an index, which must not be negative."""

    def generate(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        of = context.get_value_type(array.dtype)
        return builder.load(_address(context, builder, signature.args[0], given[0], given[1], of))

    return array.dtype(array, index), generate


@_compiled
def add_times(_: Any, total: Any, number: Any, vector: Any) -> Any:
    """The vector `total` plus a number times another vector, rounded once where the processor can."""

    def generate(_: Any, builder: Any, __: Any, given: Any) -> Any:
        of, nothing = given[0].type, ir.Constant(given[0].type, ir.Undefined)
        one = builder.insert_element(nothing, given[1], ir.Constant(ir.IntType(32), 0))
        all_lanes = ir.Constant(ir.VectorType(ir.IntType(32), of.count), None)
        name = f"llvm.fmuladd.v{of.count}f{vector.dtype.bitwidth}"
        fused = cgutils.get_or_insert_function(builder.module, ir.FunctionType(of, [of] * 3), name)
        return builder.call(fused, [builder.shuffle_vector(one, nothing, all_lanes), given[2], given[0]])

    return total(total, number, vector), generate


@_compiled
def add_product(_: Any, total: Any, left: Any, right: Any) -> Any:
    """The vector `total` plus the product of two, lane by lane, rounded once where the processor can."""

    def generate(_: Any, builder: Any, __: Any, given: Any) -> Any:
        of = given[0].type
        kind, name = ir.FunctionType(of, [of] * 3), f"llvm.fmuladd.v{of.count}f{left.dtype.bitwidth}"
        return builder.call(cgutils.get_or_insert_function(builder.module, kind, name), [*given[1:], given[0]])

    return total(total, left, right), generate


@_compiled
def sum_of(_: Any, vector: Any) -> Any:
    """The sum over the lanes of a vector: the upper half is added to the lower until one is left."""

    def generate(_: Any, builder: Any, __: Any, given: Any) -> Any:
        total, lanes = given[0], list(range(given[0].type.count))
        while len(lanes) > 1:
            halves = lanes[: len(lanes) // 2], lanes[len(lanes) // 2 :]
            masks = [ir.Constant(ir.VectorType(ir.IntType(32), len(half)), half) for half in halves]
            total = builder.fadd(*(builder.shuffle_vector(total, total, mask) for mask in masks))
            lanes = halves[0]
        return builder.extract_element(total, ir.Constant(ir.IntType(32), 0))

    return vector.dtype(vector), generate


@_compiled
def where_positive(_: Any, vector: Any, by: Any) -> Any:
    """The vector, with 0 in each lane where `by` is at most 0, unchanged where `by` is NaN."""

    def generate(_: Any, builder: Any, __: Any, given: Any) -> Any:
        nothing = ir.Constant(given[0].type, None)
        return builder.select(builder.fcmp_ordered("<=", given[1], nothing), nothing, given[0])

    return vector(vector, by), generate


@_compiled
def fetch(_: Any, array: Any, index: Any) -> Any:
    """Prefetch into the cache."""

    def generate(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        place = _address(context, builder, signature.args[0], given[0], given[1], ir.IntType(8))
        kind = ir.FunctionType(ir.VoidType(), [place.type, *[ir.IntType(32)] * 3])
        to_read = [ir.Constant(ir.IntType(32), flag) for flag in (0, 2, 1)]  # into the second-level cache, data
        builder.call(cgutils.get_or_insert_function(builder.module, kind, "llvm.prefetch.p0"), [place, *to_read])
        return context.get_dummy_value()

    return types.void(array, index), generate


@_compiled
def transpose(_: Any, array: Any, index: Any, row: Any, out: Any, target: Any, out_row: Any) -> Any:
    """Write the transpose of 8 rows of 8 numbers. index, target: of the first row; row, out_row: to the next one."""

    def generate(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        number = context.get_value_type(array.dtype)
        of, align = ir.VectorType(number, 8), array.dtype.bitwidth // 8

        def place(array: int, line: int) -> Any:
            index = builder.add(given[array + 1], builder.mul(given[array + 2], context.get_constant(types.intp, line)))
            return _address(context, builder, signature.args[array], given[array], index, of)

        lines = [builder.load(place(0, line)) for line in range(8)]
        for line in lines:
            line.align = align
        for apart in (1, 2, 4):  # swap what lies off the diagonal of blocks of twice as many
            low = [i if not i & apart else 8 + i - apart for i in range(8)]
            high = [i + apart if not i & apart else 8 + i for i in range(8)]
            masks = [ir.Constant(ir.VectorType(ir.IntType(32), 8), mask) for mask in (low, high)]
            lines = [
                builder.shuffle_vector(lines[i & ~apart], lines[i | apart], masks[bool(i & apart)]) for i in range(8)
            ]
        for line in range(8):
            builder.store(lines[line], place(3, line)).align = align
        return context.get_dummy_value()

    return types.void(array, index, row, out, target, out_row), generate
