"""A term may leave its figure to a row: found by place, kind of staff and day, or missed by name."""

import json
from datetime import date, timedelta
from typing import Annotated, Any

import httpx
import pytest
from fastapi import FastAPI
from pydantic import BaseModel, ConfigDict, Field

from common.errors import add_error_handlers
from common.policy import (
    RULES,
    FiguresUnfit,
    ParameterMissing,
    ParameterRow,
    Parameters,
    Terms,
    load_policies,
    load_seeds,
    rule,
)
from common.policy.decisions import decide, recompute
from common.policy.faults import PolicyFault
from common.policy.parameters import PARAMETERS, ParameterKind, kind_of, parameter, placeholders
from common.tests.diary import registered

JULY = date(2026, 7, 1)
CODE = "trial.wage"


class Wage(BaseModel):
    monthly: Annotated[int, Field(gt=0)]
    hourly: int | None = None


class Level(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: str
    pays: int


class Paid(Terms):
    least: int | None = Field(default=None, lt=1000)
    hourly: int | None = None
    levels: tuple[Level, ...] = ()


@rule("trial.paid")
def paid(terms: Paid, *, given: int) -> bool:
    return terms.least is not None and given >= terms.least


RULES.pop(paid.name)


@pytest.fixture(autouse=True)
def catalogue():
    known = dict(PARAMETERS)
    parameter(CODE, Wage, title="试行工资", unit="元")
    parameter("trial.plain.*", int, title="试行数 {}", unit="元", names={"first": "第一"})
    parameter("trial.by_platform", int, title="平台自用数", unit="元", by_platform=True)
    with registered(paid):
        yield
    PARAMETERS.clear()
    PARAMETERS.update(known)


def row(value: Any, *, code="trial.plain.first", area="32", staff="", starts_on=JULY):
    return ParameterRow(f"{area}{staff}{starts_on}", code, area, staff, starts_on, value)


class TestWhichRow:
    """Of the nearest area; there, the kind of staff before everybody; from its day until the next one's."""

    ROWS = Parameters(
        [
            row(1, area="", starts_on=date(2026, 1, 1)),
            row(2),
            row(3, staff="clerk"),
            row(4, area="3201"),
            row(5, area="3201", starts_on=date(2026, 8, 1)),
            row(None, area="3202"),
        ]
    )

    @pytest.mark.parametrize(
        ("area", "staff", "on", "value"),
        [
            pytest.param("330102", "clerk", JULY, 1, id="the nation's, where the province has none"),
            pytest.param("320301001", "cook", JULY, 2, id="the province's, for everybody"),
            pytest.param("320301001", "clerk", JULY, 3, id="the province's own for the kind of staff"),
            pytest.param("320102", "clerk", JULY, 4, id="the city's, before a narrower staff of the province"),
            pytest.param("320102", "clerk", date(2026, 7, 31), 4, id="until the day before the next"),
            pytest.param("320102", "clerk", date(2026, 8, 1), 5, id="the next one from its day"),
            pytest.param("320102", "clerk", date(2026, 6, 30), 1, id="the nation's, before the city's begins"),
            pytest.param("320102", "clerk", date(2025, 12, 31), None, id="none, before the first of all"),
            pytest.param("320201", "clerk", JULY, None, id="none, where the city's has ended"),
            pytest.param("320201", "clerk", JULY - timedelta(1), 1, id="the nation's, the day before it ended"),
            pytest.param("3", "clerk", JULY, 1, id="the nation's, for what is no area"),
        ],
    )
    def test_has_the_say(self, area, staff, on, value):
        found = self.ROWS.find("trial.plain.first", area=area, staff=staff, on=on)

        assert (found.value if found else None) == value

    def test_is_another_when_rows_are_proposed(self):
        proposed = self.ROWS.with_rows([row(40, area="3201"), row(50, area="3204")])

        def found(parameters: Parameters, area: str) -> Any:
            return parameters.get("trial.plain.first", area=area, staff="", on=JULY).value

        assert (found(proposed, "3201"), found(proposed, "3204")) == (40, 50)
        assert (found(self.ROWS, "3201"), found(self.ROWS, "3204")) == (4, 2)


class TestMissing:
    def test_names_the_figure_the_place_the_day_and_what_to_do(self):
        with pytest.raises(ParameterMissing) as missing:
            Parameters().get("trial.plain.first", area="320102", staff="clerk", on=JULY, clause="A-1")

        error = missing.value
        assert (error.code, error.area, error.staff, error.on, error.clause) == (
            "trial.plain.first", "320102", "clerk", JULY, "A-1",
        )  # fmt: skip
        for words in ("试行数 第一", "trial.plain.first", "320102", "2026-07-01", "A-1", "录入", "另一人复核"):
            assert words in error.zh
        for words in ("trial.plain.first", "320102", "clerk", "2026-07-01", "A-1", "Enter it"):
            assert words in error.en

    def test_says_since_when_a_figure_has_ended(self):
        with pytest.raises(ParameterMissing) as missing:
            Parameters([row(None)]).get("trial.plain.first", area="32", staff="", on=date(2026, 9, 1))

        assert "已自 2026-07-01 起停止执行" in missing.value.zh
        assert "ended on 2026-07-01" in missing.value.en


class TestAnswer:
    @pytest.mark.parametrize(("language", "words"), [("zh", "试行数 第一"), ("en", "Enter it from its document")])
    async def test_of_a_route_says_which_figure_is_missing(self, language, words):
        app = FastAPI()
        add_error_handlers(app)

        @app.get("/pay")
        async def pay() -> None:
            Parameters().get("trial.plain.first", area="320102", staff="clerk", on=JULY, clause="A-1")

        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://service") as client:
            answer = await client.get("/pay", headers={"Accept-Language": language})

        assert (answer.status_code, answer.json()["code"], answer.json()["clause"]) == (409, "PARAMETER_MISSING", "A-1")
        assert answer.json()["params"] == {
            "code": "trial.plain.first", "area": "320102", "staff": "clerk", "on": "2026-07-01",
        }  # fmt: skip
        assert words in answer.json()["detail"]


def of_wage(monthly: int) -> Parameters:
    wage = {"monthly": monthly, "hourly": None}
    return Parameters(ROWS).with_rows([ParameterRow("wage-2", CODE, "3201", "", JULY, wage)])


class TestUnfit:
    """A checked figure that the clause's own terms do not take."""

    def test_is_one_beyond_what_the_terms_take(self, folder):
        policies = load_policies(folder(clause(TERMS)))

        assert decided(policies, of_wage(999), given=999).permits
        with pytest.raises(FiguresUnfit) as unfit:
            decided(policies, of_wage(1000))
        assert (unfit.value.clause, unfit.value.codes) == ("A-1", ["trial.plain.first", CODE])
        assert "A-1 不能以已录入的数值" in unfit.value.zh
        assert "less than 1000" in unfit.value.en

    async def test_is_told_to_whoever_asks(self, folder):
        app = FastAPI()
        add_error_handlers(app)
        policies = load_policies(folder(clause(TERMS)))

        @app.get("/pay")
        async def pay() -> None:
            decided(policies, of_wage(1000))

        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://service") as client:
            answer = await client.get("/pay")

        assert (answer.status_code, answer.json()["code"], answer.json()["clause"]) == (409, "FIGURES_UNFIT", "A-1")


class TestReferences:
    def test_may_stand_anywhere_in_a_value(self):
        value = {"a": [1, {"parameter": "x"}], "b": {"parameter": "y", "of": "monthly"}, "c": {"d": "parameter"}}

        assert [(one.path, one.code, one.of) for one in placeholders(value)] == [
            (("a", 1), "x", None),
            (("b",), "y", "monthly"),
        ]

    def test_say_nothing_beside_the_code_and_the_part(self):
        with pytest.raises(ValueError, match="'from'"):
            list(placeholders({"parameter": "x", "from": 1}))


def clause(terms: str, *, clause_id="A-1", more="") -> str:
    return f"  {clause_id}:\n    at: x\n    says: {{zh: 某, en: some}}\n{more}    rules: {{trial.paid: {terms}}}\n"


def document(*clauses: str) -> str:
    return 'id: A\ntitle: A\narea: "32"\nstaff: []\nstarts_on: 2026-01-01\nclauses:\n' + "".join(clauses)


@pytest.fixture
def folder(tmp_path):
    """A folder of one document and, where given, one file of parameters."""

    def write(*clauses: str, **parameters: str):
        (tmp_path / "A.yaml").write_text(document(*clauses), "utf-8")
        (tmp_path / "parameters").mkdir(exist_ok=True)
        for name, content in parameters.items():
            (tmp_path / "parameters" / f"{name}.yaml").write_text(content, "utf-8")
        return tmp_path

    return write


TERMS = (
    "{least: {parameter: trial.wage, of: monthly}, hourly: {parameter: trial.wage, of: hourly}, "
    "levels: [{name: low, pays: {parameter: trial.plain.first}}, {name: high, pays: 9}]}"
)
ROWS = (
    ParameterRow("wage-1", CODE, "3201", "", date(2026, 3, 1), {"monthly": 5, "hourly": None}),
    ParameterRow("plain-1", "trial.plain.first", "32", "", date(2026, 2, 1), 7),
)


def decided(policies, parameters, *, on=JULY, area="320102", given=5):
    return decide(paid, policies=policies, area=area, staff="clerk", on=on, parameters=parameters, given=given)


class TestDecision:
    """The terms are those filled in, and say from which rows and since when."""

    def test_carries_the_figures_their_days_and_their_rows(self, folder):
        decision = decided(load_policies(folder(clause(TERMS))), Parameters(ROWS))

        assert decision.terms == {
            "least": 5,
            "hourly": None,
            "levels": [{"name": "low", "pays": 7}, {"name": "high", "pays": 9}],
        }
        assert decision.terms_since == {
            "least": date(2026, 3, 1), "hourly": date(2026, 3, 1), "levels": date(2026, 2, 1),
        }  # fmt: skip
        assert decision.parameters == {CODE: "wage-1", "trial.plain.first": "plain-1"}

    def test_computes_again_from_what_it_carries(self, folder):
        decision = decided(load_policies(folder(clause(TERMS))), Parameters(ROWS))
        restored = type(decision).model_validate(json.loads(decision.model_dump_json()))

        assert recompute(restored) is restored.outcome is True
        assert restored.parameters == decision.parameters

    def test_is_not_made_where_a_figure_is_missing(self, folder):
        policies = load_policies(folder(clause(TERMS)))

        with pytest.raises(ParameterMissing) as missing:
            decided(policies, Parameters(ROWS[1:]))
        assert (missing.value.code, missing.value.clause, missing.value.area) == (CODE, "A-1", "320102")

    @pytest.mark.parametrize(
        ("on", "found"), [(date(2026, 2, 28), False), (date(2026, 3, 1), True)], ids=["the day before", "its first day"]
    )
    def test_begins_with_the_later_row(self, folder, on, found):
        policies = load_policies(folder(clause(TERMS)))

        if found:
            assert decided(policies, Parameters(ROWS), on=on).permits
        else:
            with pytest.raises(ParameterMissing):
                decided(policies, Parameters(ROWS), on=on)

    def test_of_another_row_leaves_the_digest_of_the_document_as_it_was(self, folder):
        policies = load_policies(folder(clause(TERMS)))
        later = Parameters(ROWS).with_rows([ParameterRow("wage-2", CODE, "3201", "", JULY, {"monthly": 6})])
        later = later.with_rows([ParameterRow("wage-2", CODE, "3201", "", JULY, {"monthly": 6, "hourly": 1})])
        before, after = decided(policies, Parameters(ROWS)), decided(policies, later)

        assert (before.permits, after.permits) == (True, False)
        assert before.policy_digest == after.policy_digest
        assert after.parameters[CODE] == "wage-2"


SEEDS = """
"3201":
  trial.wage:
    - {from: 2026-03-01, value: {monthly: 5, hourly: 1}, source: 某文, confidence: H}
    - {from: 2026-07-01, value: {monthly: 6}, source: 某文, confidence: L}
  trial.plain.first:
    - {from: 2026-03-01, value: 1, source: 某文, confidence: M}
    - {from: 2026-03-01, value: 2, source: 某文, confidence: M, staff: clerk}
    - {from: 2026-09-01, value: null, source: 某文, confidence: M}
"""


class TestFigures:
    """What a folder brings along in `parameters/`."""

    def test_are_read_with_their_place_day_source_and_confidence(self, folder):
        rows = load_seeds(folder(clause("{}"), a=SEEDS)).rows

        assert [(one.code, one.staff, one.starts_on.month, one.value, one.confidence) for one in rows] == [
            ("trial.plain.first", "", 3, 1, "M"),
            ("trial.plain.first", "", 9, None, "M"),
            ("trial.plain.first", "clerk", 3, 2, "M"),
            ("trial.wage", "", 3, {"monthly": 5, "hourly": 1}, "H"),
            ("trial.wage", "", 7, {"monthly": 6, "hourly": None}, "L"),
        ]
        assert {(one.area, one.source) for one in rows} == {("3201", "某文")}

    def test_fill_the_clauses_that_are_checked(self, folder):
        assert load_policies(folder(clause(TERMS), a=SEEDS), strict=True).documents

    def test_are_not_needed_for_a_clause_to_be_checked(self, folder):
        assert load_policies(folder(clause(TERMS)), strict=True).documents

    @pytest.mark.parametrize(
        ("terms", "told"),
        [
            pytest.param("{moost: {parameter: trial.plain.first}}", "moost: not known here", id="a misspelt term"),
            pytest.param(
                "{levels: [{name: low, pays: {parameter: trial.plain.first}, pay: 1}]}", "known", id="a misspelt part"
            ),
            pytest.param("{levels: [{pays: {parameter: trial.plain.first}}]}", "levels.0.name: missing", id="a gap"),
            pytest.param("{least: {parameter: trial.plain.first, to: 1}}", "'to' beside parameter", id="more said"),
            pytest.param(
                "{least: {parameter: trial.nothing}}", "trial.nothing: no such parameter", id="an unknown code"
            ),
        ],
    )
    def test_do_not_hide_what_is_wrong_around_them(self, folder, terms, told):
        with pytest.raises(PolicyFault) as fault:
            load_policies(folder(clause(terms)), strict=True)

        assert any("A.yaml: A-1: trial.paid" in line and told in line for line in fault.value.faults)

    def test_that_do_not_suit_the_clause_are_told_with_their_day(self, folder):
        seeds = '"3201":\n  trial.wage:\n    - {from: 2026-03-01, value: {monthly: 5}, source: 某文, confidence: H}\n'
        with pytest.raises(PolicyFault) as fault:
            load_policies(folder(clause("{least: {parameter: trial.wage}}"), a=seeds), strict=True)

        assert [line for line in fault.value.faults if "from 2026-03-01: least" in line]

    @pytest.mark.parametrize(
        ("rows", "told"),
        [
            pytest.param("trial.nothing: []", "trial.nothing: no such parameter", id="an unknown code"),
            pytest.param(
                "trial.wage: [{from: 2026-03-01, value: {monthly: 0}, source: x, confidence: H}]",
                "from 2026-03-01: monthly: Input should be greater than 0",
                id="a value that its code does not allow",
            ),
            pytest.param(
                "trial.wage: [{from: 2026-03-01, value: null, source: x, confidence: H}, "
                "{from: 2026-02-01, value: null, source: x, confidence: H}]",
                "from 2026-02-01: put the days in rising order",
                id="days out of order",
            ),
            pytest.param("trial.wage: [{from: 2026-03-01, value: null, source: x}]", "lacks confidence", id="no mark"),
            pytest.param(
                "trial.wage: [{from: 2026-03-01, value: null, source: '', confidence: H}]", "source", id="no source"
            ),
            pytest.param(
                "trial.wage: [{from: 2026-03-01, value: null, source: x, confidence: X}]",
                "H, M or L",
                id="another mark",
            ),
            pytest.param(
                "trial.plain.other: [{from: 2026-03-01, value: 1, source: x, confidence: H}]",
                "trial.plain.other: no clause refers to it",
                id="a figure that no clause asks for",
            ),
        ],
    )
    def test_with_a_fault_are_told_by_file_place_and_code(self, folder, rows, told):
        with pytest.raises(PolicyFault) as fault:
            load_policies(folder(clause(TERMS), a=f'"3201":\n  {rows}\n'), strict=True)

        assert any(told in line and line.startswith("parameters") for line in fault.value.faults)

    def test_that_the_platform_asks_for_need_no_clause(self, folder):
        seeds = '"3201":\n  trial.by_platform: [{from: 2026-03-01, value: 1, source: x, confidence: H}]\n'

        assert load_policies(folder(clause(TERMS), a=seeds), strict=True).documents

    def test_of_one_place_stand_once_in_all_files(self, folder):
        one = '"3201":\n  trial.wage: [{from: 2026-03-01, value: {monthly: 5}, source: x, confidence: H}]\n'
        with pytest.raises(PolicyFault, match="stands twice"):
            load_policies(folder(clause(TERMS), a=one, b=one), strict=True)


class TestCodes:
    def test_are_known_by_their_pattern(self):
        kind = kind_of("trial.plain.first")

        assert isinstance(kind, ParameterKind)
        assert (kind.code, kind.title) == ("trial.plain.first", "试行数 第一")

    @pytest.mark.parametrize("code", ["trial.plain", "trial.plain.", "trial.plain.first.more", "trial.wage.x", "wage"])
    def test_are_not_guessed(self, code):
        assert kind_of(code) is None
