"""The database held against the log's files, and what the database itself refuses."""

from collections.abc import Awaitable, Callable

import pytest
from sqlalchemy import event, text
from sqlalchemy.exc import DBAPIError

from audit.commands.checking import check_log
from audit.commands.erasing import erase
from audit.commands.intake import enter_queued
from audit.models import Alarm, Entry
from audit.queries.disclosures import place_of
from audit.queries.log import log_path
from audit.queries.verification import Fault, as_line
from audit.rules.disclosures import disclose
from audit.tests.telling import alarms, open_alarms
from common.actors import Role
from common.testing import Bench, somebody

Grow = Callable[..., Awaitable[None]]
Publish = Callable[[], Awaitable[bool]]
Faults = Callable[[], Awaitable[list[Fault]]]
Tamper = Callable[..., Awaitable[None]]


class TestFaults:
    async def test_of_an_honest_log_are_none(self, bench: Bench, grow: Grow, publish: Publish, faults: Faults) -> None:
        await publish()
        assert await faults() == []

        await grow(1, 2, 4)
        async with bench.client(Role.AUDITOR, area="") as client:
            await client.get("/v1/decisions")
            await client.post("/v1/log/alarms/1/closure", json={"finding": "nothing"})
        await publish()
        await grow(5)
        assert await faults() == []

    @pytest.mark.parametrize(
        ("statement", "found"),
        [
            ("UPDATE entry SET leaf = leaf || ' '::bytea WHERE index = 1", [Fault("entry_differs", 1)]),
            ("UPDATE entry SET event_id = 'other' WHERE index = 1", [Fault("row_differs", 1)]),
            ("UPDATE entry SET sequence = 9 WHERE index = 1", [Fault("row_differs", 1)]),
            ("UPDATE entry SET decision_id = 'decision-9' WHERE index = 1", [Fault("row_differs", 1)]),
            ("DELETE FROM entry WHERE index = 1", [Fault("entry_missing", 1), Fault("count_differs", 3, "entry")]),
            ("DELETE FROM entry WHERE index = 2", [Fault("entry_missing", 2), Fault("count_differs", 3, "entry")]),
            (
                "DELETE FROM indexed_entry WHERE index = 1",
                [Fault("index_missing", 1), Fault("count_differs", 3, "indexed_entry")],
            ),
            (
                "DELETE FROM disclosure WHERE index = 1 AND name = 'policy'",
                [Fault("disclosure_missing", 1, "policy")],
            ),
            (
                "UPDATE disclosure SET sealed = (SELECT sealed FROM disclosure WHERE index = 2 AND name = 'case') "
                "WHERE index = 1 AND name = 'case'",
                [Fault("disclosure_missing", 1, "case")],
            ),
            (
                "INSERT INTO erasure (index, name, erasure_id) VALUES (1, 'case', 'x')",
                [Fault("erasure_not_in_log", 1, "case")],
            ),
            *(
                (f"UPDATE indexed_entry SET {change} WHERE index = 1", [Fault("index_differs", 1)])  # noqa: S608
                for change in (
                    "permits = NOT permits",
                    "area = '22'",
                    "area = '320102'",
                    "subject = 'worker-8'",
                    "subject = NULL",
                    "account = 'somebody else'",
                    "organisation = NULL",
                    "clause = 'JL-1'",
                    "rule = 'another'",
                    "type = 'another'",
                    "decision_id = 'decision-9'",
                    "decided_at = now()",
                    "recorded_at = now()",
                    "\"on\" = '2026-01-01'",
                    "staff = NULL",
                )
            ),
        ],
    )
    async def test_name_what_was_changed_behind_our_back(
        self, grow: Grow, publish: Publish, faults: Faults, tamper: Tamper, statement: str, found: list[Fault]
    ) -> None:
        await grow(1, 2, 3)
        await publish()

        await tamper(statement)

        assert await faults() == found

    async def test_name_a_disclosure_of_another_entry_that_was_sealed_anew(
        self, bench: Bench, grow: Grow, publish: Publish, faults: Faults, tamper: Tamper
    ) -> None:
        await grow(1)
        await publish()
        forged = disclose("account", "http://issuer.example|somebody-else").encode()
        sealed = bench.runtime.sealer.seal_bytes(forged, place=place_of(0, "account"))
        await tamper("UPDATE disclosure SET sealed = :sealed WHERE name = 'account'", sealed=sealed)

        assert await faults() == [Fault("disclosure_differs", 0, "account")]

    async def test_name_what_somebody_took_from_the_log_s_own_entries(
        self, bench: Bench, grow: Grow, publish: Publish, faults: Faults, tamper: Tamper
    ) -> None:
        """Who read what, who erased and on what ground."""
        await grow(1)
        async with bench.client(Role.AUDITOR, area="") as client:
            await client.get("/v1/decisions", params={"subject": "worker-8"})
        await publish()
        await bench.run(erase, subject="worker-7", account=None, ground="asked for")
        await publish()
        assert await faults() == []

        await tamper("DELETE FROM disclosure WHERE index IN (1, 2) AND name IN ('reading', 'ground')")

        assert await faults() == [
            Fault("index_differs", 1),
            Fault("disclosure_missing", 1),
            Fault("disclosure_missing", 2),
        ]

    async def test_are_none_while_an_erasure_waits_to_be_published(
        self, bench: Bench, grow: Grow, publish: Publish, faults: Faults
    ) -> None:
        await grow(1)
        await publish()

        await bench.run(erase, subject="worker-7", account=None, ground="asked for")
        assert await faults() == []
        async with bench.transaction() as tx:
            await enter_queued(tx, signed=1, sealer=bench.runtime.sealer)
        assert await faults() == []
        await publish()
        assert await faults() == []

    async def test_are_asked_for_without_reading_all_disclosures_at_once(
        self, bench: Bench, grow: Grow, publish: Publish, faults: Faults
    ) -> None:
        await grow(1, 2, 3)
        await bench.run(erase, subject="worker-7", account=None, ground="asked for")
        await publish()
        asked: list[str] = []

        def note(_connection: object, _cursor: object, statement: str, *_more: object) -> None:
            if "FROM disclosure" in statement:
                asked.append(statement)

        event.listen(bench.runtime.engine.sync_engine, "before_cursor_execute", note)
        assert await faults() == []
        event.remove(bench.runtime.engine.sync_engine, "before_cursor_execute", note)

        assert len(asked) == 2
        assert all("WHERE disclosure.index IN" in statement for statement in asked)

    def test_are_written_one_to_a_line(self) -> None:
        assert as_line(Fault("entry_differs", 1, "case")) == '{"code": "entry_differs", "index": 1, "name": "case"}'


