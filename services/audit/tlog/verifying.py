"""Checks a log, or a receipt of it, with nothing but keys from elsewhere: no database, no word of the log's keeper."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from audit.tlog.deriving import derive
from audit.tlog.findings import Finding, Outcome, outcome_of, signers
from audit.tlog.notes import (
    BadNote,
    Checkpoint,
    Signature,
    VerifierKey,
    encode,
    open_note,
    parse_checkpoint,
    read_checkpoint,
    read_text,
)
from audit.tlog.policy import NONE, Policy
from audit.tlog.reading import LogReader, TileMalformed, TileMissing
from audit.tlog.receipts import BadDisclosure, BadEntry, Contents, Receipt, open_entry, read_receipt, stands_in
from audit.tlog.sources import LogUnreachable, Source
from audit.tlog.tree import is_consistent

CHECKPOINT = "checkpoint"
PARTS_OF_DECISION = ("subject", "case", "policy", "account")
_FAULTS = {"missing": "missing", "malformed": "malformed", "tile": "tile_differs"}


@dataclass(frozen=True)
class Report:
    """What was found of a log; `checkpoint` and `note` are None where none with a good signature was had."""

    findings: tuple[Finding, ...]
    checkpoint: Checkpoint | None = None
    note: str | None = None
    signatures: tuple[Signature, ...] = ()

    @property
    def outcome(self) -> Outcome:
        return outcome_of(self.findings)


@dataclass(frozen=True)
class ReceiptReport(Report):
    """`entry` and `contents` are None where the entry was not had or is not under the receipt's checkpoint."""

    receipt: Receipt | None = None
    entry: bytes | None = None
    contents: Contents | None = None


@dataclass
class _Opened:
    findings: list[Finding] = field(default_factory=list)
    checkpoint: Checkpoint | None = None
    signatures: tuple[Signature, ...] = ()


def verify_log(
    source: Source,
    *,
    keys: Sequence[VerifierKey],
    policy: Policy = NONE,
    saved: Mapping[str, str] | None = None,
    quick: bool = False,
) -> Report:
    """The newest checkpoint, every file under it unless `quick`, and that it continues each of `saved` (name: note)."""
    try:
        content = source.read(CHECKPOINT)
        note = read_text(content) if content is not None else None
    except LogUnreachable as error:
        return Report((Finding(Outcome.UNCHECKED, "unreachable", {"why": error}),))
    except BadNote as error:
        return Report((Finding(Outcome.FAILS, "checkpoint_not_signed", {"why": error}),))
    if note is None:
        return Report((Finding(Outcome.UNCHECKED, "no_checkpoint"),))
    opened = _open_checkpoint(note, keys, policy)
    if opened.checkpoint is None:
        return Report(tuple(opened.findings))
    reader = LogReader(source, opened.checkpoint.size)
    findings = opened.findings
    try:
        findings.extend([Finding(Outcome.NOTE, "not_derived")] if quick else _derived(reader, opened.checkpoint))
        sound = not quick and outcome_of(findings) is not Outcome.FAILS
        for name, kept in (saved or {}).items():
            findings.append(_continued(reader, opened.checkpoint, name, kept, keys, sound=sound))
    except LogUnreachable as error:
        findings.append(Finding(Outcome.UNCHECKED, "unreachable", {"why": error}))
    if not saved:
        findings.append(Finding(Outcome.NOTE, "nothing_saved"))
    return Report(tuple(findings), opened.checkpoint, note, opened.signatures)


def verify_receipt(
    text: str,
    *,
    keys: Sequence[VerifierKey],
    policy: Policy = NONE,
    entries: Sequence[bytes] = (),
    erased: Collection[str] | None = None,
) -> ReceiptReport:
    """A receipt by itself.

    `entries` are candidates for one that does not carry its own; `erased` are the parts that a log, where one was
    checked, says were erased since.
    """
    try:
        receipt = read_receipt(text)
        unsigned = parse_checkpoint(receipt.note.rpartition("\n\n")[0] + "\n")
    except BadNote as error:
        return ReceiptReport((Finding(Outcome.FAILS, "not_a_receipt", {"why": error}),))
    opened = _open_checkpoint(receipt.note, keys, policy)
    findings = opened.findings
    candidates = [receipt.entry] if receipt.entry is not None else list(entries)
    entry = next((one for one in candidates if stands_in(receipt, one, unsigned)), None)
    contents = None
    if entry is not None:
        findings.append(_included(Outcome.HOLDS, "receipt_included", receipt, unsigned))
        contents = _read_contents(entry, receipt.disclosures, erased, findings)
    elif candidates:
        findings.append(_included(Outcome.FAILS, "receipt_not_included", receipt, unsigned))
    else:
        findings.append(Finding(Outcome.UNCHECKED, "receipt_without_entry"))
    return ReceiptReport(tuple(findings), opened.checkpoint, receipt.note, opened.signatures, receipt, entry, contents)


def _included(outcome: Outcome, code: str, receipt: Receipt, checkpoint: Checkpoint) -> Finding:
    return Finding(outcome, code, {"index": receipt.index, "size": checkpoint.size})


