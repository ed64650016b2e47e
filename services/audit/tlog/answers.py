"""The answer of a check, for people (Chinese, English, or Chinese with English beneath) and as JSON."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from audit.tlog.findings import Finding, Language, Outcome, label, moment, outcome_of, plain
from audit.tlog.notes import encode
from audit.tlog.receipts import Contents
from audit.tlog.verifying import ReceiptReport, Report

Words = tuple[str, str]

_MOST_FINDINGS = 20
_MARKS = {Outcome.HOLDS: "✓", Outcome.FAILS: "✗", Outcome.UNCHECKED: "?", Outcome.NOTE: "·"}
_VERDICTS: Mapping[Outcome, Words] = {
    Outcome.HOLDS: ("核验通过：所核对的全部成立", "ALL HOLDS"),
    Outcome.FAILS: ("核验不通过：有不成立之处", "SOMETHING DOES NOT HOLD"),
    Outcome.UNCHECKED: ("未能核验完毕", "COULD NOT BE CHECKED"),
}
_FIRST = ("permits", "clause", "document", "at", "on", "subject", "case", "policy", "account", "recordedtime", "time")


@dataclass(frozen=True)
class Answer:
    """`log` is None where only receipts were checked; `receipts` go by the names of their files."""

    where: str
    log: Report | None
    receipts: Mapping[str, ReceiptReport]
    further: Sequence[Finding] = ()

    @property
    def outcome(self) -> Outcome:
        return outcome_of([*self.further, *(finding for report in _reports(self) for finding in report.findings)])


def as_text(answer: Answer, languages: Sequence[Language]) -> str:
    return "\n".join(_lines(answer, languages)) + "\n"


def _lines(answer: Answer, languages: Sequence[Language]) -> Iterator[str]:
    yield from _said(_VERDICTS[answer.outcome], languages)
    if answer.log:
        yield from ["", *_said((f"日志 {plain(answer.where)}", f"log {plain(answer.where)}"), languages)]
        yield from _found(answer.log.findings, languages)
    for name, report in answer.receipts.items():
        yield from ["", *_said((f"凭证 {plain(name)}", f"receipt {plain(name)}"), languages)]
        yield from _found(report.findings, languages)
        yield from _entry(report, languages)
    if answer.further:
        yield from ["", *_found(answer.further, languages)]
    for title, meanings in (
        (("证明", "This proves"), proves(answer)),
        (("不能证明", "This does not prove"), leaves_open(answer)),
    ):
        if meanings:
            yield from ["", *_said(title, languages)]
            for meaning in meanings:
                yield from _said(meaning, languages, mark="-")


def _said(words: Words, languages: Sequence[Language], mark: str = "") -> Iterator[str]:
    for number, language in enumerate(languages):
        lead = "" if not mark else f"  {mark} " if number == 0 else "    "
        yield lead + words[0 if language == "zh" else 1]


def _found(findings: Sequence[Finding], languages: Sequence[Language]) -> Iterator[str]:
    """What does not hold comes first, and of a great many not all."""
    worst_first = sorted(findings, key=lambda finding: finding.outcome is not Outcome.FAILS)
    for finding in islice(worst_first, _MOST_FINDINGS):
        words = finding.words("zh"), finding.words("en")
        yield from _said(words, languages, mark=_MARKS[finding.outcome])
    more = len(findings) - _MOST_FINDINGS
    if more > 0:
        yield from _said((f"另有 {more} 项，见 --json", f"and {more} more, see --json"), languages, mark=" ")


def _entry(report: ReceiptReport, languages: Sequence[Language]) -> Iterator[str]:
    if report.contents is None:
        return
    yield from ["", *_said(("记录内容", "What the entry says"), languages, mark=" ")]
    for name, value in _rows(report.contents):
        title = " ".join(dict.fromkeys(plain(label(name, language)) for language in languages))
        yield f"    {title}: {plain(_shown(value, name, languages))}"
    for words in _times(report):
        yield from _said(words, languages, mark=" ")


def _times(report: ReceiptReport) -> Iterator[Words]:
    witnessed = [one for one in report.signatures if one.time is not None]
    for one in witnessed:
        at = moment(one.time or 0)
        yield (
            f"见证方 {one.key.name} 于 {at} 看到包含本记录的日志",
            f"witness {one.key.name} saw the log with this entry at {at}",
        )
    if not witnessed:
        yield (
            "以上时间都是日志一方自己写的，没有见证方的时间；检查点本身不带时间",
            "All times above are the log keeper's own; no witness gives one, and a checkpoint carries none",
        )


def _rows(contents: Contents) -> Iterator[tuple[str, Any]]:
    members = {**contents.shown, **contents.disclosed}
    names = [name for name in _FIRST if name in members]
    for name in [*names, *(name for name in members if name not in names)]:
        yield from _flat(name, members[name])


def _flat(name: str, value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict) and value:
        for member, below in value.items():
            yield from _flat(f"{name}.{member}", below)
    else:
        yield name, value


def _shown(value: Any, name: str, languages: Sequence[Language]) -> str:
    if name == "permits" and isinstance(value, bool):
        words = ("准许", "permitted") if value else ("不准许", "not permitted")
        return " ".join(words[0 if language == "zh" else 1] for language in languages)
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def proves(answer: Answer) -> list[Words]:
    if answer.outcome is not Outcome.HOLDS:
        return []
    said: list[Words] = []
    codes = _codes(answer)
    if "derived" in codes:
        said.append(
            (
                "持有该公钥对应私钥的一方签署了这本日志，所列记录一条不少，内容与签署时一致",
                "whoever holds the key signed this log; all its entries are there as they were signed",
            )
        )
    if codes & {"continues", "same"}:
        said.append(
            (
                "自保存的检查点以来，其中的记录没有改动、删除或调换",
                "no entry under the saved checkpoints was changed, removed or moved since",
            )
        )
    if answer.receipts:
        said.append(
            (
                "凭证上的记录和所附内容在签署的日志中，一字未改",
                "the entries of the receipts and what comes with them stand in the signed log, unchanged",
            )
        )
    if _is_witnessed(answer):
        said.append(
            (
                "见证方在所示时间看到的也是这本日志",
                "the witnesses saw this same log at the times shown",
            )
        )
    return said


def leaves_open(answer: Answer) -> list[Words]:
    if answer.outcome is not Outcome.HOLDS:
        return []
    codes = _codes(answer)
    said: list[Words] = []
    if not _is_witnessed(answer):
        said.append(
            (
                "没有见证方：在别处保存的最后一个检查点之后的记录，仍可能被改写过；时间只凭日志一方自述",
                "no witness: entries after the last checkpoint kept elsewhere may still have been rewritten; "
                "the times are the log keeper's word",
            )
        )
    if answer.log is None:
        said.append(
            (
                "没有核对日志：凭证所据的日志后来是否被改写，须连同日志一起核验",
                "no log was given: whether it was rewritten after this receipt shows only together with the log",
            )
        )
    if "not_derived" in codes:
        said.append(("快速核验没有逐条核对记录", "a quick check does not look at the entries"))
    said.append(
        (
            "不证明记录所述属实、决定合法，也不证明应记的都已入账，或此后没有新的决定",
            "not that what an entry says is true or lawful, that all there was to record is in the log, "
            "or that no later decision replaced it",
        )
    )
    return said


def _reports(answer: Answer) -> list[Report]:
    return [*([answer.log] if answer.log else []), *answer.receipts.values()]


def _codes(answer: Answer) -> set[str]:
    return {finding.code for report in _reports(answer) for finding in report.findings}


def _is_witnessed(answer: Answer) -> bool:
    """The newest checkpoint is: the log's own, where there is one."""
    reports = [answer.log] if answer.log else list(answer.receipts.values())
    return all(any(one.time is not None for one in report.signatures) for report in reports)


