"""A witness: cosigns each checkpoint of the logs it knows that continues the one before, and no other.

C2SP tlog-witness, the server's side. All it knows lies in one folder:

    key                          the private key; nobody else's business
    logs.json                    origin -> verifier keys of that log; two while its keys overlap
    states/<hash>                the note it cosigned last, empty before the first; <hash> is hex SHA-256 of the origin
    evidence/<hash>-<hash>.json  two notes signed by one log that contradict each other

It must never be put back to an earlier state: a witness whose folder was lost or restored is to be given up.
"""

import asyncio
import fcntl
import hashlib
import json
import logging
import re
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from audit.tlog.cosigning import LONGEST_PATH, TOLD_SIZE
from audit.tlog.durable import put, sync
from audit.tlog.notes import (
    ED25519,
    BadNote,
    Checkpoint,
    CosigningKey,
    VerifierKey,
    add_signatures,
    decode,
    only_by,
    open_note,
    parse_checkpoint,
    read_decimal,
    read_text,
    split_note,
)
from audit.tlog.tree import EMPTY_ROOT, is_consistent

LONGEST_REQUEST = 262_144  # bytes: the longest path, and 16 signatures of a post-quantum key
MOST_EVIDENCE = 16  # contradictions kept of one log; one is enough to prove it

_LOG = logging.getLogger(__name__)
_HASH = re.compile(r"[0-9a-f]{64}")
_OWN = 0o600  # readable by its owner alone


class NoWitness(Exception):
    """The folder holds no witness, or one already, or not all that it should hold; the reason says which."""


@dataclass(frozen=True)
class Reply:
    """What is answered over HTTP."""

    status: int
    body: str
    content_type: str = "text/plain; charset=utf-8"


@dataclass(frozen=True)
class Evidence:
    """Two notes of one size and with two roots, both signed by the log: nobody but its keeper can have made them."""

    origin: str
    cosigned: str
    refused: str
    seen_at: int  # unix seconds


class _Refusal(Exception):
    def __init__(self, reply: Reply) -> None:
        self.reply = reply
        super().__init__(reply.body)


@dataclass(frozen=True)
class _Submission:
    """An `add-checkpoint` request; nothing in it is verified."""

    old: int
    path: list[bytes]
    note: str
    text: str
    checkpoint: Checkpoint


