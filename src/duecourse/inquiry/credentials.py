"""What a checker vouches for, and what a borrower consents to: signed texts that run out."""

import hashlib
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Final, TypeVar

from pydantic import AwareDatetime, Field, ValidationError

from duecourse.inquiry.charter import Charter, Country, Key, Purpose, Strict
from duecourse.inquiry.checks import Check, Refused
from duecourse.inquiry.signed import Signer, taken
from duecourse.kernel.faults import first_fault

MOST_USES: Final = 100
Model = TypeVar("Model", bound=Strict)


class Certificate(Strict):
    """A checker's word that somebody proved who they are to it, and holds this key. It says not who they are."""

    client: Key
    jurisdiction: Country
    until_at: AwareDatetime


class Consent(Strict):
    """A borrower's word that one lender may open these records of theirs, for one purpose, so often, until then.

    `scope` is the digest of the very elements that the key holder is to open: nothing else of anybody can be opened
    with it.
    """

    number: Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]
    requester: Annotated[int, Field(ge=1, lt=2**32)]
    purpose: Purpose
    given_at: AwareDatetime
    until_at: AwareDatetime
    uses: Annotated[int, Field(ge=1, le=MOST_USES)]
    scope: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    certificate: dict[str, str]


def vouch(checker: Signer, certificate: Certificate) -> dict[str, str]:
    """Sign a certificate."""
    return checker.put(b"certificate", certificate.model_dump(mode="json"))


def vouched(charter: Charter, envelope: object, client: str, now: datetime) -> tuple[Certificate, str]:
    """Return the certificate of a client and the key of its checker.

    Refused: `certificate`, when the charter has no such checker, it is for another key, or it has run out.
    """
    if envelope is None:
        raise Refused(Check.CERTIFICATE, "a client shows the certificate of who checked its identity")
    said, by = taken(b"certificate", envelope)
    checker = charter.checker_of_key.get(by)
    if checker is None or checker.state != "active":
        raise Refused(Check.CERTIFICATE, f"the charter has no active checker of key {by[:16]}")
    certificate = read(Certificate, said)
    if certificate.client != client:
        raise Refused(Check.CERTIFICATE, "the certificate is for another key")
    if now > certificate.until_at:
        raise Refused(Check.CERTIFICATE, f"the certificate ran out at {certificate.until_at.isoformat()}")
    return certificate, by


def scope_of(elements: Sequence[bytes]) -> str:
    """Return the digest of the elements that a consent is for."""
    return hashlib.sha256(b"".join(elements)).hexdigest()


def consent_taken(charter: Charter, envelope: object, now: datetime) -> tuple[Consent, str, Certificate]:
    """Return a consent, the key of the client that gave it, and what vouches for that one.

    Refused: `consent`, `consent_expired`, `certificate`, `malformed`. Who asks, how often and for what the consent was
    given is for the key holder to hold it against.
    """
    try:
        said, client = taken(b"consent", envelope)
    except Refused as refused:
        if refused.check is Check.SIGNATURE:
            raise Refused(Check.CONSENT, "the consent is not signed by the key that it names") from None
        raise
    consent = read(Consent, said)
    certificate, _ = vouched(charter, consent.certificate, client, consent.given_at)
    if not consent.given_at <= now <= consent.until_at:
        raise Refused(
            Check.CONSENT_EXPIRED, f"given for {consent.given_at.isoformat()} to {consent.until_at.isoformat()}"
        )
    return consent, client, certificate


def read(model: type[Model], said: dict[str, Any]) -> Model:
    """Return what was said as a record. Refused (`malformed`): the place in it and what is wrong."""
    try:
        return model.model_validate(said)
    except ValidationError as error:
        raise Refused(Check.MALFORMED, f"{model.__name__.lower()}: {first_fault(error)}") from None
