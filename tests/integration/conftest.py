"""The whole platform, as `make run` starts it, on ports and a folder of its own."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from common.__main__ import service_names
from common.embedded.platform import Platform
from common.embedded.ports import Ports


def start_platform(folder: Path, **settings: str) -> Platform:
    names = service_names()
    return Platform(
        folder, ports=Ports.free(services=len(names)), services=names, fast=True, settings=settings, say=lambda _: None
    )


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    with start_platform(tmp_path_factory.mktemp("platform")) as started:
        yield started
