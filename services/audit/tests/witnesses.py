"""A witness as a process of its own, asked over HTTP."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx


class Serving:
    def __init__(self, folder: Path) -> None:
        words = ["audit.tlog.witness_cli", "serve", "--folder", str(folder), "--listen", "127.0.0.1:0"]
        self.process = subprocess.Popen([sys.executable, "-m", *words], stdout=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        said = self.process.stdout.readline()
        self.url = f"http://{said.split()[-1]}"
        self.client = httpx.Client(base_url=self.url, timeout=30, trust_env=False)

    def ask(self, body: bytes) -> httpx.Response:
        return self.client.post("/add-checkpoint", content=body)

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(30)

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(30)
        assert self.process.stdout is not None
        self.process.stdout.close()
        self.client.close()


@contextmanager
def serving(folder: Path) -> Iterator[Serving]:
    served = Serving(folder)
    try:
        yield served
    finally:
        served.stop()
