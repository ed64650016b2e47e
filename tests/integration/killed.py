"""`python -m tests.integration.killed 100`: the lives with one service killed at a random moment, seed after seed."""

import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from tests.integration import exchange, faults

_LIVES_LAST = 25.0


def one(seed: int | None) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="killed-") as folder, exchange.start_platform(Path(folder)) as platform:
        if seed is None:
            faults.play_through(platform)
        else:
            kill = faults.kill_at_random(platform, seed=seed, between=(0.0, _LIVES_LAST), times=1)
            with faults.in_background(kill):
                faults.play_through(platform)
        exchange.check_invariants(platform)
        return exchange.outcome(platform)


def main(seeds: int) -> int:
    expected = one(None)
    wrong = []
    for seed in range(1, seeds + 1):
        begun = time.monotonic()
        try:
            same = one(seed) == expected
        except Exception as failure:
            same = False
            sys.stdout.write(f"seed {seed}: {failure}\n")
        sys.stdout.write(f"seed {seed}: {'same' if same else 'DIFFERENT'} ({time.monotonic() - begun:.0f} s)\n")
        sys.stdout.flush()
        if not same:
            wrong.append(seed)
    exceptions = f"; not {wrong}" if wrong else ""
    sys.stdout.write(f"{seeds - len(wrong)} of {seeds} seeds leave the same behind{exceptions}\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    raise SystemExit(main(int(sys.argv[1])))