def _open_checkpoint(note: str, keys: Sequence[VerifierKey], policy: Policy) -> _Opened:
    """Signed by one of `keys`, of the log whose name that key bears, and cosigned as the policy asks."""
    opened = _Opened()
    try:
        signed = open_note(note, *keys)
        checkpoint = parse_checkpoint(signed.text)
    except BadNote as error:
        opened.findings.append(Finding(Outcome.FAILS, "checkpoint_not_signed", {"why": error}))
        return opened
    names = {signature.key.name for signature in signed.signatures}
    if names != {checkpoint.origin}:
        other = {"origin": checkpoint.origin, "signers": ", ".join(sorted(names))}
        opened.findings.append(Finding(Outcome.FAILS, "other_origin", other))
        return opened
    facts = {
        "signers": signers(signed.signatures),
        "size": checkpoint.size,
        "root": encode(checkpoint.root),
    }
    opened.findings.append(Finding(Outcome.HOLDS, "checkpoint_signed", facts))
    opened.checkpoint, opened.signatures = checkpoint, signed.signatures
    _hear_witnesses(opened, note, policy)
    return opened


def _hear_witnesses(opened: _Opened, note: str, policy: Policy) -> None:
    try:
        cosigned = policy.cosigned_at(note)
    except BadNote as error:
        opened.findings.append(Finding(Outcome.FAILS, "bad_cosignature", {"why": error}))
        return
    witnesses = tuple(Signature(witness.key, time) for witness, time in cosigned.items())
    opened.signatures += witnesses
    facts = {"witnesses": signers(witnesses) or "—"}
    if not policy.is_satisfied(note):
        opened.findings.append(Finding(Outcome.FAILS, "not_witnessed", facts))
    elif witnesses:
        opened.findings.append(Finding(Outcome.HOLDS, "witnessed", facts))
    else:
        opened.findings.append(Finding(Outcome.NOTE, "no_witness"))


def _derived(reader: LogReader, checkpoint: Checkpoint) -> Iterator[Finding]:
    found = derive(reader)
    fits = found.root == checkpoint.root
    whole = fits and all(fault.kind != "tile" for fault in found.faults)
    for fault in found.faults:
        if fault.kind == "entries":
            facts = {"path": fault.path, "first": fault.first, "number": fault.number}
            yield Finding(Outcome.FAILS, "entries_changed" if whole else "entries_differ", facts)
        else:
            yield Finding(Outcome.FAILS, _FAULTS[fault.kind], {"path": fault.path})
    if found.root is not None and not fits:
        roots = {"derived": encode(found.root), "root": encode(checkpoint.root)}
        yield Finding(Outcome.FAILS, "root_differs", roots)
    if fits and not found.faults:
        yield Finding(Outcome.HOLDS, "derived", {"size": checkpoint.size, "files": found.files})


def _continued(
    reader: LogReader, now: Checkpoint, name: str, kept: str, keys: Sequence[VerifierKey], *, sound: bool
) -> Finding:
    """`sound`: the tiles were derived and hold, so that a path that leads elsewhere can only mean a rewritten log."""
    try:
        saved = read_checkpoint(kept, *keys)
        if saved.origin != now.origin:
            raise BadNote(f"it is of {saved.origin}")
    except BadNote as error:
        return Finding(Outcome.UNCHECKED, "saved_unusable", {"name": name, "why": error})
    facts = {"name": name, "size": saved.size, "now": now.size}
    if saved.size > now.size:
        return Finding(Outcome.FAILS, "shrank", facts)
    if saved.size == now.size:
        same = saved.root == now.root
        return Finding(Outcome.HOLDS, "same", facts) if same else Finding(Outcome.FAILS, "forked", facts)
    try:
        path = reader.consistency_path(saved.size)
    except (TileMissing, TileMalformed) as fault:
        return Finding(
            Outcome.FAILS, "missing" if isinstance(fault, TileMissing) else "malformed", {"path": fault.path}
        )
    if is_consistent(old=saved.size, size=now.size, old_root=saved.root, root=now.root, path=path):
        return Finding(Outcome.HOLDS, "continues", facts) if saved.size else Finding(Outcome.NOTE, "saved_empty", facts)
    return Finding(Outcome.FAILS, "rewritten" if sound else "not_continued", facts)


def _read_contents(
    entry: bytes, disclosures: Sequence[str], erased: Collection[str] | None, findings: list[Finding]
) -> Contents | None:
    try:
        contents = open_entry(entry, disclosures)
    except BadEntry as error:
        findings.append(Finding(Outcome.UNCHECKED, "entry_unreadable", {"why": error}))
        return None
    except BadDisclosure as error:
        facts = {"what": (error.name,) if error.name else "—", "why": error}
        findings.append(Finding(Outcome.FAILS, "disclosure_foreign", facts))
        return open_entry(entry, ())
    if contents.disclosed:
        findings.append(Finding(Outcome.HOLDS, "disclosures_hold", {"names": tuple(contents.disclosed)}))
    findings.extend(_undisclosed(contents, erased))
    return contents


def _undisclosed(contents: Contents, erased: Collection[str] | None) -> Iterator[Finding]:
    """Digests do not say what they are of; a decision has four parts, so the names are known when the number fits."""
    names = tuple(name for name in PARTS_OF_DECISION if name not in contents.disclosed)
    if "decision_id" not in contents.shown or len(names) != contents.undisclosed:
        if contents.undisclosed:
            yield Finding(Outcome.NOTE, "undisclosed_number", {"number": contents.undisclosed})
    elif erased is None:
        if names:
            yield Finding(Outcome.NOTE, "undisclosed", {"names": names})
    else:
        for code, some in (
            ("erased", tuple(name for name in names if name in erased)),
            ("withheld", tuple(name for name in names if name not in erased)),
        ):
            if some:
                yield Finding(Outcome.NOTE, code, {"names": some})
