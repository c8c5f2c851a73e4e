"""Vectors of numbers in registers, and products of matrices, for compiled loops: what numba has no words for."""

from collections.abc import Callable
from typing import Any

import numba.core.cgutils
from llvmlite import ir
from numba import types
from numba.extending import intrinsic, models, register_model

cgutils: Any = numba.core.cgutils


class Vector(types.Type):
    """So many numbers of one type, in registers."""

    def __init__(self, dtype: Any, lanes: int) -> None:
        self.dtype, self.lanes = dtype, lanes
        super().__init__(name=f"Vector({dtype}, {lanes})")


@register_model(Vector)
class _VectorModel(models.PrimitiveModel):
    def __init__(self, manager: Any, vector: Vector) -> None:
        number = ir.FloatType() if vector.dtype == types.float32 else ir.DoubleType()
        super().__init__(manager, vector, ir.VectorType(number, vector.lanes))  # type: ignore[no-untyped-call]


def _compiled(describe: Callable[..., Any]) -> Any:
    """What compiled code may call: `describe` answers its signature, and what generates it."""
    return intrinsic(prefer_literal=True)(describe)


def _address(context: Any, builder: Any, kind: Any, array: Any, index: Any, of: Any) -> Any:
    data = context.make_array(kind)(context, builder, array).data
    return builder.bitcast(builder.gep(data, [index]), of.as_pointer())


@_compiled
def load(_: Any, array: Any, index: Any, lanes: Any) -> Any:
    """So many numbers of an array, from an index on."""
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
def fetch(_: Any, array: Any, index: Any) -> Any:
    """Have the cache fetch what will be needed, and do not wait for it."""

    def generate(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        place = _address(context, builder, signature.args[0], given[0], given[1], ir.IntType(8))
        kind = ir.FunctionType(ir.VoidType(), [place.type, *[ir.IntType(32)] * 3])
        to_read = [ir.Constant(ir.IntType(32), flag) for flag in (0, 2, 1)]  # into the second-level cache, data
        builder.call(cgutils.get_or_insert_function(builder.module, kind, "llvm.prefetch.p0"), [place, *to_read])
        return context.get_dummy_value()

    return types.void(array, index), generate


@_compiled
def product(_: Any, shape: Any, left: Any, right: Any, out: Any) -> Any:
    """Matrix product by the BLAS that numba calls, without the seconds that compiling np.dot takes.

    shape: rows, columns, and what is summed over; left, right, out: array, where the matrix begins, its width, and
    whether its transpose is meant, 1 or 0.
    """

    def generate(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        byte, size, pointer = ir.IntType(8), cgutils.intp_t, cgutils.voidptr_t

        def letter(text: str) -> Any:
            return ir.Constant(byte, ord(text))

        def scalar(value: float) -> Any:
            slot = cgutils.alloca_once_value(builder, context.get_constant(left[0].dtype, value))
            return builder.bitcast(slot, pointer)

        def matrix(index: int) -> tuple[Any, Any, Any]:
            array, begin, width, turned = cgutils.unpack_tuple(builder, given[index])
            place = _address(context, builder, signature.args[index][0], array, begin, byte)
            return place, width, builder.select(cgutils.is_not_null(builder, turned), letter("t"), letter("n"))

        # The library counts columns first: it takes ours for transposed, and is asked for the transpose.
        rows, columns, inner = cgutils.unpack_tuple(builder, given[0])
        (a, width_a, turn_a), (b, width_b, turn_b), (c, width_c, _) = matrix(2), matrix(1), matrix(3)
        kinds = [byte] * 3 + [size] * 3 + [pointer, pointer, size, pointer, size, pointer, pointer, size]
        call = cgutils.get_or_insert_function(builder.module, ir.FunctionType(ir.IntType(32), kinds), "numba_xxgemm")
        precision = letter("s" if left[0].dtype == types.float32 else "d")
        builder.call(call, [precision, turn_a, turn_b, columns, rows, inner, scalar(1), a, width_a, b, width_b,
                            scalar(0), c, width_c])  # fmt: skip
        return context.get_dummy_value()

    return types.void(shape, left, right, out), generate
