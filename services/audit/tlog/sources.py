"""Where a log is read from: a folder, or the URL under which somebody serves one."""

import time
from collections.abc import Sized
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit
from urllib.request import url2pathname

import httpx

from audit.tlog.tiles import LONGEST_FILE

_TIMEOUT_S = 10
_PATIENCE_S = 60


class LogUnreachable(Exception):
    """Neither the file nor the word that there is none could be had; the reason says why."""


class Source(Protocol):
    def read(self, path: str) -> bytes | None:
        """The file at `path` below the log's prefix, None if there is none; raises LogUnreachable."""
        ...


class FolderSource:
    """A log on this machine, as its writer keeps it or as somebody copied it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def read(self, path: str) -> bytes | None:
        try:
            with (self.folder / path).open("rb") as file:
                content = file.read(LONGEST_FILE + 1)
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
            if not self.folder.is_dir():
                raise LogUnreachable(f"{self.folder} is no folder") from None
            return None
        except OSError as error:
            raise LogUnreachable(f"{path}: {error.strerror}") from error
        _require_bounded(path, content)
        return content


class UrlSource:
    """A log that is served as static files. A redirect is not followed: who answers is part of what is checked."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
            raise ValueError(f"not the http or https URL of a log: {url!r}")
        self.url = url.rstrip("/")
        self._client = httpx.Client(timeout=_TIMEOUT_S, follow_redirects=False, trust_env=False)

    def read(self, path: str) -> bytes | None:
        try:
            with self._client.stream("GET", f"{self.url}/{path}") as answer:
                if answer.status_code == httpx.codes.NOT_FOUND:
                    return None
                if answer.status_code != httpx.codes.OK:
                    raise LogUnreachable(f"{path}: answered with {answer.status_code}")
                return _received(path, answer)
        except httpx.HTTPError as error:
            raise LogUnreachable(f"{path}: {error or type(error).__name__}") from error


def _received(path: str, answer: httpx.Response) -> bytes:
    """Bounded in bytes and in time, whatever the other side sends."""
    content = bytearray()
    until = time.monotonic() + _PATIENCE_S
    for part in answer.iter_bytes():
        content += part
        _require_bounded(path, content)
        if time.monotonic() > until:
            raise LogUnreachable(f"{path}: not received within {_PATIENCE_S} s")
    return bytes(content)


def _require_bounded(path: str, content: Sized) -> None:
    if len(content) > LONGEST_FILE:
        raise LogUnreachable(f"{path}: longer than any file of a log")


def open_source(where: str) -> Source:
    """`where` is an http(s) URL, a file URL or a folder; ValueError for another kind of URL."""
    scheme = urlsplit(where).scheme if "://" in where else ""
    if scheme == "":
        return FolderSource(Path(where))
    if scheme == "file":
        return FolderSource(Path(url2pathname(urlsplit(where).path)))
    return UrlSource(where)
