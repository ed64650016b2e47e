"""A headless Chromium that tests drive over a pipe, in the DevTools protocol: no port, no driver, no package."""

import fcntl
import itertools
import json
import os
import select
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

_PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
_FLAGS = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--remote-debugging-pipe",
]
_ABOVE_THE_PIPE = 10
_PATIENCE_S = 60
_CHUNK = 1 << 16


def program() -> str | None:
    return next(filter(None, map(shutil.which, _PROGRAMS)), None)


class Chromium:
    """Answers come in the order of requests as far as a test is concerned; events are kept for whoever asks."""

    def __init__(self, answers: int, requests: int) -> None:
        self.events: list[dict[str, Any]] = []
        self._answers = answers
        self._requests = requests
        self._numbers = itertools.count(1)
        self._received = b""

    def call(self, method: str, session: str | None = None, **parameters: Any) -> dict[str, Any]:
        number = next(self._numbers)
        request = {"id": number, "method": method, "params": parameters}
        if session:
            request["sessionId"] = session
        os.write(self._requests, json.dumps(request).encode() + b"\0")
        while True:
            message = self._next()
            if message.get("id") != number:
                self.events.append(message)
            elif "error" in message:
                raise RuntimeError(f"{method}: {message['error']}")
            else:
                result: dict[str, Any] = message["result"]
                return result

    def _next(self) -> dict[str, Any]:
        while b"\0" not in self._received:
            ready, _, _ = select.select([self._answers], [], [], _PATIENCE_S)
            chunk = os.read(self._answers, _CHUNK) if ready else b""
            if not chunk:
                raise RuntimeError("the browser does not answer")
            self._received += chunk
        first, _, self._received = self._received.partition(b"\0")
        message: dict[str, Any] = json.loads(first)
        return message


class Tab:
    """One page; every expression is evaluated in it, promises are awaited."""

    def __init__(self, chromium: Chromium) -> None:
        self._chromium = chromium
        self._target = chromium.call("Target.createTarget", url="about:blank")["targetId"]
        attached = chromium.call("Target.attachToTarget", targetId=self._target, flatten=True)
        self._session = attached["sessionId"]
        self.call("Page.enable")
        self.call("Network.enable")

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        return self._chromium.call(method, self._session, **parameters)

    def open(self, url: str) -> None:
        """Anew, also where only the part behind # differs."""
        for one in ("about:blank", url):
            self.call("Page.navigate", url=one)
            self.until(f"document.readyState === 'complete' && location.href === {json.dumps(one)}")

    def evaluate(self, expression: str) -> Any:
        answer = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in answer:
            raise RuntimeError(answer["exceptionDetails"])
        return answer["result"].get("value")

    def until(self, condition: str) -> None:
        """Waits in the page, frame by frame, until the condition holds."""
        for _ in range(_PATIENCE_S * 20):
            if self.evaluate(condition):
                return
            self.evaluate("new Promise(resolve => setTimeout(resolve, 50))")
        raise AssertionError(f"never came true: {condition}")

    def attach_file(self, selector: str, file: Path) -> None:
        root = self.call("DOM.getDocument")["root"]["nodeId"]
        node = self.call("DOM.querySelector", nodeId=root, selector=selector)["nodeId"]
        self.call("DOM.setFileInputFiles", nodeId=node, files=[str(file)])

    def press(self, key: str, code: int, text: str = "") -> None:
        stroke = {"key": key, "code": key, "windowsVirtualKeyCode": code, "text": text}
        self.call("Input.dispatchKeyEvent", type="keyDown", **stroke)
        self.call("Input.dispatchKeyEvent", type="keyUp", **stroke)

    def events(self, method: str) -> list[dict[str, Any]]:
        mine = (one for one in self._chromium.events if one.get("sessionId") == self._session)
        return [one["params"] for one in mine if one.get("method") == method]

    def close(self) -> None:
        self._chromium.call("Target.closeTarget", targetId=self._target)


@contextmanager
def browsing(chromium: str, profile: Path) -> Iterator[Chromium]:
    """Chromium reads file descriptor 3 and writes 4; messages end in a zero byte."""
    hears, requests = os.pipe()
    answers, says = os.pipe()
    theirs = [fcntl.fcntl(end, fcntl.F_DUPFD, _ABOVE_THE_PIPE) for end in (hears, says)]

    def lay_pipe() -> None:
        for place, end in enumerate(theirs, 3):
            os.dup2(end, place)

    process = subprocess.Popen(
        [chromium, *_FLAGS, f"--user-data-dir={profile}"],
        pass_fds=(3, 4),
        preexec_fn=lay_pipe,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    for end in (hears, says, *theirs):
        os.close(end)
    try:
        yield Chromium(answers, requests)
    finally:
        os.close(requests)
        os.close(answers)
        process.terminate()
        process.wait(_PATIENCE_S)
