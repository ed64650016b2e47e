"""Asks a witness to cosign a checkpoint: the log's side of C2SP tlog-witness."""

import time
from collections.abc import Callable
from dataclasses import dataclass

import httpx

from audit.tlog.notes import (
    BadNote,
    encode,
    only_by,
    open_note,
    parse_checkpoint,
    read_decimal,
    split_note,
)
from audit.tlog.policy import Witness

TOLD_SIZE = "text/x.tlog.size"
LONGEST_PATH = 63

_LONGEST_ANSWER = 100_000  # bytes
_PATIENCE = 2  # times the timeout, for an answer that comes drop by drop

ConsistencyPath = Callable[[int], list[bytes]]


class WitnessRefused(Exception):
    """The witness answered, and not with its cosignature: it saw another log, does not know ours, or is another.

    `size` is what it says to have cosigned, where it says so.
    """

    def __init__(self, status: int, reason: str, *, size: int | None = None) -> None:
        self.status = status
        self.reason = reason
        self.size = size
        super().__init__(f"{status}: {reason}")


class WitnessUnreachable(Exception):
    """No answer, or one that says to come again (429 and all from 500); the reason says which."""


@dataclass(frozen=True)
class Cosigned:
    """The lines of the witness to add to the note, verified, and the size that it has cosigned with them."""

    lines: tuple[str, ...]
    size: int


@dataclass(frozen=True)
class _Answer:
    status: int
    kind: str
    text: str


def cosign(note: str, *, witness: Witness, prove: ConsistencyPath, old_size: int, timeout_s: float = 3) -> Cosigned:
    """Have `note`, signed by its log, cosigned. `old_size` is what the witness cosigned last, 0 if that is not known.

    `prove(old)` gives the consistency path from the tree of `old` to the note's; it is asked only for 0 < old < size.
    When the witness tells another size (409), it is asked once more. `timeout_s` holds for each step of the network.
    Raises `BadNote` for what is no checkpoint, `WitnessRefused`, `WitnessUnreachable`, and what `prove` raises.
    """
    size = parse_checkpoint(split_note(note)[0]).size
    with httpx.Client(timeout=timeout_s, follow_redirects=False) as client:
        answer = _ask(client, witness, _body(note, old_size, size, prove), timeout_s)
        if answer.status == httpx.codes.CONFLICT:
            told = _told_size(answer, size)
            if told != old_size:
                answer = _ask(client, witness, _body(note, told, size, prove), timeout_s)
    if answer.status == httpx.codes.CONFLICT:
        raise WitnessRefused(answer.status, "it has cosigned another size", size=_told_size(answer, size))
    if answer.status == httpx.codes.TOO_MANY_REQUESTS or answer.status >= 500:
        raise WitnessUnreachable(f"{witness.name}: {answer.status} {_reason(answer)}")
    if answer.status != httpx.codes.OK:
        raise WitnessRefused(answer.status, _reason(answer))
    return Cosigned(_verified(note, answer, witness), size)


def _body(note: str, old: int, size: int, prove: ConsistencyPath) -> bytes:
    path = prove(old) if 0 < old < size else []
    if len(path) > LONGEST_PATH:
        raise ValueError(f"a consistency path has at most {LONGEST_PATH} hashes")
    return "\n".join([f"old {old}", *map(encode, path), "", note]).encode()


def _ask(client: httpx.Client, witness: Witness, body: bytes, timeout_s: float) -> _Answer:
    if witness.url is None:
        raise WitnessUnreachable(f"{witness.name}: the policy names no URL")
    until = time.monotonic() + _PATIENCE * timeout_s
    content = b""
    try:
        with client.stream("POST", f"{witness.url.rstrip('/')}/add-checkpoint", content=body) as response:
            for part in response.iter_bytes():
                content += part
                if len(content) > _LONGEST_ANSWER or time.monotonic() > until:
                    raise WitnessUnreachable(f"{witness.name}: the answer does not end")
            kind = response.headers.get("content-type", "")
            return _Answer(response.status_code, kind.partition(";")[0].strip(), content.decode(errors="replace"))
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise WitnessUnreachable(f"{witness.name}: {error or type(error).__name__}") from error


def _told_size(answer: _Answer, size: int) -> int:
    try:
        told = read_decimal(answer.text.removesuffix("\n"))
    except BadNote:
        told = None
    if answer.kind != TOLD_SIZE or told is None:
        raise WitnessRefused(answer.status, _reason(answer))
    if told > size:
        raise WitnessRefused(answer.status, f"it has cosigned {told} entries, and here are {size}", size=told)
    return told


def _verified(note: str, answer: _Answer, witness: Witness) -> tuple[str, ...]:
    """The lines of the witness; those of others are not for us to judge."""
    text = split_note(note)[0]
    try:
        answered = f"{text}\n{answer.text}"
        if open_note(answered, witness.key).text != text:
            raise BadNote("more than signature lines")
        return tuple(f"{line}\n" for line in split_note(only_by(answered, witness.key))[1])
    except BadNote as fault:
        raise WitnessRefused(answer.status, f"no cosignature of {witness.name}: {fault}") from None


def _reason(answer: _Answer) -> str:
    return " ".join("".join(sign if sign.isprintable() else " " for sign in answer.text[:200]).split())
