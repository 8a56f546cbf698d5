"""Worked examples WE-38, WE-39, WE-42, WE-43, and what the errors say."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from project_box import codes
from project_box.kernel.errors import BadInput


def test_we_38_credit_code() -> None:
    body = "91350100M000100Y4"
    total = sum(codes.CREDIT_ALPHABET.index(c) * pow(3, i, 31) for i, c in enumerate(body))
    assert total == 1640
    assert total % 31 == 28
    assert codes.credit_check_character(body) == "3"
    assert codes.check_credit_code("91350100M000100Y43") == "91350100M000100Y43"
    assert codes.check_credit_code(" 9144030071526726xg ") == "9144030071526726XG"
    with pytest.raises(BadInput) as error:
        codes.check_credit_code("91350100M000100Y4Z")
    assert "第 18 位“Z”" in error.value.zh


@pytest.mark.parametrize(
    ("code", "says"),
    [
        ("91350100M000100Y4", "应为 18 位，实为 17 位"),
        ("91350100M000100Y44", "校验位（第 18 位）应为“3”，实为“4”"),
        ("9135010OM000100Y43", "第 8 位“O”"),
        ("91A50100M000100Y43", "行政区划"),
    ],
)
def test_credit_code_errors_name_the_fault(code: str, says: str) -> None:
    with pytest.raises(BadInput) as error:
        codes.check_credit_code(code)
    assert says in error.value.zh


def test_we_39_id_card() -> None:
    assert codes.id_check_character("11010519491231002") == "X"
    assert codes.id_check_character("44052418800101001") == "4"
    assert codes.check_id_card("11010519491231002x") == "11010519491231002X"
    assert codes.check_id_card("440524188001010014") == "440524188001010014"


@pytest.mark.parametrize(
    ("code", "says"),
    [
        ("110105194912310021", "校验位应为“X”"),
        ("110105194913310021", "出生日期 19491331 不存在"),
        ("1101051949123100", "18 位"),
        ("11010519491231002A", "数字"),
    ],
)
def test_id_card_errors_name_the_fault(code: str, says: str) -> None:
    with pytest.raises(BadInput) as error:
        codes.check_id_card(code)
    assert says in error.value.zh


def test_we_42_project_code() -> None:
    assert codes.check_project_code("2101-430104-04-01-123456") == "2101-430104-04-01-123456"
    for wrong in (
        "21014301040401123456",
        "2101-430104-04-01-12345",
        "2101-430104-04-01-1234567",
        "210-1430104-04-01-123456",
        "2101-430104-04-01-12345X",
        "٢101-430104-04-01-123456",
    ):
        with pytest.raises(BadInput):
            codes.check_project_code(wrong)


def test_we_43_property_unit() -> None:
    parcel = "450103001001GB00001"
    assert codes.check_parcel_code(parcel) == parcel
    assert codes.check_property_unit(parcel + "F00010001") == parcel + "F00010001"
    assert codes.check_property_unit(parcel + "W00000000") == parcel + "W00000000"
    with pytest.raises(BadInput) as error:
        codes.check_property_unit(parcel + "K00010001")
    assert "F(房屋等)" in error.value.zh
    with pytest.raises(BadInput):
        codes.check_property_unit(parcel + "W00010001")
    with pytest.raises(BadInput):
        codes.check_parcel_code("450103001001XB00001")


@given(st.text(max_size=40))
def test_any_text_is_answered(text: str) -> None:
    for check in codes.VALIDATORS.values():
        try:
            assert isinstance(check(text), str)
        except BadInput as error:
            assert error.zh


@given(
    st.text(alphabet=codes.CREDIT_ALPHABET, min_size=9, max_size=9), st.integers(0, 17), st.integers(1, 30)
)
def test_any_single_change_is_found(body: str, position: int, shift: int) -> None:
    code = "91430104" + body
    code += codes.credit_check_character(code)
    assert codes.check_credit_code(code) == code
    changed = codes.CREDIT_ALPHABET[(codes.CREDIT_ALPHABET.index(code[position]) + shift) % 31]
    with pytest.raises(BadInput):
        codes.check_credit_code(code[:position] + changed + code[position + 1 :])
