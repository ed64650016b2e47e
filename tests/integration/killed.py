"""`python -m tests.integration.killed 100`: the lives with one service killed at a random moment, seed after seed."""

import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from tests.integration import exchange, faults


def one(seed: int | None, *, within: float = 0.0) -> tuple[dict[str, Any], list[str], float]:
    """What is left behind, which services were killed, and how long the lives took."""
    killed: list[str] = []
    with tempfile.TemporaryDirectory(prefix="killed-") as folder, exchange.start_platform(Path(folder)) as platform:
        begun = time.monotonic()
        if seed is None:
            faults.play_through(platform)
        else:
            kill = faults.kill_at_random(platform, killed, seed=seed, between=(0.0, within), times=1)
            with faults.in_background(kill):
                faults.play_through(platform)
        lasted = time.monotonic() - begun
        exchange.check_invariants(platform)
        return exchange.outcome(platform), killed, lasted


def main(seeds: int) -> int:
    expected, _, lasted = one(None)
    sys.stdout.write(f"undisturbed: {lasted:.0f} s\n")
    wrong = []
    for seed in range(1, seeds + 1):
        killed: list[str] = []
        try:
            outcome, killed, _ = one(seed, within=lasted * 0.9)
            same = outcome == expected and bool(killed)
        except Exception as failure:
            same = False
            sys.stdout.write(f"seed {seed}: {failure}\n")
        sys.stdout.write(f"seed {seed}: killed {', '.join(killed) or 'nobody'}, {'same' if same else 'DIFFERENT'}\n")
        sys.stdout.flush()
        if not same:
            wrong.append(seed)
    exceptions = f"; not {wrong}" if wrong else ""
    sys.stdout.write(f"{seeds - len(wrong)} of {seeds} seeds leave the same behind{exceptions}\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    raise SystemExit(main(int(sys.argv[1])))