class TestTheDatabaseItself:
    @pytest.mark.parametrize(
        "statement",
        [
            "UPDATE entry SET leaf = 'x'",
            "DELETE FROM entry",
            "UPDATE checkpoint SET note = 'x'",
            "DELETE FROM checkpoint",
            "DELETE FROM checkpoint_timestamp",
            "UPDATE checkpoint_timestamp SET token = 'x'",
        ],
    )
    async def test_refuses_to_change_what_is_in_the_log(
        self, bench: Bench, grow: Grow, publish: Publish, statement: str
    ) -> None:
        await grow(1)
        await publish()
        async with bench.session() as session, session.begin():
            await session.execute(text("INSERT INTO checkpoint_timestamp VALUES (1, 'x', now())"))

        async with bench.session() as session:
            with pytest.raises(DBAPIError, match="only grows"):
                await session.execute(text(statement))

    @pytest.mark.parametrize("size", [0, 65_536])
    async def test_refuses_an_entry_that_no_bundle_holds(self, bench: Bench, size: int) -> None:
        with pytest.raises(DBAPIError, match="leaf_fits"):
            await bench.save(Entry(index=0, source="x", sequence=1, event_id="x", leaf=b"x" * size))

    @pytest.mark.parametrize("table", ["disclosure", "indexed_entry"])
    async def test_shows_what_lies_in_an_area_to_nobody_of_another(self, bench: Bench, grow: Grow, table: str) -> None:
        await grow(1)

        for area, seen in (("22", False), ("320102002", False), ("320102001", True), ("32", True)):
            async with bench.session(somebody(Role.AUDITOR, area=area)) as session:
                count = await session.scalar(text(f"SELECT count(*) FROM {table}"))  # noqa: S608
            assert bool(count) is seen, area