class WitnessBook:
    """The folder of a witness. Several processes may use one: they wait for each other."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._states = folder / "states"
        self._contradictions = folder / "evidence"
        self._logs = folder / "logs.json"
        self._key = folder / "key"
        self._lock = folder / "lock"
        self._cosigned_at = 0

    def init(self, name: str) -> VerifierKey:
        """Make a witness of this name; its key is drawn here and nowhere else. Raises `NoWitness`, `BadNote`."""
        key = CosigningKey(name, secrets.token_bytes(32))
        for folder in (self.folder, self._states, self._contradictions):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._lock.touch(mode=0o600)
        with self._alone():
            if self._key.exists() or any(self._states.iterdir()):
                raise NoWitness(f"{self.folder} holds a witness already")
            put(self._logs, "{}\n", mode=_OWN)
            put(self._key, key.secret(), mode=_OWN)
        sync(self.folder.parent)
        return key.verifier

    def verifier(self) -> VerifierKey:
        """What others verify its cosignatures with. Raises `NoWitness`."""
        return self._cosigner().verifier

    def add_log(self, vkey: str, origin: str | None = None) -> None:
        """Know a log, or one more key of a log, whose origin is the key's name where not said otherwise.

        Raises `BadNote` for a key that no log signs with, `NoWitness`.
        """
        key = VerifierKey.read(vkey)
        if key.algorithm != ED25519:
            raise BadNote(f"{key.name}: a log signs with type {ED25519}, not {key.algorithm}")
        origin = origin or key.name
        with self._alone():
            logs = self._known()
            # A log that is known and whose state is gone stays without: it could be led back to an earlier tree.
            if origin not in logs and not self._state(origin).exists():
                put(self._state(origin), "", mode=_OWN)
            logs.setdefault(origin, [])
            if str(key) not in logs[origin]:
                logs[origin].append(str(key))
            put(self._logs, json.dumps(logs, ensure_ascii=False, indent=2) + "\n", mode=_OWN)

    def add_checkpoint(self, body: bytes, now: int) -> Reply:
        """Answer an `add-checkpoint` request at `now` (unix seconds): 200 with our line, or why not.

        400 malformed, 403 not signed by the log, 404 another log, 409 with the size that we have cosigned, 422 another
        tree, 503 for a clock that ran back. What is cosigned is durable before this returns.
        """
        try:
            request = _read_request(body)
            with self._alone():
                return self._answer(request, now)
        except _Refusal as refusal:
            return refusal.reply
        except NoWitness as fault:
            return Reply(503, f"{fault}\n")

    def latest(self, origin_hash: str) -> str | None:
        """The note cosigned last for the log with this hex SHA-256 of its origin."""
        if not _HASH.fullmatch(origin_hash):
            return None
        # A note that stands there and is not durable yet must not be seen.
        with self._alone():
            path = self._states / origin_hash
            return path.read_text("utf-8") or None if path.exists() else None

    def evidence(self) -> list[Evidence]:
        """All contradictions seen, the oldest first."""
        found = [Evidence(**json.loads(path.read_text("utf-8"))) for path in self._contradictions.glob("*.json")]
        return sorted(found, key=lambda one: (one.seen_at, one.origin, one.refused))

    def _answer(self, request: _Submission, now: int) -> Reply:
        cosigner = self._cosigner()
        checkpoint = request.checkpoint
        keys = [VerifierKey.read(vkey) for vkey in self._known().get(checkpoint.origin, [])]
        if not keys:
            raise _refusal(404, "a log that this witness does not know")
        try:
            open_note(request.note, *keys)
        except BadNote as fault:
            raise _refusal(403, str(fault)) from None

        signed = only_by(request.note, *keys)
        last, cosigned, cosigned_at = self._last(checkpoint.origin, cosigner.verifier)
        if cosigned and checkpoint.size == last.size and checkpoint.root != last.root:
            self._keep(Evidence(checkpoint.origin, cosigned, signed, now))
        _require_continued(last, request)
        if now < max(cosigned_at, self._cosigned_at):
            raise _refusal(503, "the clock of this witness ran back")

        line = cosigner.cosign(request.text, time=now)
        put(self._state(checkpoint.origin), add_signatures(signed, [line]), mode=_OWN)
        self._cosigned_at = now
        return Reply(200, line)

    def _last(self, origin: str, key: VerifierKey) -> tuple[Checkpoint, str, int]:
        """What was cosigned last for this log: the checkpoint, the note, and when."""
        try:
            note = self._state(origin).read_text("utf-8")
        except FileNotFoundError:
            raise NoWitness(f"the state of {origin} is gone") from None
        if not note:
            return Checkpoint(origin, 0, EMPTY_ROOT), "", 0
        try:
            opened = open_note(note, key)
            checkpoint = parse_checkpoint(opened.text)
        except BadNote:
            raise NoWitness(f"the state of {origin} is not what this witness wrote") from None
        if checkpoint.origin != origin:
            raise NoWitness(f"the state of {origin} is that of another log")
        return checkpoint, note, opened.signatures[0].time or 0

    def _keep(self, evidence: Evidence) -> None:
        origin_hash = _hash(evidence.origin)
        path = self._contradictions / f"{origin_hash}-{_hash(split_note(evidence.refused)[0])}.json"
        if not path.exists() and sum(1 for _ in self._contradictions.glob(f"{origin_hash}-*.json")) < MOST_EVIDENCE:
            put(path, json.dumps(asdict(evidence), ensure_ascii=False, indent=2) + "\n", mode=_OWN)
            _LOG.error("%s has signed two roots for one size", evidence.origin)

    def _cosigner(self) -> CosigningKey:
        try:
            return CosigningKey.read(self._key.read_text("utf-8"))
        except FileNotFoundError:
            raise NoWitness(f"{self.folder} holds no witness") from None
        except (BadNote, ValueError) as fault:
            raise NoWitness(f"the key in {self.folder} cannot be read: {fault}") from None

    def _known(self) -> dict[str, list[str]]:
        try:
            logs: dict[str, list[str]] = json.loads(self._logs.read_text("utf-8"))
        except FileNotFoundError:
            raise NoWitness(f"{self.folder} holds no witness") from None
        except ValueError:
            raise NoWitness(f"{self._logs} cannot be read") from None
        return logs

    def _state(self, origin: str) -> Path:
        return self._states / _hash(origin)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        try:
            lock = self._lock.open("r+")
        except FileNotFoundError:
            raise NoWitness(f"{self.folder} holds no witness") from None
        with lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


def _read_request(body: bytes) -> _Submission:
    try:
        head, _, note = read_text(body).partition("\n\n")
        first, *hashes = head.split("\n")
        path = [decode(line) for line in hashes]
        if not first.startswith("old ") or len(path) > LONGEST_PATH or any(len(one) != 32 for one in path):
            raise BadNote("a request is the old size, at most 63 hashes, an empty line and a checkpoint")
        text, _ = split_note(note)
        return _Submission(read_decimal(first.removeprefix("old ")), path, note, text, parse_checkpoint(text))
    except BadNote as fault:
        raise _refusal(400, str(fault)) from None


def _require_continued(last: Checkpoint, request: _Submission) -> None:
    size = request.checkpoint.size
    if request.old > size:
        raise _refusal(400, "the old size is above that of the checkpoint")
    if request.old != last.size:
        raise _Refusal(Reply(409, f"{last.size}\n", TOLD_SIZE))
    root = request.checkpoint.root
    if not is_consistent(old=last.size, size=size, old_root=last.root, root=root, path=request.path):
        raise _refusal(422, "the checkpoint does not continue the one that this witness has cosigned")


def _refusal(status: int, reason: str) -> _Refusal:
    return _Refusal(Reply(status, f"{reason}\n"))


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def witness_app(book: WitnessBook, *, clock: Callable[[], float] = time.time) -> Starlette:
    """`POST /add-checkpoint`, `GET /<hex SHA-256 of the origin>/checkpoint`, and `GET /key`, `GET /livez`."""

    one_by_one = asyncio.Lock()

    async def add_checkpoint(request: Request) -> Response:
        body = b""
        async for part in request.stream():
            body += part
            if len(body) > LONGEST_REQUEST:
                return PlainTextResponse("the request is too long\n", 413)
        async with one_by_one:  # else one that waited would come with a time before that of the other
            reply = await asyncio.to_thread(book.add_checkpoint, body, int(clock()))
        return Response(reply.body, reply.status, headers={"Content-Type": reply.content_type})

    def checkpoint(request: Request) -> Response:
        note = book.latest(request.path_params["origin_hash"])
        if note is None:
            return PlainTextResponse("nothing cosigned for this log\n", 404)
        return PlainTextResponse(note, headers={"Cache-Control": "no-cache"})

    def key(request: Request) -> Response:
        return PlainTextResponse(f"{book.verifier()}\n")

    def livez(request: Request) -> Response:
        return PlainTextResponse("ok\n")

    routes = [
        Route("/add-checkpoint", add_checkpoint, methods=["POST"]),
        Route("/{origin_hash}/checkpoint", checkpoint),
        Route("/key", key),
        Route("/livez", livez),
    ]
    return Starlette(routes=routes)
