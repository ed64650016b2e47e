"""A province nobody has seen yet is a policy file and no code."""

import shutil
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from common.policy import Policies, load_policies
from common.settings import ROOT
from common.testing import Bench
from payroll.models import PayrollBatch

FILE = """
id: MADE-UP
title: 某省社区工作者管理办法
area: "65"
staff: [community_worker]
starts_on: 2025-01-01
clauses:
  MADE-UP-1:
    at: 第一条
    says: {zh: 薪酬六成固定，四成由街道统筹分配。, en: Sixty per cent is fixed and the street shares out forty.}
    rules:
      pay.composition:
        components:
          - {component: fixed_pay, label_zh: 固定薪酬, kind: share_of_standard, share: "0.60"}
          - {component: results_pay, label_zh: 实绩薪酬, kind: pooled_share_of_standard, share: "0.40"}
      pool.shares: {weigh_by: score}
      contributions.amounts:
        schemes:
          - {scheme: pension, employer: "0.16", worker: "0.08", floor: "4000.00", ceiling: "20000.00",
             unit: "0.01", rounding: half_up}
"""


@pytest.fixture
def policies(tmp_path: Path) -> Policies:
    folder = tmp_path / "policies"
    shutil.copytree(ROOT / "policies", folder)
    folder.joinpath("made-up.yaml").write_text(FILE, "utf-8")
    return load_policies(folder)


class TestAnotherProvince:
    """MADE-UP-1 divides pay sixty to forty; national tax holds there as everywhere."""

    async def test_pays_by_its_own_split(
        self, office: Any, bench: Bench, policies: Policies, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        place = {"area": "650102001", "organisation_id": "community"}
        await office.has_standard("5000.00", area="65")
        for worker_id in ("li", "wang"):
            await office.has_worker(worker_id, **place, starts_on=date(2026, 3, 1))
        run_id = await office.opens(area="650102001")
        await office.scores(run_id, li=60, wang=40)

        with monkeypatch.context() as there:
            there.setattr(bench.runtime, "policies", policies)
            there.setattr(bench.runtime.consumer, "policies", policies)
            run = await office.calculates(run_id)

        assert (run.workers, run.set_aside) == (2, 0)
        slips = await office.slips()
        [batch] = await bench.rows(PayrollBatch)
        labels = {line["code"]: line["label_zh"] for line in batch.layout}
        assert [(code, labels[code], amount) for code, amount in (await office.lines(slips["li"])).items()] == [
            ("fixed_pay", "固定薪酬", Decimal("3000.00")),
            ("results_pay", "实绩薪酬", Decimal("2400.00")),
            ("pension_worker", "养老保险（个人）", Decimal("400.00")),
            ("pension_employer", "养老保险（单位）", Decimal("800.00")),
        ]
        assert slips["wang"].gross == 460000
