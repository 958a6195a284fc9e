"""The lists of what is sealed, wrapped, blind or plain, beside the models: no column of bytes is in none of them."""

from collections import Counter

from django.db import models

import duecourse.store.models as store
from duecourse.store.sealed import BLIND, PLAIN, SEALED, WRAPPED

KEY = ("key_id", "wrapped_key")


def tables() -> dict[str, type[models.Model]]:
    found = [value for value in vars(store).values() if isinstance(value, type) and issubclass(value, models.Model)]
    return {model._meta.db_table: model for model in found if not model._meta.abstract}


def test_every_model_of_the_store_is_looked_at() -> None:
    known = {model._meta.db_table for model in store.Person._meta.apps.get_models() if model._meta.app_label == "store"}
    assert set(tables()) == known


def test_every_column_of_bytes_is_in_one_list() -> None:
    listed = [f"{one.table}.{one.column}" for one in SEALED]
    listed += [f"{one.model._meta.db_table}.wrapped_key" for one in WRAPPED]
    listed += [*BLIND, *PLAIN]
    assert [name for name, number in Counter(listed).items() if number > 1] == []
    columns = {
        f"{table}.{field.column}"
        for table, model in tables().items()
        for field in model._meta.concrete_fields
        if isinstance(field, models.BinaryField)
    }
    missing = columns - set(listed)
    assert not missing, f"{sorted(missing)}: write it into SEALED, WRAPPED or BLIND of store/sealed.py, or into PLAIN"
    assert set(listed) == columns, "a column that is not there any more"


def test_every_key_has_its_master_key_beside_it() -> None:
    """A wrapped key under another name, or kept as text, is found by its `key_id`."""
    with_key = {table for table, model in tables().items() if {field.column for field in model._meta.fields} & set(KEY)}
    assert {one.model._meta.db_table for one in WRAPPED} == with_key
    for wrapping in WRAPPED:
        assert {field.column for field in wrapping.model._meta.fields} >= set(KEY)


def test_every_blind_index_is_checked_or_said_to_go() -> None:
    indexes = {f"{table}.blind" for table, model in tables().items() if hasattr(model, "blind")}
    assert set(BLIND) == indexes
