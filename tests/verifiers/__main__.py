"""`python -m tests.verifiers [--sizes 0,1,5]`: our logs before the eyes of tools we did not write, a line for each.

Exit status 1 when a tool does not accept one.
"""

import argparse
import sys
import tempfile
import time
from pathlib import Path

from tests.verifiers import logs
from tests.verifiers.programs import build
from tests.verifiers.tools import Finding, look

SIZES = (0, 1, 5, 255, 256, 257, 70_000)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.verifiers", description=__doc__)
    parser.add_argument("--sizes", default=",".join(map(str, SIZES)), help="numbers of entries, with commas between")
    sizes = [int(size) for size in parser.parse_args().sizes.split(",")]
    begun = time.monotonic()
    build()
    sys.stdout.write(f"Go programs built in {time.monotonic() - begun:.1f} s\n")
    refused = 0
    for size in sizes:
        for finding in verify(size):
            refused += not finding.ok
            mark = "ok  " if finding.ok else "FAIL"
            sys.stdout.write(f"{mark} {size:>6}  {finding.tool:<12}  {finding.seconds:>5.1f} s  {finding.words}\n")
            sys.stdout.flush()
    return 1 if refused else 0


def verify(size: int) -> list[Finding]:
    with tempfile.TemporaryDirectory(prefix="verified-log-") as place:
        log = logs.grow(Path(place), [logs.entry(index) for index in range(size)])
        with logs.serve(log.folder) as url:
            return look(url, key=str(logs.KEY.verifier), earlier=log.earlier)


if __name__ == "__main__":
    raise SystemExit(main())
