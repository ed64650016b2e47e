from tests.integration import log_killed


class TestLogKilled:
    def test_loses_nothing_doubles_nothing_and_rewrites_no_file(self, tmp_path, postgres_url, kafka_servers):
        found = log_killed.run(3000, folder=tmp_path, admin_url=postgres_url, kafka=kafka_servers, least_kills=4)

        assert found["kills"] >= 4
        assert found["entries"] >= 3000
