"""What pay would come to by other figures: `python -m payroll what-if FILE`, nothing is written.

FILE is YAML or JSON: area, staff, month, and what is proposed: `parameters` by code, `standards` of class and grade,
`choices` by clause and term, as the API's /what-ifs takes them. Prints the cost by street and who would lose or gain.

Exits with 0 when it was reckoned, 2 when the file cannot be read, a figure is missing, or there is no database.
"""

import argparse
import asyncio
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError
from sqlalchemy.exc import DBAPIError
from tqdm import tqdm

from common.actors import service_actor
from common.errors import BusinessError
from common.policy import FiguresUnfit, NoClause, NotChosen, ParameterMissing, Policies, load_policies
from common.settings import Settings
from common.transaction import Sessions, reading
from payroll.api.what_if import ProposalInput, WhatIf, summed
from payroll.commands import what_if as commands
from payroll.operating.progress import sessions_of

FINE, NOT_DONE = 0, 2
USUALLY_LISTED = 20


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m payroll what-if", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("file", type=Path, help="测算方案 the proposal")
    parser.add_argument("--people", type=int, default=USUALLY_LISTED, help="列出多少人 how many people to list")
    parser.add_argument("--json", action="store_true", help="输出 JSON instead of a table")
    given = parser.parse_args(arguments)
    settings = Settings()
    if not settings.database_url:
        return _cannot("缺少环境变量 DATABASE_URL：请在薪酬服务的环境中运行 (run it where payroll runs)")
    try:
        body = read_proposal(given.file.read_text("utf-8"))
        outcome = asyncio.run(_on_database(settings, body, people=given.people))
    except (OSError, DBAPIError, ValidationError, yaml.YAMLError, UnicodeDecodeError) as error:
        return _cannot(str(error))
    except BusinessError as error:
        return _cannot(error.detail("zh"))
    except (ParameterMissing, FiguresUnfit, NoClause, NotChosen) as error:
        return _cannot(error.zh)
    sys.stdout.write(json.dumps(outcome, ensure_ascii=False) + "\n" if given.json else as_table(outcome))
    return FINE


def read_proposal(text: str) -> ProposalInput:
    return ProposalInput.model_validate(yaml.safe_load(text))


async def _on_database(settings: Settings, body: ProposalInput, *, people: int) -> dict[str, Any]:
    async with sessions_of(settings) as sessions:
        return await reckon(sessions, load_policies(settings.policies_dir), body, people=people)


async def reckon(sessions: Sessions, policies: Policies, body: ProposalInput, *, people: int) -> dict[str, Any]:
    """As the API answers; in one read-only transaction, so that nothing changes between the streets."""
    proposal = body.proposal()
    costs = []
    async with reading(sessions, actor=service_actor("payroll")) as session:
        streets = await commands.streets_of(session, proposal)
        with tqdm(total=len(streets), unit="街道", file=sys.stderr) as bar:
            async for cost in commands.reckon(session, policies, proposal, streets=streets):
                costs.append(cost)
                bar.update()
    return WhatIf.model_validate(summed(costs, limit=people)).model_dump(mode="json")


def as_table(outcome: dict[str, Any]) -> str:
    lines = [f"{'地区 area':<14}{'人数':>6}{'应发前':>16}{'应发后':>16}{'单位缴费前':>14}{'单位缴费后':>14}{'另列':>6}"]
    for street in [*outcome["streets"], {"area": "合计", "before": outcome["before"], "after": outcome["after"]}]:
        before, after = street["before"], street["after"]
        shown = ("—", "—") if before is None else (before["gross"], before["employer"])
        lines.append(
            f"{street['area']:<14}{after['workers']:>6}{shown[0]:>16}{after['gross']:>16}{shown[1]:>14}"
            f"{after['employer']:>14}{after['set_aside']:>6}"
        )
    lines.append(f"减少 lose {outcome['lose']} 人，增加 gain {outcome['gain']} 人")
    for person in outcome["people"]:
        aside = f"  不能发放：{'、'.join(person['set_aside'])}" if person["set_aside"] else ""
        lines.append(
            f"  {person['worker_id']}  {person['net_before']} → {person['net_after']}（{person['change']}）{aside}"
        )
    return "\n".join(lines) + "\n"


def _cannot(words: str) -> int:
    sys.stderr.write(f"{words}\n")
    return NOT_DONE
