from tests.integration import payroll_killed


class TestPayrollKilled:
    async def test_leaves_behind_what_an_undisturbed_run_does(self, tmp_path, postgres_url, kafka_servers):
        found = await payroll_killed.run(32, folder=tmp_path, admin_url=postgres_url, kafka=kafka_servers)

        assert found["kills"] == 7
        assert found["slips"] == 32
