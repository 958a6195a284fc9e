"""To what each sealed value and each wrapped key is bound: where it was sealed it opens, and nowhere else."""

import json


def name_place(person: int) -> str:
    """Return the place of a person's name, by their number in the database."""
    return f"person.name.{person}"


def point_place(kind: str, point: int) -> str:
    """Return the place of a number or an address, by its kind and its number in the database."""
    return f"contact_point.value.{kind}.{point}"


def mandate_place(mandate_id: str) -> str:
    """Return the place of the account of a mandate."""
    return f"mandate.account.{mandate_id}"


def bank_entry_place(entry_id: str) -> str:
    """Return the place of what a bank's file says of an entry."""
    return f"bank_entry.body.{entry_id}"


def message_place(key: str) -> str:
    """Return the place of the words of a message that was released, by its key."""
    return f"outbox.body.{key}"


def reply_place(number: int) -> str:
    """Return the place of words that came in, by their number in the database."""
    return f"inbound.body.{number}"


def grievance_place(what: str, fact_id: str) -> str:
    """Return the place of the words of a complaint or a dispute, by its id: the same for all versions."""
    return f"{what}.words.{fact_id}"


def file_place(complaint_id: str, place: int) -> str:
    """Return the place of a file beside a complaint, by the complaint's id and the file's number in it."""
    return f"complaint_file.body.{complaint_id}.{place}"


def request_place(request_id: str) -> str:
    """Return the place of the words of a request about somebody's data, by its id."""
    return f"data_request.words.{request_id}"


def audit_place(chain: int, seq: int) -> str:
    """Return the place of the body of an entry of the audit chain."""
    return f"audit_entry.body.{chain}.{seq}"


def whose(borrower_id: str, person_id: str) -> str:
    """Return whose a person's key is, by the lender's ids; no two pairs have one text."""
    return json.dumps([borrower_id, person_id])


def whose_entry(entry_id: str) -> str:
    """Return whose the key of a bank entry is, of which nobody knows yet whose it is."""
    return f"bank entry {entry_id}"


def whose_hook(hook_id: str) -> str:
    """Return what the key of a hook's signatures is bound to."""
    return f"hook {hook_id}"


def whose_code(user_id: str) -> str:
    """Return what the key of a user's one-time codes is bound to."""
    return f"code of user {user_id}"