class TestTheDailyCheck:
    async def test_names_each_run_of_entries_once(
        self, bench: Bench, grow: Grow, publish: Publish, tamper: Tamper
    ) -> None:
        await grow(*range(1, 9))
        await publish()
        await tamper("DELETE FROM disclosure WHERE index IN (1, 2, 3, 6) AND name = 'policy'")

        for _ in range(2):
            await check_log(bench.runtime)

        assert await alarms(bench) == [("disclosure_missing", "", 1, 3), ("disclosure_missing", "", 6, 6)]

    async def test_rings_again_when_more_is_gone_from_the_same_place_on(
        self, bench: Bench, grow: Grow, publish: Publish, tamper: Tamper
    ) -> None:
        await grow(*range(1, 5))
        await publish()
        for last in (1, 3):
            await tamper(f"DELETE FROM disclosure WHERE index BETWEEN 1 AND {last} AND name = 'policy'")  # noqa: S608
            await check_log(bench.runtime)

        assert await alarms(bench) == [("disclosure_missing", "", 1, 1), ("disclosure_missing", "", 1, 3)]

    @pytest.mark.parametrize(
        ("statement", "mark"),
        [
            ("UPDATE entry SET leaf = leaf || ' '::bytea WHERE index IN (1, 3)", "entry_differs 1-3"),
            ("UPDATE entry SET event_id = 'other' WHERE index = 1", "row_differs 1-1"),
            ("UPDATE indexed_entry SET permits = NOT permits WHERE index IN (0, 2)", "index_differs 0-2"),
            ("INSERT INTO erasure VALUES (1, 'case', 'made up')", "erasure_not_in_log 1-1"),
        ],
    )
    async def test_holds_every_row_against_the_files(
        self, bench: Bench, grow: Grow, publish: Publish, tamper: Tamper, statement: str, mark: str
    ) -> None:
        await grow(*range(1, 5))
        await publish()
        await check_log(bench.runtime)
        assert await alarms(bench) == []
        await tamper(statement)

        for _ in range(2):
            await check_log(bench.runtime)

        first, _, last = mark.split()[1].partition("-")
        assert await open_alarms(bench, "records_differ") == [(mark, int(first))]
        assert await alarms(bench) == [("records_differ", "", int(first), int(last))]

    async def test_does_not_believe_an_erasure_that_the_log_does_not_know(
        self, bench: Bench, grow: Grow, publish: Publish, tamper: Tamper
    ) -> None:
        await grow(1)
        await publish()
        await tamper("DELETE FROM disclosure WHERE name = 'case'", "INSERT INTO erasure VALUES (0, 'case', 'made up')")

        await check_log(bench.runtime)

        assert {kind for kind, *_ in await alarms(bench)} == {"disclosure_missing", "records_differ"}

    @pytest.mark.parametrize("content", [None, b"x", b"\x00\x01x", b"\x00\x02{}"])
    async def test_rings_where_a_file_cannot_be_read(
        self, bench: Bench, grow: Grow, publish: Publish, content: bytes | None
    ) -> None:
        await grow(1)
        await publish()
        (bundle,) = (log_path(bench.runtime.settings) / "tile/entries").rglob("1")
        bundle.unlink()
        if content is not None:
            bundle.write_bytes(content)

        await check_log(bench.runtime)

        assert set(await alarms(bench)) == {("records_differ", "", 0, 0)}

    async def test_raises_it_again_when_it_was_closed_and_nothing_has_changed(
        self, bench: Bench, grow: Grow, publish: Publish, tamper: Tamper
    ) -> None:
        await grow(1)
        await publish()
        await tamper("DELETE FROM disclosure WHERE name = 'policy'")
        await check_log(bench.runtime)
        async with bench.client(Role.AUDITOR, area="") as client:
            await client.post("/v1/log/alarms/1/closure", json={"finding": "restored, or so it was thought"})
        assert [row.closed_at is None for row in await bench.rows(Alarm)] == [False]

        await check_log(bench.runtime)

        assert [row.closed_at is None for row in await bench.rows(Alarm)] == [True]
