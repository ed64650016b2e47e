import asyncio
import json

import pytest

from payroll.models import PayrollRun
from payroll.operating import what_if

PROPOSAL = """
area: "220102001"
staff: community_worker
month: "2026-03"
standards:
  - {post_class: ordinary, grade: 1, monthly_amount: "5000.00"}
"""


class TestMain:
    """`python -m payroll what-if FILE`: 0 reckoned, 2 not."""

    @pytest.fixture
    async def street(self, office, monkeypatch):
        await office.has_standard("4000.00")
        await office.has_worker("zhang")
        await office.enters("zhang", score="90")
        monkeypatch.setenv("DATABASE_URL", office.bench.runtime.settings.database_url)
        return office

    @staticmethod
    async def ends(tmp_path, text: str, *more: str) -> int:
        (tmp_path / "proposal.yaml").write_text(text, "utf-8")
        return await asyncio.to_thread(what_if.main, [str(tmp_path / "proposal.yaml"), *more])

    async def test_prints_the_cost_by_street_and_who_gains(self, street, tmp_path, capsys):
        assert await self.ends(tmp_path, PROPOSAL) == 0

        out = capsys.readouterr().out
        assert "220102001" in out
        assert "4000.00" in out
        assert "5000.00" in out
        assert "增加 gain 1 人" in out
        assert await street.bench.rows(PayrollRun) == []

    async def test_prints_json_as_the_api_answers(self, street, tmp_path, capsys):
        assert await self.ends(tmp_path, PROPOSAL, "--json") == 0

        outcome = json.loads(capsys.readouterr().out)
        assert (outcome["before"]["gross"], outcome["after"]["gross"], outcome["gain"]) == ("4000.00", "5000.00", 1)
        assert [person["worker_id"] for person in outcome["people"]] == ["zhang"]

    @pytest.mark.parametrize(
        ("text", "words"),
        [
            pytest.param("area: nowhere", "area", id="what the file says is not a proposal"),
            pytest.param("a: [", "a: [", id="the file is no YAML"),
            pytest.param(PROPOSAL + 'parameters: {"wage.roof": 1}\n', "wage.roof", id="a parameter nobody knows"),
            pytest.param(
                PROPOSAL + 'parameters: {"contribution.pension.rates": null}\n',
                "contribution.pension.rates",
                id="a figure is missing then",
            ),
        ],
    )
    async def test_says_what_it_cannot_do(self, street, tmp_path, capsys, text, words):
        assert await self.ends(tmp_path, text) == 2
        assert words.split(":")[0] in capsys.readouterr().err
