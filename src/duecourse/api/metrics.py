"""`GET /metrics`: how the day goes, as Prometheus reads it; no name of a series or a label tells of anybody.

What is open is counted whatever its age; what is over only since the plan's midnight, for the store keeps it for years.
"""

import hmac
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, time
from typing import Final
from zoneinfo import ZoneInfo

from django.http import HttpRequest, HttpResponse
from ninja import Router
from ninja.errors import HttpError
from ninja.security import HttpBearer
from prometheus_client import CollectorRegistry
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest
from prometheus_client.registry import Collector
from psycopg import Connection
from psycopg.rows import TupleRow

from duecourse.api.problems import Problem
from duecourse.day.in_force import newest, zone_of
from duecourse.day.reaching import POINTS
from duecourse.web.edge import Edge, edge_of

router: Final = Router()

_MESSAGES: Final = """
SELECT channel, state, count(*) FROM (
    SELECT channel, state FROM outbox WHERE state IN ('queued', 'sending')
    UNION ALL SELECT channel, state FROM outbox WHERE state = 'unknown'
    UNION ALL SELECT channel, state FROM outbox
        WHERE released_at >= %s AND state IN ('left', 'failed', 'expired', 'cancelled')
) m GROUP BY 1, 2 ORDER BY 1, 2"""
_OLDEST: Final = """
SELECT channel, extract(epoch FROM %s - min(released_at))::bigint FROM outbox WHERE state IN ('queued', 'sending')
    AND state = 'queued' GROUP BY 1 ORDER BY 1"""
_UNKNOWN: Final = "SELECT count(*) FROM outbox WHERE state = 'unknown'"
_EXPIRED: Final = """
SELECT count(*) FROM outbox WHERE state IN ('queued', 'sending') AND state = 'queued' AND valid_until <= %s"""
_WAITING: Final = """
SELECT count(*), coalesce(extract(epoch FROM %s - min(received_at))::bigint, 0) FROM inbound WHERE needs_person"""
_VERDICTS: Final = """
SELECT count(*) FILTER (WHERE is_permitted), count(*) FILTER (WHERE NOT is_permitted) FROM verdict
WHERE judged_at >= %s"""
_REFUSALS: Final = """
SELECT kind, count(*) FROM verdict,
    LATERAL (SELECT DISTINCT split_part(reason, ':', 1) AS kind FROM unnest(reasons) reason) k
WHERE judged_at >= %s AND NOT is_permitted GROUP BY 1 ORDER BY 1"""
_ENDINGS: Final = "SELECT kind, state, count(*) FROM ending WHERE NOT is_over GROUP BY 1, 2 ORDER BY 1, 2"
_REVIEWS: Final = """
SELECT (SELECT count(*) FROM ending WHERE NOT is_over AND review_asked_at IS NOT NULL AND reviewed_at IS NULL)
    + (SELECT count(*) FROM visit_stop WHERE kind = 'review' AND lifted_at IS NULL)"""
_OFF: Final = "SELECT name FROM switch WHERE stopped_at IS NOT NULL AND name = ANY(%s) ORDER BY 1"


class _Scraper(HttpBearer):
    """Whoever has the token; where none is set, there is nothing here."""

    def authenticate(self, request: HttpRequest, token: str) -> bool:
        """Compare in constant time."""
        right = edge_of(request).metrics_token or ""
        return bool(right) and hmac.compare_digest(token.encode(errors="surrogatepass"), right.encode())

    def __call__(self, request: HttpRequest) -> bool:
        """Say that there is nothing, where no token is set; else read the header."""
        if edge_of(request).metrics_token is None:
            raise HttpError(404, "no token is set for metrics")
        return bool(super().__call__(request))


@router.get(
    "/metrics",
    auth=_Scraper(),
    response={200: None, **dict.fromkeys((401, 404, 500, 503), Problem)},
    openapi_extra={"responses": {200: {"content": {"text/plain": {"schema": {"type": "string"}}}}}},
)
def metrics(request: HttpRequest) -> HttpResponse:
    """Give all series, of one moment."""
    edge = edge_of(request)
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Told(measured(edge)))
    return HttpResponse(generate_latest(registry), content_type=CONTENT_TYPE_PLAIN_0_0_4)


class _Told(Collector):
    """Series that were measured already."""

    def __init__(self, series: Sequence[Metric]) -> None:
        self._series = series

    def collect(self) -> Iterator[Metric]:
        """Yield them."""
        yield from self._series


