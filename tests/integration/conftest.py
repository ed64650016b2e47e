"""The whole platform, as `make run` starts it, on ports and a folder of its own."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.register_assert_rewrite("tests.integration.exchange")

from common.embedded.platform import Platform  # noqa: E402  # after the line that makes its assertions speak
from lives.__main__ import play  # noqa: E402  # after the line that makes its assertions speak
from tests.integration import exchange  # noqa: E402  # after the line that makes its assertions speak


@pytest.fixture(scope="session")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    with exchange.start_platform(tmp_path_factory.mktemp("platform")) as started:
        yield started


@pytest.fixture(scope="session")
def told(platform: Platform) -> list[str]:
    """What was said while the lives were played, undisturbed."""
    lines: list[str] = []
    play(platform, say=lines.append)
    return lines


@pytest.fixture(scope="session")
def undisturbed(platform: Platform, told: list[str]) -> dict[str, Any]:
    """What the lives leave behind when nothing goes wrong."""
    exchange.settle(platform)
    return exchange.outcome(platform)


@pytest.fixture
def another_platform(tmp_path: Path) -> Iterator[Platform]:
    with exchange.start_platform(tmp_path) as started:
        yield started
