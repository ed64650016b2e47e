"""Erased means gone: strings that stand nowhere else are followed through the log until nothing of them is left."""

import io
import logging
import os
import re
import subprocess
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import structlog
from sqlalchemy import make_url, select, text
from sqlalchemy.ext.asyncio import create_async_engine

from audit.commands.carrying import export_log
from audit.commands.publishing import Publisher
from audit.models import Disclosure
from audit.queries.disclosures import disclosures_of
from audit.queries.log import log_path
from audit.rules.disclosures import read_disclosure
from audit.tests.canaries import CANARIES, found_below, found_in
from audit.tests.telling import a_decision, record_of
from audit.tlog.findings import Outcome
from audit.tlog.verifying import ReceiptReport, verify_receipt
from common.actors import Role, service_actor
from common.consumer import key_and_headers
from common.embedded.postgres import binaries
from common.testing import Bench

SUBJECT, ACCOUNT, AREA, ORGANISATION = (CANARIES[name] for name in ("subject", "account", "area", "organisation"))
ALL = set(CANARIES)
CLERK = ACCOUNT.partition("|")[2]

Publish = Callable[[], Awaitable[bool]]
Said = Callable[[], str]


def of_them(number: int) -> Any:
    return a_decision(
        number,
        subject=SUBJECT,
        account=ACCOUNT,
        area=AREA,
        organisation=ORGANISATION,
        facts={"grades": {"2025": CANARIES["fact"]}},
        outcome={"because": CANARIES["fact"]},
        words={"zh": CANARIES["words"], "en": CANARIES["words"]},
    )


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> Said:
    """All that is logged from here on, down to the finest level, whatever level was set before."""
    written = io.StringIO()
    logger = structlog.wrap_logger(
        structlog.PrintLogger(written),
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.DEBUG),
    )
    for name, module in list(sys.modules.items()):
        ours = name.startswith(("audit.", "common."))
        if ours and isinstance(getattr(module, "log", None), type(structlog.get_logger())):
            monkeypatch.setattr(module, "log", logger)
    return lambda: written.getvalue() + caplog.text


@dataclass
class Lived:
    """What the log has been through, and what was carried away: two receipts and the checkpoint."""

    bench: Bench
    publisher: Publisher
    receipts: list[str] = field(default_factory=list)
    saved: str = ""

    async def ask(self, path: str, *, by: str = "auditor", **headers: str) -> str:
        async with self.bench.client(Role.AUDITOR, subject=by) as client:
            answer = await client.get(path, headers=headers)
        assert answer.status_code == 200, answer.text
        return answer.text

    async def erase(self, **whom: str) -> None:
        async with self.bench.client(Role.LEAD_DEPARTMENT, subject="eraser") as client:
            answer = await client.post("/v1/erasures", json={**whom, "ground": "个人信息保护法第四十七条"})
        assert answer.status_code == 201, answer.text

    async def erase_both(self) -> None:
        await self.erase(subject=SUBJECT)
        await self.erase(account=ACCOUNT)
        while await self.publisher.round():
            pass

    def check(self, receipt: str) -> ReceiptReport:
        return verify_receipt(receipt, keys=self.publisher.signer.verifiers)


@pytest.fixture
async def lived(bench: Bench, said: Said, publisher: Publisher, publish: Publish) -> Lived:
    """Two decisions about them among others, one parked and replayed; looked for by all they are found by."""
    lived = Lived(bench, publisher)
    consumer = bench.runtime.consumer
    held_up = record_of(of_them(1), 1)
    key, headers = key_and_headers(held_up)
    await consumer.park(held_up, key=key, headers=headers, reason=f"ValueError: {SUBJECT}")
    assert await consumer.replay() == (1, 0)
    for number, told in ((2, a_decision(2)), (3, of_them(3)), (5, a_decision(5))):
        await consumer.take(record_of(told, number))
    await publish()
    for question in (
        f"subject={SUBJECT}",
        f"subject={SUBJECT}&area={AREA}&organisation={ORGANISATION}",
        f"account={ACCOUNT}",
        f"account={ACCOUNT}&subject={SUBJECT}",
    ):
        await lived.ask(f"/v1/decisions?{question}")
        await lived.ask(f"/v1/decisions?{question}", by=CLERK)
    await lived.ask("/v1/decisions/decision-1", **{"Idempotency-Key": "again"})
    await publish()
    lived.receipts = [await lived.ask(f"/v1/decisions/decision-{one}/proof", Accept="text/plain") for one in (1, 3)]
    lived.saved = publisher.folder.checkpoint() or ""
    # Looked for and not entered yet when the erasure comes.
    await lived.ask(f"/v1/decisions?subject={SUBJECT}", by=CLERK)
    await lived.ask(f"/v1/decisions?account={ACCOUNT}")
    return lived


def dumped(bench: Bench, postgres_url: str) -> bytes:
    """All that stands in the database, as SQL."""
    database = make_url(bench.runtime.settings.database_url).database
    url = make_url(postgres_url).set(drivername="postgresql", database=database)
    command = [str(binaries() / "pg_dump"), "--dbname", url.render_as_string(hide_password=False)]
    dump = subprocess.run(command, capture_output=True, check=True).stdout
    assert b"COPY public.entry " in dump
    return dump


async def opened(bench: Bench) -> str:
    """What whoever has the keys can still read of the disclosures."""
    async with bench.session(service_actor("audit")) as session:
        indices = (await session.scalars(select(Disclosure.index).distinct())).all()
        left = await disclosures_of(session, indices, sealer=bench.runtime.sealer)
    return "\n".join(str(read_disclosure(one)) for parts in left.values() for one in parts.values())