def as_json(answer: Answer, *, exit_code: int) -> str:
    content = {
        "outcome": answer.outcome,
        "exit_code": exit_code,
        "log": {"where": answer.where, **_report(answer.log)} if answer.log else None,
        "receipts": [{"name": name, **_receipt(report)} for name, report in answer.receipts.items()],
        "further": [_finding(finding) for finding in answer.further],
        "proves": [{"zh": zh, "en": en} for zh, en in proves(answer)],
        "does_not_prove": [{"zh": zh, "en": en} for zh, en in leaves_open(answer)],
    }
    return json.dumps(content, ensure_ascii=False, indent=2) + "\n"


def _report(report: Report) -> dict[str, Any]:
    checkpoint = report.checkpoint
    return {
        "outcome": report.outcome,
        "origin": checkpoint.origin if checkpoint else None,
        "size": checkpoint.size if checkpoint else None,
        "root": encode(checkpoint.root) if checkpoint else None,
        "signatures": [{"name": one.key.name, "vkey": str(one.key), "time": one.time} for one in report.signatures],
        "findings": [_finding(finding) for finding in report.findings],
    }


def _receipt(report: ReceiptReport) -> dict[str, Any]:
    contents = report.contents
    return {
        **_report(report),
        "index": report.receipt.index if report.receipt else None,
        "entry": contents.shown if contents else None,
        "disclosed": contents.disclosed if contents else None,
        "undisclosed": contents.undisclosed if contents else None,
    }


def _finding(finding: Finding) -> dict[str, Any]:
    facts = {name: fact if isinstance(fact, int) else str(fact) for name, fact in finding.facts.items()}
    return {
        "outcome": finding.outcome,
        "code": finding.code,
        "facts": {**facts, **{name: list(fact) for name, fact in finding.facts.items() if isinstance(fact, tuple)}},
        "zh": finding.words("zh"),
        "en": finding.words("en"),
    }
