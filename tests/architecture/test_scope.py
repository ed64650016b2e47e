"""Row-level security on every table with an area, in every service's database as its migrations leave it."""

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from common.__main__ import find_service, service_names
from common.migrations import secure_tables
from common.testing import open_bench

OPEN = text("""
SELECT c.relname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
WHERE c.relkind IN ('r', 'p', 'm', 'v', 'f') AND a.attname = 'area' AND NOT a.attisdropped
  AND c.relnamespace NOT IN ('pg_catalog'::regnamespace, 'information_schema'::regnamespace)
  AND NOT (c.relrowsecurity AND c.relforcerowsecurity
           AND EXISTS (SELECT 1 FROM pg_policy p WHERE p.polrelid = c.oid AND p.polqual IS NOT NULL))
""")
# Beside one's own subtree one may read, and never write, what a level above has set for it. What is the nation's has
# the empty area, which no range of codes holds: the nation's offices alone write it.
WIDE = text("""
SELECT tablename, policyname FROM pg_policies
WHERE NOT (policyname = 'area_scope' AND qual LIKE '%NULLIF(current_setting(''app.area_from''%' AND with_check = qual)
  AND NOT (cmd = 'SELECT' AND qual NOT LIKE '% OR %'
           AND qual LIKE '%starts_with(NULLIF(current_setting(''app.area_from''%')
  AND NOT (with_check = qual AND qual NOT LIKE '% OR %' AND qual LIKE '(((area)::text = ''''::text)%'
           AND qual LIKE '% AND (current_setting(''app.area_from''::text, true) = ''0''::text)%'
           AND qual LIKE '% AND (current_setting(''app.area_to''::text, true) = '':''::text)%')
""")
VIEWS = text("""
SELECT c.relname FROM pg_class c
WHERE c.relkind IN ('v', 'm') AND c.relnamespace = 'public'::regnamespace
  AND NOT coalesce(c.reloptions::text LIKE '%security_invoker=true%', false)
""")
MIGHT = text("""
SELECT rolsuper OR rolbypassrls OR rolcreaterole OR rolcreatedb
    OR EXISTS (SELECT 1 FROM pg_class WHERE relowner = r.oid)
    OR EXISTS (SELECT 1 FROM pg_class c JOIN pg_roles o ON o.oid = c.relowner
               WHERE c.relnamespace = 'public'::regnamespace AND pg_has_role(r.oid, o.oid, 'MEMBER'))
FROM pg_roles r WHERE rolname = current_user
""")
WITH_AREA = text("SELECT count(*) FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid "
                 "WHERE a.attname = 'area' AND c.relkind = 'r'")  # fmt: skip


@pytest.fixture(params=service_names())
async def bench(request, postgres_url, servers_folder):
    opened = await open_bench(find_service(request.param), admin_url=postgres_url, folder=servers_folder)
    yield opened
    await opened.runtime.engine.dispose()


class TestScope:
    async def test_is_forced_on_every_table_with_an_area(self, bench):
        async with bench.runtime.engine.connect() as connection:
            assert (await connection.execute(WITH_AREA)).scalar_one() > 0  # policy_choice at least
            assert (await connection.execute(OPEN)).all() == []
            assert (await connection.execute(WIDE)).all() == []
            assert (await connection.execute(VIEWS)).all() == []

    async def test_binds_a_role_that_can_neither_own_nor_bypass(self, bench):
        async with bench.runtime.engine.connect() as connection:
            assert (await connection.execute(MIGHT)).scalar_one() is False

    async def test_bites(self, bench):
        """An open table, a view and a table without a check are found."""
        engine = create_async_engine(bench.runtime.settings.owner_database_url)
        async with engine.connect() as connection:
            await connection.execute(text("CREATE TABLE leak (area varchar(12))"))
            await connection.execute(text("CREATE VIEW peep AS SELECT 1 AS x"))
            found = {row[0] for row in await connection.execute(OPEN)}
            views = {row[0] for row in await connection.execute(VIEWS)}
            await connection.execute(text("ALTER TABLE leak ENABLE ROW LEVEL SECURITY"))
            await connection.execute(text("CREATE POLICY lax ON leak USING (true)"))
            unforced = {row[0] for row in await connection.execute(OPEN)}
            wide = {row[0] for row in await connection.execute(WIDE)}
            await connection.run_sync(secure_tables)
            secured = {row[0] for row in await connection.execute(OPEN)}
            await connection.rollback()
        await engine.dispose()

        assert (found, views, unforced, wide, secured) == ({"leak"}, {"peep"}, {"leak"}, {"leak"}, set())
