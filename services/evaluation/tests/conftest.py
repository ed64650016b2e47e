from common.testing import bench_fixtures
from evaluation.main import service

opened_bench, bench = bench_fixtures(service)