class TestBeforeAnErasure:
    async def test_they_are_found_by_who_has_the_keys_and_in_the_columns_that_are_searched(
        self, lived: Lived, bench: Bench, postgres_url: str
    ) -> None:
        assert found_in(await opened(bench)) == ALL
        assert found_in(dumped(bench, postgres_url)) == {"subject", "account", "area", "organisation"}
        assert found_in(await lived.ask("/v1/decisions/decision-1")) == ALL

    async def test_the_files_for_everybody_hold_nothing_of_them(self, lived: Lived, bench: Bench) -> None:
        assert found_below(log_path(bench.runtime.settings)) == {}


class TestAfterAnErasure:
    async def test_they_are_nowhere(
        self, lived: Lived, bench: Bench, postgres_url: str, said: Said, tmp_path: Path
    ) -> None:
        await lived.erase_both()

        assert found_in(await opened(bench)) == set()
        assert found_in(dumped(bench, postgres_url)) == set()
        assert found_below(log_path(bench.runtime.settings)) == {}
        await export_log(bench.runtime, tmp_path / "export")
        assert found_below(tmp_path / "export") == {}
        assert found_in(await lived.ask("/v1/decisions/decision-1")) == set()

    async def test_nothing_of_them_was_ever_logged(self, lived: Lived, said: Said) -> None:
        await lived.erase_both()

        events = re.findall(r'"event": "(\w+)"', said())
        assert {"message_parked", "log_alarm", "request"} <= set(events)
        assert found_in(said()) == set()

    async def test_every_proof_and_the_whole_log_still_hold(self, lived: Lived, verify: Any, faults: Any) -> None:
        await lived.erase_both()

        assert verify(lived.saved).outcome is Outcome.HOLDS
        assert await faults() == []
        bare = lived.check(await lived.ask("/v1/decisions/decision-1/proof", Accept="text/plain"))
        assert bare.outcome is Outcome.HOLDS
        assert bare.contents is not None
        assert set(bare.contents.disclosed) == {"policy"}

    async def test_a_receipt_given_out_before_still_holds_and_tells_all(self, lived: Lived) -> None:
        await lived.erase_both()

        for receipt in map(lived.check, lived.receipts):
            assert receipt.outcome is Outcome.HOLDS
            assert receipt.contents is not None
            assert found_in(str(receipt.contents.disclosed)) == ALL

    async def test_the_other_decisions_are_whole(self, lived: Lived) -> None:
        before = await lived.ask("/v1/decisions/decision-2")

        await lived.erase_both()

        assert await lived.ask("/v1/decisions/decision-2") == before

    async def test_the_database_s_own_files_are_rid_of_them_when_it_is_compacted(
        self, lived: Lived, bench: Bench, postgres_url: str, servers_folder: Path
    ) -> None:
        """Until then the pages, and what the planner keeps of columns, still have what was deleted.

        The write-ahead log has it longer still, and so have backups and replicas: those are the operator's matter.
        """
        if os.environ.get("DATABASE_URL"):
            pytest.skip("the files of a database elsewhere cannot be looked at")
        await as_administrator(bench, postgres_url, "ANALYZE")
        await lived.erase_both()
        files = await files_of_the_database(bench, postgres_url, servers_folder)
        assert {name for which in found_below(files).values() for name in which} >= {"subject", "account"}

        await as_administrator(bench, postgres_url, "ANALYZE", "VACUUM FULL")

        files = await files_of_the_database(bench, postgres_url, servers_folder)
        assert found_below(files) == {}


class TestAParkedMessage:
    @pytest.mark.parametrize("whom", [{"subject": SUBJECT}, {"account": ACCOUNT}])
    async def test_stands_in_the_way_of_an_erasure_that_would_leave_it_over(
        self, lived: Lived, bench: Bench, whom: dict[str, str]
    ) -> None:
        late = record_of(of_them(6), 6)
        key, headers = key_and_headers(late)
        await bench.runtime.consumer.park(late, key=key, headers=headers, reason="ValueError: not yet")

        async with bench.client(Role.LEAD_DEPARTMENT) as client:
            answer = await client.post("/v1/erasures", json={**whom, "ground": "个人信息保护法第四十七条"})

        assert (answer.status_code, answer.json()["type"]) == (409, "/problems/still-parked")
        assert found_in(await opened(bench)) == ALL
        await bench.runtime.consumer.replay()
        await lived.erase_both()
        assert found_in(await opened(bench)) == set()


async def as_administrator(bench: Bench, postgres_url: str, *statements: str) -> Any:
    url = make_url(postgres_url).set(database=make_url(bench.runtime.settings.database_url).database)
    engine = create_async_engine(url, isolation_level="AUTOCOMMIT")
    try:
        async with engine.connect() as connection:
            for statement in statements:
                found = await connection.execute(text(statement))
            return found.scalar() if found.returns_rows else None
    finally:
        await engine.dispose()


async def files_of_the_database(bench: Bench, postgres_url: str, servers_folder: Path) -> Path:
    """As they stand after a checkpoint, which also takes away the files of tables that were rewritten."""
    asked = "SELECT oid FROM pg_database WHERE datname = current_database()"
    oid = await as_administrator(bench, postgres_url, "CHECKPOINT", asked)
    return servers_folder / "postgres" / "base" / str(oid)
