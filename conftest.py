"""Fixtures that every test may use; see `common.testing`."""

from common.testing import kafka_servers, own_kafka, postgres_url, servers_folder

__all__ = ["kafka_servers", "own_kafka", "postgres_url", "servers_folder"]


def pytest_configure(config):  # type: ignore[no-untyped-def]
    config.addinivalue_line("markers", "clause(*ids): the test asserts a decision under these clauses")
