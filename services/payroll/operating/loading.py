"""Enter the figures that a folder of policy files brings along: `python -m payroll parameters load FOLDER`.

What is entered so counts for nothing until another person has checked it; figures that still have to be verified (L)
are proposals, and from their day the figure before them is ended. Loading again enters only what is not there yet.

Exits with 0 when all is entered, 2 when it could not be done.
"""

import argparse
import asyncio
import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import date
from itertools import groupby
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import DBAPIError

from common.actors import Actor, Role
from common.clock import today, utc_now
from common.ids import new_id
from common.keys import KeysMissing
from common.policy import ParameterRow, load_seeds
from common.policy.__main__ import POLICIES, import_all_rules
from common.policy.faults import PolicyFault
from common.service import Runtime
from common.settings import Settings
from common.transaction import Transaction, transaction
from payroll.commands.parameters import UNVERIFIED
from payroll.main import service
from payroll.models import Parameter, ParameterStatus

FINE, NOT_DONE = 0, 2
_ENDED = "此后的数值待核，前一数值不再沿用"


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m payroll parameters", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("what", choices=["load"])
    parser.add_argument("folder", nargs="?", type=Path, default=POLICIES, help="条款文件夹 folder of policy files")
    parser.add_argument("--account", required=True, help="录入人账号 the account that enters them")
    given = parser.parse_args(arguments)
    settings = Settings()
    if not settings.database_url:
        sys.stderr.write("缺少环境变量 DATABASE_URL：请在薪酬服务的环境中运行 (run it where payroll runs)\n")
        return NOT_DONE
    try:
        import_all_rules()
        seeds = load_seeds(given.folder)
        entered = asyncio.run(_on_database(settings, seeds.rows, given.account))
    except (PolicyFault, DBAPIError, KeysMissing, OSError) as error:
        sys.stderr.write(f"未能完成 (could not be done): {error}\n")
        return NOT_DONE
    open_rows = [row for row in seeds.rows if row.confidence == UNVERIFIED]
    sys.stdout.write(f"已录入 {entered} 行参数，待复核 ({entered} rows entered, to be checked)\n")
    for row in open_rows:
        sys.stdout.write(f"  待核 (to be verified): {row.code} {row.area or '全国'} {row.staff} {row.starts_on}\n")
    return FINE


async def _on_database(settings: Settings, rows: Iterable[ParameterRow], account: str) -> int:
    runtime = Runtime(service, settings)
    actor = Actor(account=account, roles=frozenset({Role.OPERATOR}), area="")
    about: dict[str, Any] = {"service": service.name, "policies": runtime.policies}
    try:
        async with transaction(runtime.sessions, actor=actor, now=utc_now(), **about) as tx:
            return await enter_rows(tx, rows, on=today(settings))
    finally:
        await runtime.engine.dispose()


async def enter_rows(tx: Transaction, rows: Iterable[ParameterRow], *, on: date) -> int:
    """Enter those that were never entered with that value; how many they were."""
    known = {_mark(row) for row in await tx.session.scalars(select(Parameter))}
    count = 0
    for row in with_ends(rows):
        if _mark(row) in known:
            continue
        count += 1
        tx.session.add(
            Parameter(
                parameter_id=new_id("parameter"),
                code=row.code,
                area=row.area,
                staff=row.staff,
                starts_on=row.starts_on,
                value=row.value,
                source=row.source,
                confidence=row.confidence,
                status=ParameterStatus.ENTERED,
                entered_by=tx.actor.account,
                entered_on=on,
            )
        )
    return count


def with_ends(rows: Iterable[ParameterRow]) -> Iterator[ParameterRow]:
    """The rows, and before each proposal that follows another row one that ends the figure on that day.

    Else the last figure known would hold on until somebody has looked at the proposal.
    """
    series = sorted(rows, key=lambda row: (row.code, row.area, row.staff, row.starts_on))
    for _, followed in groupby(series, key=lambda row: (row.code, row.area, row.staff)):
        for number, row in enumerate(followed):
            if number and row.confidence == UNVERIFIED and row.value is not None:
                yield replace(row, value=None, source=_ENDED, confidence="M")
            yield row


def _mark(row: Parameter | ParameterRow) -> tuple[str, str, str, date, str]:
    return row.code, row.area, row.staff, row.starts_on, json.dumps(row.value, sort_keys=True)
