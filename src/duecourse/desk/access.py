"""Who may open which page of the desk, and which cases are theirs.

    @for_staff(Role.SUPERVISOR)
    def view(request, user): ...

Collectors see the cases of their teams; supervisors and compliance see all; administrators see none. What is not yours
is not there: it is answered like what does not exist.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, Final, ParamSpec

import psycopg
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from psycopg import Connection
from psycopg.rows import TupleRow

from duecourse.kernel.errors import DueCourseError
from duecourse.store.models import Staff
from duecourse.store.roles import Role
from duecourse.web.refusals import refused

CASES: Final = (Role.COLLECTOR, Role.SUPERVISOR, Role.COMPLIANCE)
"""The roles that look at borrowers."""

ALL_CASES: Final = frozenset({Role.SUPERVISOR, Role.COMPLIANCE})
"""The roles that look at all of them."""

P = ParamSpec("P")
_OF_TEAMS: Final = """
SELECT FROM planned_act WHERE borrower_no = %s AND planned_on = (SELECT max(planned_on) FROM plan)
    AND team = ANY(%s) LIMIT 1"""


def for_staff(
    *roles: Role,
) -> Callable[[Callable[Concatenate[HttpRequest, Staff, P], HttpResponse]], Callable[..., HttpResponse]]:
    """Let a view be opened by users of some roles who have signed in; they are its second argument.

    Others are sent to sign in, or told that their role does not include it. What somebody can mend is told in its line.
    """

    def guarded(view: Callable[Concatenate[HttpRequest, Staff, P], HttpResponse]) -> Callable[..., HttpResponse]:
        @wraps(view)
        def opened(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
            user: Any = request.user
            if not user.is_authenticated:
                return redirect_to_login(request.get_full_path())
            if Role(user.role) not in roles:
                raise PermissionDenied
            try:
                return view(request, user, *args, **kwargs)
            except DueCourseError as error:
                return refused(request, 409, _("Not now"), str(error))
            except psycopg.OperationalError:
                return refused(request, 503, _("Not now"), _("The database does not answer. Try again in a minute."))

        return opened

    return guarded


def admit(connection: Connection[TupleRow], user: Staff, borrower: int) -> None:
    """Raise Http404 unless a borrower's case is one that the user may see."""
    if Role(user.role) in ALL_CASES:
        return
    if connection.execute(_OF_TEAMS, [borrower, user.teams]).fetchone() is None:
        raise Http404
