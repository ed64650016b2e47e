"""`python -m benchmarks [relay|latency|audit …]`: a JSON line for each figure on stdout, progress on stderr."""

import argparse
import time

from benchmarks import audit, gateway, latency, payroll, relay, start
from benchmarks.figures import say

BENCHMARKS = {
    "relay": relay.run,
    "latency": latency.run,
    "gateway": gateway.run,
    "audit": audit.run,
    "payroll": payroll.run,
    "start": start.run,
}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="name", help=f"of {', '.join(BENCHMARKS)}; all where none is named")
    names = parser.parse_args().names or list(BENCHMARKS)
    unknown = set(names) - BENCHMARKS.keys()
    if unknown:
        parser.error(f"no benchmark {', '.join(sorted(unknown))}: there are {', '.join(BENCHMARKS)}")
    for name in names:
        begun = time.monotonic()
        say(f"{name}:")
        BENCHMARKS[name]()
        say(f"{name}: {time.monotonic() - begun:.0f} s")


if __name__ == "__main__":
    main()
