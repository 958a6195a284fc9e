"""Who a user is: by id and password, and by a code that changes every half minute (RFC 6238).

    Accounts().authenticate(request, user_id=..., password=...)     the first half, for Django
    made(ring, user) -> the secret to show once                     a second factor that does not count yet
    accepts(ring, user, code, at) -> whether the code is theirs, and was not taken before

The secret of a user is wrapped under the master key of the store, as the keys of borrowers are.
"""

from datetime import datetime
from typing import Any, Final

from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor import InvalidToken
from cryptography.hazmat.primitives.twofactor.totp import TOTP
from django.contrib.auth.backends import BaseBackend
from django.db import transaction
from django.http import HttpRequest

from duecourse.store.bound import whose_code
from duecourse.store.keys import Keyring, Wrapped, new_key
from duecourse.store.models import SecondFactor, Staff

STEP: Final = 30  # seconds
DIGITS: Final = 6
_AROUND: Final = (0, -1, 1)  # steps: a clock may be half a minute off
_ISSUER: Final = "DueCourse"


class Accounts(BaseBackend):
    """Finds users for Django; whether they may do something is a matter of their role."""

    def authenticate(self, request: HttpRequest | None, **credentials: Any) -> Staff | None:  # noqa: ARG002
        """Return the active user whose password this is; it takes as long where there is no such user."""
        user = Staff.objects.filter(user_id=credentials.get("user_id", "")).first()
        password = str(credentials.get("password", ""))
        if user is None:
            Staff().set_password(password)
            return None
        return user if user.check_password(password) and user.is_active else None

    def get_user(self, user_id: int) -> Staff | None:
        """Return an active user by their number."""
        return Staff.objects.filter(pk=user_id, is_active=True).first()


def made(ring: Keyring, user: Staff) -> str:
    """Make a user's second factor, which does not count until a code of it was taken; returns its `otpauth` address.

    One that is confirmed stays as it is: None is lost by asking. ValueError then.
    """
    with transaction.atomic():
        found = SecondFactor.objects.select_for_update().filter(user=user).first()
        if found is not None and found.confirmed_at is not None:
            raise ValueError("the user has a second factor")
        if found is None:
            key = new_key()
            wrapped = ring.wrap(key, whose_code(user.user_id))
            SecondFactor.objects.create(user=user, key_id=wrapped.key_id, wrapped_key=wrapped.sealed)
        else:
            key = _key(ring, found)
    address = _codes(key).get_provisioning_uri(user.user_id, _ISSUER)
    return address.replace("%3D", "")  # the padding, at which some apps stumble


def secret_of(address: str) -> str:
    """Return the secret of an `otpauth` address in groups of four, for whoever types it."""
    secret = address.partition("secret=")[2].partition("&")[0]
    return " ".join(secret[place : place + 4] for place in range(0, len(secret), 4))


def is_enrolled(user: Staff) -> bool:
    """Say whether a user has a second factor that counts."""
    return SecondFactor.objects.filter(user=user, confirmed_at__isnull=False).exists()


def accepts(ring: Keyring, user: Staff, code: str, at: datetime) -> bool:
    """Take a code of a user's second factor; each is taken once, and the first one confirms the factor."""
    with transaction.atomic():
        factor = SecondFactor.objects.select_for_update().filter(user=user).first()
        if factor is None:
            return False
        codes, seconds = _codes(_key(ring, factor)), int(at.timestamp())
        now = seconds // STEP  # down: which step it is
        for step in (now + off for off in _AROUND):
            if step > factor.last_step and _is_code(codes, code, step):
                factor.last_step = step
                factor.confirmed_at = factor.confirmed_at or at
                factor.save(update_fields=["last_step", "confirmed_at"])
                return True
        return False


def _is_code(codes: TOTP, code: str, step: int) -> bool:
    try:
        codes.verify(code.replace(" ", "").encode(errors="surrogatepass"), step * STEP)
    except InvalidToken:
        return False
    return True


def _codes(key: bytes) -> TOTP:
    return TOTP(key, DIGITS, SHA1(), STEP)  # noqa: S303  what the apps that people have can do


def _key(ring: Keyring, factor: SecondFactor) -> bytes:
    return ring.unwrap(Wrapped(factor.key_id, bytes(factor.wrapped_key)), whose_code(factor.user.user_id))
