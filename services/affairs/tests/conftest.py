from affairs.main import service
from common.testing import bench_fixtures

opened_bench, bench = bench_fixtures(service)
