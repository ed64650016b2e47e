"""Whose signatures make a checkpoint count: the trust policy of C2SP tlog-policy.

    log <vkey> [<url>]
    witness <name> <vkey> [<url>]
    group <name> all|any|<k> <name>…
    quorum <name>|none

One statement a line, a name before its use, exactly one quorum; lines that begin with # are comments.
"""

import re
from collections.abc import Set
from dataclasses import dataclass, field

from audit.tlog.notes import (
    COSIGNATURE,
    ED25519,
    BadNote,
    Checkpoint,
    NobodyKnown,
    VerifierKey,
    open_note,
    read_checkpoint,
)

_SPACE = re.compile(r"[ \t]+")
_FORBIDDEN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
_COUNT = re.compile(r"[1-9][0-9]{0,8}")
_NOBODY = "none"


class BadPolicy(Exception):
    """What is wrong, and in which line (the first is 1)."""

    def __init__(self, line: int, reason: str) -> None:
        self.line = line
        super().__init__(f"line {line}: {reason}")


@dataclass(frozen=True)
class Witness:
    name: str
    key: VerifierKey
    url: str | None

    def is_reached(self, cosigners: Set[VerifierKey]) -> bool:
        return self.key in cosigners


@dataclass(frozen=True)
class Group:
    """Counts as a cosigner when so many of its members do."""

    needed: int
    members: tuple["Witness | Group", ...]

    def is_reached(self, cosigners: Set[VerifierKey]) -> bool:
        return sum(member.is_reached(cosigners) for member in self.members) >= self.needed


@dataclass(frozen=True)
class Policy:
    """The logs, each with its URL if one is named, the witnesses, and who of them must have cosigned (None: nobody)."""

    logs: tuple[tuple[VerifierKey, str | None], ...]
    witnesses: tuple[Witness, ...]
    quorum: Witness | Group | None

    @classmethod
    def read(cls, text: str) -> "Policy":
        """Raises `BadPolicy`."""
        reader = _Reader()
        lines = text.removesuffix("\n").split("\n")
        for number, line in enumerate(lines, 1):
            try:
                reader.read(line)
            except (_Fault, BadNote) as fault:
                raise BadPolicy(number, str(fault)) from None
        if not reader.has_quorum:
            raise BadPolicy(len(lines), "the policy names no quorum")
        return cls(tuple(reader.logs), tuple(reader.witnesses), reader.quorum)

    def cosigned_at(self, note: str) -> dict[Witness, int]:
        """The witnesses that have cosigned the note, and when each did so last (unix seconds).

        Raises `BadNote`, also for a bad cosignature of one of them.
        """
        try:
            signatures = open_note(note, *(witness.key for witness in self.witnesses)).signatures
        except NobodyKnown:
            return {}
        times = {signature.key: signature.time or 0 for signature in signatures}
        return {witness: times[witness.key] for witness in self.witnesses if witness.key in times}

    def is_satisfied(self, note: str) -> bool:
        """Whether enough witnesses have cosigned. It says nothing of the log: they cosign other logs too."""
        try:
            cosigned = self.cosigned_at(note)
        except BadNote:
            return False
        return self.quorum is None or self.quorum.is_reached({witness.key for witness in cosigned})

    def read_checkpoint(self, note: str) -> Checkpoint:
        """The checkpoint, if one of the logs signed it as its own and enough witnesses cosigned. Raises `BadNote`."""
        checkpoint = read_checkpoint(note, *(key for key, _ in self.logs))
        own = [key for key, _ in self.logs if key.name == checkpoint.origin]
        if not own:
            raise BadNote("the checkpoint is of a log that the policy does not name")
        read_checkpoint(note, *own)
        if not self.is_satisfied(note):
            raise BadNote("too few witnesses have cosigned the checkpoint")
        return checkpoint


NONE = Policy((), (), None)


class _Fault(Exception):
    """What is wrong with one line."""


@dataclass
class _Reader:
    logs: list[tuple[VerifierKey, str | None]] = field(default_factory=list)
    witnesses: list[Witness] = field(default_factory=list)
    quorum: Witness | Group | None = None
    has_quorum: bool = False
    _named: dict[str, Witness | Group] = field(default_factory=dict)
    _grouped: set[str] = field(default_factory=set)

    def read(self, line: str) -> None:
        if _FORBIDDEN.search(line):
            raise _Fault("a control character")
        words = _SPACE.split(line.strip(" \t"))
        match words:
            case [""]:
                pass
            case [first, *_] if first.startswith("#"):
                pass
            case ["log", vkey]:
                self._log(vkey, None)
            case ["log", vkey, url]:
                self._log(vkey, url)
            case ["witness", name, vkey]:
                self._witness(name, vkey, None)
            case ["witness", name, vkey, url]:
                self._witness(name, vkey, url)
            case ["group", name, needed, *members] if members:
                self._group(name, needed, members)
            case ["quorum", name]:
                self._quorum(name)
            case [first, *_]:
                raise _Fault(f"not a statement of a policy: {first} with {len(words) - 1} words")

    def _log(self, vkey: str, url: str | None) -> None:
        self.logs.append((self._key(vkey, ED25519), url))

    def _witness(self, name: str, vkey: str, url: str | None) -> None:
        self._require_new(name)
        witness = Witness(name, self._key(vkey, COSIGNATURE), url)
        self.witnesses.append(witness)
        self._named[name] = witness

    def _key(self, vkey: str, algorithm: int) -> VerifierKey:
        key = VerifierKey.read(vkey)
        if key.algorithm != algorithm:
            raise _Fault(f"{key.name}: a log signs with type 1, a witness with type 4")
        known = [log.public for log, _ in self.logs] + [witness.key.public for witness in self.witnesses]
        if key.public in known:
            raise _Fault(f"{key.name}: the same key stands in the policy already")
        return key

    def _group(self, name: str, needed: str, members: list[str]) -> None:
        self._require_new(name)
        found = tuple(self._find(member) for member in members)
        for member in members:
            if member in self._grouped:
                raise _Fault(f"{member} is a member already")
            self._grouped.add(member)
        self._named[name] = Group(_needed(needed, len(members)), found)

    def _quorum(self, name: str) -> None:
        if self.has_quorum:
            raise _Fault("a second quorum")
        self.quorum = None if name == _NOBODY else self._find(name)
        self.has_quorum = True

    def _find(self, name: str) -> Witness | Group:
        if name not in self._named:
            raise _Fault(f"{name} is named before it is defined")
        return self._named[name]

    def _require_new(self, name: str) -> None:
        if name in self._named or name == _NOBODY:
            raise _Fault(f"{name} has a meaning already")


def _needed(word: str, members: int) -> int:
    if word in ("any", "all"):
        return 1 if word == "any" else members
    if not _COUNT.fullmatch(word) or int(word) > members:
        raise _Fault(f"a group needs any, all or 1 to {members} of its members, not {word}")
    return int(word)
