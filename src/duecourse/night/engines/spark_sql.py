"""Ibis's SQL for Spark, with what Ibis does not write for it: lists and texts put together in an order."""

from typing import Any

import ibis.expr.operations as ops
import ibis.expr.types as ir
from ibis.backends.sql.compilers import PySparkCompiler
from sqlglot import exp


class _Compiler(PySparkCompiler):  # type: ignore[misc]  # Ibis publishes no types
    """Sorts what is put together behind its keys, ascending: Spark's own aggregates know no order."""

    def visit_ArrayCollect(self, op: ops.Node, *, order_by: tuple[Any, ...], **given: Any) -> exp.Expr:  # noqa: N802
        if not order_by:
            found: exp.Expr = super().visit_ArrayCollect(op, order_by=order_by, **given)
            return found
        return self._in_order(order_by, **given)

    def visit_GroupConcat(  # noqa: N802 - Ibis's name
        self, op: ops.Node, *, sep: exp.Expr, order_by: tuple[Any, ...], **given: Any
    ) -> exp.Expr:
        if not order_by:
            found: exp.Expr = super().visit_GroupConcat(op, sep=sep, order_by=order_by, **given)
        else:
            found = self.f.array_join(self._in_order(order_by, **given), sep)
        return found

    def _in_order(self, order_by: tuple[Any, ...], arg: exp.Expr, **more: Any) -> exp.Expr:
        unsaid = [name for name, value in more.items() if value not in {None, False}]
        if unsaid or any(key.args.get("desc") for key in order_by):
            raise NotImplementedError(
                f"an ordered list on Spark: descending, or {' '.join(unsaid)}; write it another way"
            )
        values = [*(key.this for key in order_by), arg]
        row = [part for place, value in enumerate(values) for part in (exp.Literal.string(f"v{place}"), value)]
        rows = self.f.anon.array_sort(self.f.anon.collect_list(self.f.anon.named_struct(*row)))
        name = exp.to_identifier("row")
        last = exp.Dot(this=name, expression=exp.to_identifier(f"v{len(order_by)}"))
        found: exp.Expr = self.f.anon.transform(rows, exp.Lambda(this=last, expressions=[name]))
        return found


_COMPILER = _Compiler()


def compiled(table: ir.Table) -> str:
    """Compile a table; whole numbers are made the int64 that they are on the other engines."""
    text = _COMPILER.to_sqlglot(table.unbind()).sql(_COMPILER.dialect)
    columns = [
        f"CAST(`{name}` AS BIGINT) AS `{name}`" if kind.is_integer() else f"`{name}`"
        for name, kind in table.schema().items()
    ]
    return f"SELECT {', '.join(columns)} FROM ({text})"
