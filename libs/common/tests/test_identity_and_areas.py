from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from common.areas import Level, area_at, code_range, level_of, within
from common.errors import told_faults
from common.identity import (
    age_on,
    born_on,
    holds_identity_number,
    is_credit_code,
    is_female,
    is_identity_number,
    with_check_digit,
)
from common.text import AnyLine, Line, RowId, Words

DIGITS = st.text("0123456789", min_size=17, max_size=17)
CODES = st.sampled_from([0, 2, 4, 6, 9, 12]).flatmap(lambda size: st.text("0123456789", min_size=size, max_size=size))


class TestIdentityNumber:
    def test_the_example_of_the_standard_is_one(self):
        assert is_identity_number("11010519491231002X")

    @pytest.mark.parametrize(
        "number",
        [
            "110105194912310021",  # check digit
            "11010519491231002x",  # the check digit is a capital
            "110105194902300021",  # the thirtieth of February
            with_check_digit("11010519490230002"),
            with_check_digit("11010519491301002"),
            "１1010519491231002X",  # a full-width digit
            "1101051949123100",
            "",
            "X" * 18,
        ],
    )
    def test_these_are_none(self, number):
        assert not is_identity_number(number)

    @given(day=st.dates(date(1900, 1, 1)), place=st.text("0123456789", min_size=6, max_size=6), wrong=st.integers(1, 9))
    def test_one_wrong_digit_is_always_found(self, day, place, wrong):
        number = with_check_digit(f"{place}{day:%Y%m%d}123")
        changed = str((int(number[3]) + wrong) % 10)

        assert is_identity_number(number)
        assert born_on(number) == day
        assert not is_identity_number(number[:3] + changed + number[4:])

    def test_the_seventeenth_digit_tells_the_sex(self):
        assert is_female("11010519491231002X")

    @pytest.mark.parametrize(("day", "age"), [(date(2024, 2, 28), 23), (date(2024, 2, 29), 24), (date(2023, 3, 1), 23)])
    def test_years_are_completed_on_the_birthday(self, day, age):
        assert age_on(date(2000, 2, 29), day) == age


class TestTextThatHoldsAnIdentityNumber:
    @pytest.mark.parametrize(
        "text",
        [
            pytest.param("11010519491231002X", id="by itself"),
            pytest.param("核对11010519491231002x无误", id="within a sentence, with a small letter"),
            pytest.param("11010519491231002X-1", id="with an ending"),
            pytest.param("no.110101199003070134", id="behind letters"),
            pytest.param("110101 19900307 0134", id="in groups"),
            pytest.param("110101-19900307-0134", id="in groups with dashes"),
            pytest.param("１１０１０１１９９００３０７０１３４", id="in full width"),
            pytest.param("220102900101123", id="of fifteen digits"),
            pytest.param("旧证220102900101123。", id="of fifteen digits within a sentence"),
        ],
    )
    def test_is_found(self, text):
        assert holds_identity_number(text)

    @pytest.mark.parametrize(
        "text",
        [
            pytest.param("110101199003070135", id="a wrong check digit"),
            pytest.param("6222021234567890128", id="a card number"),
            pytest.param("1101011990030701341", id="nineteen digits"),
            pytest.param("9110101199003070134", id="a digit before"),
            pytest.param(with_check_digit("99010119900307013"), id="a province that there is none of"),
            pytest.param(with_check_digit("11010121900307013"), id="a birth in the next century"),
            pytest.param("220102901301123", id="fifteen digits with a thirteenth month"),
            pytest.param("2201029001011234", id="sixteen digits"),
            pytest.param("account-019a0220102900101123c", id="digits within an id of ours"),
            pytest.param("吉人社发〔2026〕15号 20260328-000123", id="numbers of documents"),
            pytest.param("91350100M000100Y43", id="a credit code"),
            pytest.param("", id="nothing"),
        ],
    )
    def test_is_not_seen_in(self, text):
        assert not holds_identity_number(text)

    @given(day=st.dates(date(1850, 1, 1), date(2099, 12, 31)), order=st.integers(0, 999))
    def test_is_found_whatever_its_day(self, day, order):
        assert holds_identity_number(with_check_digit(f"650102{day:%Y%m%d}{order:03d}"))

    @pytest.mark.parametrize("kind", [Line, Words, RowId])
    def test_is_refused_with_words_of_what_to_do(self, kind):
        with pytest.raises(ValidationError) as refused:
            TypeAdapter(kind).validate_python("110101199003070134-1")
        for english, words in ((False, "不得填写身份证件号码"), (True, "must hold no identity number")):
            [fault] = told_faults(refused.value.errors(), at=("body", "note"), english=english)
            assert (fault["pointer"], fault["code"]) == ("#/body/note", "IDENTITY_NUMBER")
            assert fault["detail"].startswith(words)
            assert "110101199003070134" not in str(fault)

    def test_may_stand_where_it_is_sealed(self):
        assert TypeAdapter(AnyLine).validate_python("110101199003070134") == "110101199003070134"


class TestCreditCode:
    @pytest.mark.parametrize(
        "code",
        [
            "91350100M000100Y43",  # the example of the standard
            "81420103MC0123456M",  # a union
            "55420103MF12345674",  # a residents' committee
            "N2330903MF1234567J",  # a registrar with a letter, which python-stdnum refuses
        ],
    )
    def test_these_are_codes(self, code):
        assert is_credit_code(code)

    @pytest.mark.parametrize(
        "code",
        [
            "91350100M000100Y44",  # check character
            "91350100m000100Y43",  # letters are capitals
            "9135010OM000100Y43",  # a letter in the district
            "91350100I000100Y43",  # a letter that is not used
            " 91350100M000100Y43",
            "91350100M000100Y43\n",
            "９1350100M000100Y43",  # a full-width digit
            "91350100M000100Y4",
            "",
        ],
    )
    def test_these_are_none(self, code):
        assert not is_credit_code(code)


class TestAreas:
    @given(area=CODES, scope=CODES)
    def test_the_range_holds_exactly_the_codes_within(self, area, scope):
        lowest, highest = code_range(scope)

        for code in (area, (scope + area)[:12], (scope + "9" * 12)[:12]):
            if code:
                assert (lowest <= code < highest) == within(code, scope)

    @pytest.mark.parametrize("area", ["3", "320", "ab", "None", "3２", "32010a", " 2", "%%"])
    def test_these_are_no_codes(self, area):
        with pytest.raises(ValueError, match="not an area code"):
            level_of(area)

    def test_a_code_names_the_levels_above_it(self):
        assert area_at("320102001", Level.COUNTY) == "320102"
        assert area_at("3201", Level.COUNTY) is None
        assert level_of("") is Level.NATION
