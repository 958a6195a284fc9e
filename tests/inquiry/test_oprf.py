"""The function of RFC 9497 against the RFC's own vectors, and what is no point, no scalar or no proof is refused."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from duecourse.inquiry import group, oprf
from duecourse.inquiry.checks import Check, Refused

RFC: Final = json.loads(Path(__file__).with_name("vectors.json").read_text(encoding="utf-8"))
# RFC 9496, A.2: encodings that are not canonical, negative, not square, or of a point off the curve
NO_POINTS: Final = (
    "00ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "0100000000000000000000000000000000000000000000000000000000000000",
    "26948d35ca62e643e26a83177332e6b6afeb9d08e4268b650f1f5bbd8d81d371",
    "0000000000000000000000000000000000000000000000000000000000000000",  # the identity: of use to nobody honest
    "00",
)
KEY: Final = oprf.derive_key_pair(bytes(32), b"test")


def _hex(values: list[str]) -> list[bytes]:
    return [bytes.fromhex(value) for value in values]


def _vectors() -> Iterator[Any]:
    for mode in RFC["modes"]:
        for number, vector in enumerate(mode["vectors"]):
            yield pytest.param(mode, vector, id=f"mode {mode['mode']} vector {number + 1}")


@pytest.mark.parametrize("mode", RFC["modes"])
def test_keys_are_derived_as_the_rfc_has_them(mode: dict[str, Any]) -> None:
    key = oprf.derive_key_pair(bytes.fromhex(RFC["seed"]), bytes.fromhex(RFC["info"]), oprf.Mode(mode["mode"]))
    assert key.secret.hex() == mode["secret"]
    assert key.public.hex() == mode.get("public", key.public.hex())


@pytest.mark.parametrize(("mode", "vector"), list(_vectors()))
def test_every_step_gives_what_the_rfc_has(mode: dict[str, Any], vector: dict[str, Any]) -> None:
    of = oprf.Mode(mode["mode"])
    key = oprf.derive_key_pair(bytes.fromhex(RFC["seed"]), bytes.fromhex(RFC["info"]), of)
    inputs, blinds = _hex(vector["inputs"]), _hex(vector["blinds"])
    blinded = [oprf.blind(text, of, scalar) for text, scalar in zip(inputs, blinds, strict=True)]
    elements = [each.element for each in blinded]
    assert elements == _hex(vector["elements"])
    evaluated = oprf.evaluate(key, elements)
    assert evaluated == _hex(vector["evaluated"])
    assert [oprf.finish(*each) for each in zip(blinded, evaluated, strict=True)] == _hex(vector["outputs"])
    if "proof" in vector:
        proof = oprf.prove(key, elements, evaluated, bytes.fromhex(vector["proof_scalar"]))
        assert proof.hex() == vector["proof"]
        oprf.verify(key.public, elements, evaluated, proof)


@pytest.mark.parametrize("encoding", NO_POINTS)
def test_what_is_no_point_is_refused(encoding: str) -> None:
    with pytest.raises(Refused, match="no element of ristretto255") as refused:
        oprf.evaluate(KEY, [bytes.fromhex(encoding)])
    assert refused.value.check is Check.POINT


@given(st.lists(st.binary(max_size=60), min_size=1, max_size=4), st.data())
def test_a_proof_holds_for_what_it_was_made_of_alone(inputs: list[bytes], data: st.DataObject) -> None:
    elements = [oprf.blind(text).element for text in inputs]
    evaluated = oprf.evaluate(KEY, elements)
    proof = oprf.prove(KEY, elements, evaluated)
    oprf.verify(KEY.public, elements, evaluated, proof)
    other = oprf.derive_key_pair(bytes(32), b"another")
    place = data.draw(st.integers(0, len(elements) - 1))
    lies = (
        (other.public, elements, evaluated, proof),
        (KEY.public, elements, [*evaluated[:place], other.public, *evaluated[place + 1 :]], proof),
        (KEY.public, [*elements[:place], other.public, *elements[place + 1 :]], evaluated, proof),
        (KEY.public, elements, evaluated, proof[:32] + group.random_scalar()),
        (KEY.public, elements, evaluated, group.random_scalar() + proof[32:]),
        (KEY.public, elements, evaluated, proof[:63]),
        (KEY.public, elements, evaluated, proof[:32] + b"\xff" * 32),
        (KEY.public, elements, evaluated[1:], proof),
    )
    for lie in lies:
        with pytest.raises(Refused) as refused:
            oprf.verify(*lie)
        assert refused.value.check is Check.PROOF


@given(st.binary(max_size=80))
def test_the_output_is_of_input_and_key_alone(text: bytes) -> None:
    one, two = oprf.blind(text), oprf.blind(text)
    assert one.element != two.element  # asked twice, and nobody can tell
    assert oprf.finish(one, *oprf.evaluate(KEY, [one.element])) == oprf.finish(two, *oprf.evaluate(KEY, [two.element]))