def measured(edge: Edge) -> list[Metric]:
    """Return the series of this moment; psycopg.OperationalError where the database does not answer in time."""
    at = edge.now()
    with edge.connections.one() as connection, connection.transaction():
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        midnight = _midnight(at, zone_of(connection))
        found = [*_outbox(connection, at, midnight), *_inbound(connection, at), *_verdicts(connection, midnight)]
        found += [*_standing(connection), *_endings(connection)]
    return found + _sealed(edge, at)


def _midnight(at: datetime, name: str) -> datetime:
    """Return when the day began in a zone."""
    here = ZoneInfo(name)
    return datetime.combine(at.astimezone(here).date(), time(), here)


def _outbox(connection: Connection[TupleRow], at: datetime, midnight: datetime) -> Iterator[Metric]:
    messages = _gauge(
        "messages", "Messages of the outbox: open ones, and those of today that are over.", "channel", "state"
    )
    for channel, state, count in connection.execute(_MESSAGES, [midnight]):
        messages.add_metric([channel, state], count)
    oldest = _gauge("oldest_queued_seconds", "How long the message that has waited longest has waited.", "channel")
    for channel, seconds in connection.execute(_OLDEST, [at]):
        oldest.add_metric([channel], seconds)
    yield from (messages, oldest)
    yield _one("unknown_fates", "Messages of which nobody knows whether they left.", _number(connection, _UNKNOWN))
    expired = _number(connection, _EXPIRED, at)
    yield _one(
        "expired_releases", "Queued messages whose release is over: nobody sends them or takes them back.", expired
    )


def _inbound(connection: Connection[TupleRow], at: datetime) -> Iterator[Metric]:
    count, seconds = connection.execute(_WAITING, [at]).fetchone() or (0, 0)
    yield _one("inbound_waiting", "What came in and waits for a person.", count)
    yield _one("inbound_oldest_seconds", "How long it has waited longest.", seconds)


def _verdicts(connection: Connection[TupleRow], midnight: datetime) -> Iterator[Metric]:
    yes, no = connection.execute(_VERDICTS, [midnight]).fetchone() or (0, 0)
    verdicts = _gauge("verdicts_today", "Verdicts of the gate since midnight.", "permitted")
    verdicts.add_metric(["yes"], yes)
    verdicts.add_metric(["no"], no)
    refusals = _gauge(
        "refusals_today", "Refusals since midnight with a reason of this class; one may have several.", "reason"
    )
    for reason, count in connection.execute(_REFUSALS, [midnight]):
        refusals.add_metric([reason], count)
    yield from (verdicts, refusals)


def _endings(connection: Connection[TupleRow]) -> Iterator[Metric]:
    endings = _gauge("endings", "Reports, listings, placements, suits and sales that are not over.", "kind", "state")
    for kind, state, count in connection.execute(_ENDINGS):
        endings.add_metric([kind, state], count)
    yield endings
    yield _one("reviews_waiting", "Decisions of which a borrower asks a review.", _number(connection, _REVIEWS))


def _standing(connection: Connection[TupleRow]) -> Iterator[Metric]:
    found = newest(connection)
    plan = _gauge("plan_date_seconds", "The date of the plan in force, as its midnight in UTC.")
    if found:
        plan.add_metric([], int(datetime.combine(found.on, time(), UTC).timestamp()))
    off = _gauge("switch_off", "1 for each switch that is off: all, or a channel.", "name")
    for (name,) in connection.execute(_OFF, [["all", *POINTS]]):
        off.add_metric([name], 1)
    yield from (plan, off)


def _sealed(edge: Edge, at: datetime) -> list[Metric]:
    """Tell how old the newest file of seals is; nothing where there is none on this machine."""
    sealed = _gauge("seal_age_seconds", "How long ago the chain was sealed last.")
    files = sorted(edge.seals.folder.glob("*.jsonl"))
    if files:
        written = datetime.fromtimestamp(files[-1].stat().st_mtime, UTC)
        sealed.add_metric([], int((at - written).total_seconds()))
    return [sealed]


def _gauge(name: str, says: str, *labels: str) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"duecourse_{name}", says, labels=labels)


def _one(name: str, says: str, value: int) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"duecourse_{name}", says, value=value)


def _number(connection: Connection[TupleRow], statement: str, *values: object) -> int:
    row = connection.execute(statement.encode(), values).fetchone()
    return int(row[0]) if row else 0
