"""Sets pages in a process of its own: JSON comes in, a PDF goes out (`python -m payroll.files.setting`).

What the typesetter has once laid out it never forgets, some half a megabyte a page: only the end of its process gives
that back.
"""

import subprocess
import sys
import threading
from pathlib import Path

import typst

from payroll.files import typeface

PAGE = Path(__file__).with_name("payslip.typ")
LONGEST_S = 60.0

_one_at_a_time = threading.Lock()


class PagesNotSet(Exception):
    """The typesetter failed; what it was given is not repeated."""


def set_pages(slips: bytes) -> bytes:
    """The PDF of these slips (JSON, a list), in a process that ends with it. One at a time: memory is for one."""
    command = [sys.executable, "-m", "payroll.files.setting"]
    with _one_at_a_time:
        done = subprocess.run(  # noqa: S603  # our own module, nothing of a request in the command
            command, input=slips, capture_output=True, timeout=LONGEST_S, check=False
        )
    if done.returncode or not done.stdout.startswith(b"%PDF"):
        raise PagesNotSet(f"the typesetter ended with {done.returncode}")
    return done.stdout


def compiled(slips: bytes) -> bytes:
    """The PDF itself; it sees the slips' own typeface and nothing else of the machine."""
    fonts = typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=[str(typeface.folder())])
    compiler = typst.Compiler(font_paths=fonts)
    made = compiler.compile(PAGE.read_bytes(), format="pdf", sys_inputs={"slips": slips.decode()}, timestamp=0)
    if not isinstance(made, bytes):
        raise PagesNotSet("no file came out")
    return made


if __name__ == "__main__":
    sys.stdout.buffer.write(compiled(sys.stdin.buffer.read()))
