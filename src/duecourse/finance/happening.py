"""What the store knows of a day beside the accounts of loans: sales, commissions, costs of suits and of rewards.

    found = happened(connection, on, zone)
    found.get("L1", NOTHING)
    cash(connection, on) -> [SaleCash, ...]      money between us and buyers

A thing is of the day on which it happened, or, where it was recorded later, of the day of that: so a day that was
exported does not change.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Final

from psycopg import Connection
from psycopg.rows import TupleRow

from duecourse.finance.journals import NOTHING, Happened, SaleCash

_MILLION: Final = 1_000_000
# Of a debt that comes back the price is given back, and what its borrower paid to us meanwhile comes back with it.
_SALES: Final = """
SELECT e.loan_id, t.state, t.id, t.on_day = %(on)s,
    CASE t.state WHEN 'sold' THEN (e.details->'closing'->>'price')::bigint
        ELSE (e.details->>'repaid')::bigint - (
            SELECT coalesce(sum(CASE WHEN p.reverses IS NULL THEN p.amount ELSE -p.amount END), 0)::bigint
            FROM payments p WHERE p.borrower_no = e.borrower_no AND p.loan_id = e.loan_id AND p.recorded_at <= t.at
                AND p.recorded_at > (SELECT max(s.at) FROM ending_step s
                    WHERE s.ending_no = e.id AND s.state = 'sold' AND s.id < t.id))
    END
FROM ending e JOIN ending_step t ON t.ending_no = e.id
WHERE e.kind = 'sale' AND t.state IN ('sold', 'put_back', 'bought_back') AND t.state_before <> t.state
    AND t.on_day <= %(on)s
ORDER BY e.loan_id, t.id"""
_COMMISSIONS: Final = """
WITH placement AS (
    SELECT e.loan_id, e.borrower_no, (e.details->>'commission_ppm')::bigint AS ppm,
        (e.details->>'placed_on')::date AS placed_on,
        coalesce((e.details->>'ended_on')::date, 'infinity') AS ended_on,
        (SELECT min(at) FROM ending_step t WHERE t.ending_no = e.id AND t.state = 'placed') AS placed_at
    FROM ending e WHERE e.kind = 'agency' AND e.details ? 'commission_ppm'
),
earned AS (
    SELECT e.loan_id, e.borrower_no, e.ppm, p.payment_id, p.paid_on, p.amount, p.recorded_at
    FROM placement e JOIN payments p ON p.borrower_no = e.borrower_no AND p.loan_id = e.loan_id
    WHERE p.reverses IS NULL AND p.paid_on BETWEEN e.placed_on AND e.ended_on AND p.recorded_at >= e.placed_at
)
SELECT loan_id, payment_id, amount, ppm, 1 FROM earned
WHERE greatest(paid_on, (recorded_at AT TIME ZONE %(zone)s)::date) = %(on)s
UNION ALL
SELECT earned.loan_id, r.payment_id, earned.amount, ppm, -1
FROM earned JOIN payments r ON r.borrower_no = earned.borrower_no AND r.reverses = earned.payment_id
WHERE greatest(r.paid_on, (r.recorded_at AT TIME ZONE %(zone)s)::date) = %(on)s
ORDER BY 1, 2"""
_COSTS: Final = """
SELECT loan_id, id, costs - before FROM (
    SELECT e.loan_id, t.id, t.on_day, (t.details->>'costs')::bigint AS costs,
        coalesce(lag((t.details->>'costs')::bigint) OVER (PARTITION BY e.id ORDER BY t.id), 0) AS before
    FROM ending e JOIN ending_step t ON t.ending_no = e.id WHERE e.kind = 'suit' AND t.details ? 'costs'
) step WHERE on_day = %(on)s AND costs <> before ORDER BY loan_id, id"""
_CASH: Final = """
SELECT f.name, f.currency, c.reference, c.amount FROM sale_cash c JOIN portfolio f ON f.id = c.portfolio_no
WHERE c.on_day = %s ORDER BY f.name, c.reference"""
_REWARDS: Final = """
SELECT r.loan_id, coalesce(sum(i.interest_off), 0)::bigint, coalesce(sum(i.fee_off), 0)::bigint
FROM reward r CROSS JOIN LATERAL jsonb_to_recordset(r.details->'instalments')
    AS i(due_on date, interest_off bigint, fee_off bigint)
WHERE r.state = 'applied' AND r.details ? 'instalments' AND r.applied_on < %(on)s AND i.due_on = %(on)s
GROUP BY r.loan_id ORDER BY r.loan_id"""


def happened(connection: Connection[TupleRow], on: date, zone: str) -> Mapping[str, Happened]:
    """Return what happened to each loan on a day; those that are not there: nothing."""
    values = {"on": on, "zone": zone}
    found: dict[str, Happened] = {}
    with connection.transaction():
        sales = connection.execute(_SALES, values).fetchall()
        commissions = connection.execute(_COMMISSIONS, values).fetchall()
        costs = connection.execute(_COSTS, values).fetchall()
        rewards = connection.execute(_REWARDS, values).fetchall()
    for loan, state, step, is_today, price in sales:
        one = found.get(loan, NOTHING)
        if is_today:
            found[loan] = replace(one, closed=(*one.closed, (state, f"ending-step-{step}", price or 0)))
        else:
            found[loan] = replace(one, was_sold=state == "sold")
    for loan, payment, amount, ppm, sign in commissions:
        one = found.get(loan, NOTHING)
        earned = sign * (amount * ppm // _MILLION)  # down, as it was agreed with agencies
        found[loan] = replace(one, commissions=(*one.commissions, (payment, earned)))
    for loan, step, amount in costs:
        one = found.get(loan, NOTHING)
        found[loan] = replace(one, costs=(*one.costs, (f"ending-step-{step}", amount)))
    for loan, interest, fee in rewards:
        one = found.get(loan, NOTHING)
        taken = tuple((line, amount) for line, amount in (("interest", interest), ("fee", fee)) if amount)
        found[loan] = replace(one, rewards=taken)
    return found


def cash(connection: Connection[TupleRow], on: date) -> list[SaleCash]:
    """Return what passed between us and buyers on a day."""
    with connection.transaction():
        return [SaleCash(*row) for row in connection.execute(_CASH, [on]).fetchall()]
