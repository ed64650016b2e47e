"""`python -m audit verify`: arguments and files, and what to answer with."""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from io import TextIOWrapper
from pathlib import Path

from audit.tlog.answers import Answer, as_json, as_text
from audit.tlog.durable import put
from audit.tlog.findings import Finding, Language, Outcome, plain
from audit.tlog.notes import ED25519, BadNote, VerifierKey
from audit.tlog.policy import NONE, BadPolicy, Policy
from audit.tlog.reading import LogReader, TileMalformed, TileMissing
from audit.tlog.receipts import find_erasures
from audit.tlog.sources import FolderSource, LogUnreachable, Source, open_source
from audit.tlog.verifying import ReceiptReport, Report, verify_log, verify_receipt

EXIT_CODES = {Outcome.HOLDS: 0, Outcome.FAILS: 1, Outcome.UNCHECKED: 2}

_NO_LOG = "-"
_ABOUT = """\
核验审计日志和凭证，只用别处得来的公钥；不需要数据库，也不需要平台。
Checks the audit log and receipts with nothing but a key from elsewhere: no database, no platform.
"""
_WHERE_KEYS_ARE = """\
公钥要从日志之外取得：向使用单位或其监督机关索取所公布的公钥（公告、官网、盖章的纸面），再由第二条途径核对。
The key comes from outside the log: ask the office, or who supervises it, for the one it publishes (notice, website,
sealed paper), and compare it by a second way. What a log says is its own key proves nothing."""
_NO_KEY = f"""\
没有公钥，无从核验。请用 --key 或 --policy 给出。 No key, nothing to check with: give --key or --policy.
{_WHERE_KEYS_ARE}"""
_MORE = f"""\
{_WHERE_KEYS_ARE}

退出码 exit codes:
  0  全部成立 all holds
  1  有不成立之处 something does not hold
  2  未能核验 could not be checked: unreachable, no key, malformed arguments

例 examples:
  python -m audit verify https://audit.example/log1 --key log.vkey --save-checkpoint last.checkpoint
  python -m audit verify - --key log.vkey --receipt decision.tlog-proof
"""


class Unusable(Exception):
    """Something was given with which nothing can be checked; said in Chinese and English."""


@dataclass(frozen=True)
class _Trust:
    keys: Sequence[VerifierKey]
    policy: Policy


def main(arguments: Sequence[str]) -> int:
    """Answers on stdout and returns the exit code; why nothing could be checked goes to stderr."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    asked = _parser().parse_args(arguments)
    try:
        answer = _answer(asked)
    except Unusable as reason:
        sys.stderr.write(f"{reason}\n")
        return EXIT_CODES[Outcome.UNCHECKED]
    code = EXIT_CODES[answer.outcome]
    languages: Sequence[Language] = [asked.language] if asked.language else ["zh", "en"]
    sys.stdout.write(as_json(answer, exit_code=code) if asked.json else as_text(answer, languages))
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        "python -m audit verify", description=_ABOUT, epilog=_MORE, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add(
        "log", metavar="LOG", help="日志的网址或文件夹，- 表示只核验凭证 URL or folder of the log; - for receipts alone"
    )
    add(
        "--key", action="append", default=[], metavar="VKEY", help="日志的公钥或其文件 the log's key, or a file of keys"
    )
    add("--policy", metavar="FILE", help="见证规则 which logs, witnesses and quorum count (C2SP tlog-policy)")
    add("--saved", action="append", default=[], metavar="FILE", help="以前保存的检查点 a checkpoint kept from before")
    add("--receipt", action="append", default=[], metavar="FILE", help="凭证 a receipt (.tlog-proof)")
    add("--entry", action="append", default=[], metavar="FILE", help="凭证未带的记录原文 the entry of a bare receipt")
    add(
        "--save-checkpoint",
        metavar="FILE",
        help="全部成立则保存检查点，文件已在则先与之比对 keep the checkpoint if all holds, first compared with it",
    )
    add("--quick", action="store_true", help="不逐条重新计算 do not hash every entry again")
    add("--language", choices=["zh", "en"], help="只用一种语言 one language instead of both")
    add("--json", action="store_true", help="以 JSON 回答 answer in JSON")
    return parser


def _answer(asked: argparse.Namespace) -> Answer:
    where = None if asked.log == _NO_LOG else asked.log
    if where is None and (not asked.receipt or asked.saved or asked.save_checkpoint):
        raise Unusable("没有日志时只能核验凭证（--receipt）。 Without a log only receipts can be checked (--receipt).")
    trust = _read_trust(asked, where)
    source = _open(where) if where is not None else None
    texts = {name: _read_text(name) for name in asked.receipt}
    entries = [content for name in asked.entry for content in _read_entry(name)]
    receipts = {name: _check_receipt(text, trust, entries) for name, text in texts.items()}
    if source is None or where is None:
        return Answer("", None, receipts)
    saved = {name: _read_text(name) for name in _saved(asked)}
    held = {name: report.note for name, report in receipts.items() if report.checkpoint and report.note}
    log = verify_log(source, keys=trust.keys, policy=trust.policy, saved={**saved, **held}, quick=asked.quick)
    for name, report in receipts.items():
        receipts[name] = _with_the_log(report, texts[name], source, log, trust)
    answer = Answer(where, log, receipts)
    return _kept(answer, asked.save_checkpoint) if asked.save_checkpoint else answer


def _saved(asked: argparse.Namespace) -> list[str]:
    earlier = asked.save_checkpoint
    return [*asked.saved, *([earlier] if earlier and Path(earlier).exists() else [])]


def _read_trust(asked: argparse.Namespace, where: str | None) -> _Trust:
    try:
        policy = Policy.read(_read_text(asked.policy)) if asked.policy else NONE
    except BadPolicy as error:
        raise Unusable(f"见证规则有误：{asked.policy} The policy is malformed: {error}") from None
    keys = [*(key for one in asked.key for key in _read_keys(one, where)), *(key for key, _ in policy.logs)]
    if not keys:
        raise Unusable(_NO_KEY)
    return _Trust(list(dict.fromkeys(keys)), policy)


def _read_keys(given: str, where: str | None) -> list[VerifierKey]:
    """A key as it is written, or a file of them: one a line, lines that begin with # are comments."""
    lines = [given]
    if "+" not in given or Path(given).is_file():
        _require_outside(given, where)
        lines = [line for line in _read_text(given).splitlines() if line.strip() and not line.startswith("#")]
    try:
        keys = [VerifierKey.read(line.strip()) for line in lines]
    except BadNote as error:
        raise Unusable(f"不是公钥：{plain(given)} Not a verifier key: {error}") from None
    if any(key.algorithm != ED25519 for key in keys):
        raise Unusable("这是见证方的公钥，须写在见证规则里。 This is a witness's key: it belongs into a policy.")
    return keys


def _require_outside(file: str, where: str | None) -> None:
    source = _open(where) if where is not None else None
    if "://" in file or (
        isinstance(source, FolderSource) and Path(file).resolve().is_relative_to(source.folder.resolve())
    ):
        raise Unusable(f"公钥与日志放在一处，不可采信。 The key lies beside the log it is to check.\n{_WHERE_KEYS_ARE}")


def _open(where: str) -> Source:
    try:
        return open_source(where)
    except ValueError as error:
        raise Unusable(f"不是日志的网址或文件夹。 Not the URL or folder of a log: {error}") from None


def _read_bytes(name: str) -> bytes:
    try:
        return Path(name).read_bytes()
    except OSError as error:
        raise Unusable(f"无法读取文件 {plain(name)}。 The file cannot be read: {error.strerror}") from None


def _read_text(name: str) -> str:
    try:
        return _read_bytes(name).decode()
    except UnicodeDecodeError:
        raise Unusable(f"文件 {plain(name)} 不是 UTF-8 文本。 The file is not UTF-8 text.") from None


def _read_entry(name: str) -> list[bytes]:
    """As it is, and without the newline that an editor puts at the end."""
    content = _read_bytes(name)
    return list(dict.fromkeys([content, content.removesuffix(b"\n")]))


def _check_receipt(text: str, trust: _Trust, entries: Sequence[bytes]) -> ReceiptReport:
    return verify_receipt(text, keys=trust.keys, policy=trust.policy, entries=entries)


def _with_the_log(report: ReceiptReport, text: str, source: Source, log: Report, trust: _Trust) -> ReceiptReport:
    """A bare receipt finds its entry in the log, and a log that was derived says what was erased since."""
    bare = any(finding.code == "receipt_without_entry" for finding in report.findings)
    if log.checkpoint is None or report.receipt is None or not (bare or report.entry):
        return report
    index, reader = report.receipt.index, LogReader(source, log.checkpoint.size)
    try:
        entry = report.entry or reader.entry(index)
        derived = any(finding.code == "derived" for finding in log.findings)
        erased = find_erasures(reader.entries(index + 1, reader.size), index) if derived else None
    except (ValueError, TileMissing, TileMalformed, LogUnreachable):
        return report
    return verify_receipt(text, keys=trust.keys, policy=trust.policy, entries=[entry], erased=erased)


def _kept(answer: Answer, file: str) -> Answer:
    """The checkpoint is kept only when everything holds, so that what is kept can be relied on next time."""
    note = answer.log.note if answer.log else None
    if answer.outcome is not Outcome.HOLDS or note is None:
        return Answer(answer.where, answer.log, answer.receipts, [Finding(Outcome.NOTE, "not_kept", {"name": file})])
    try:
        put(Path(file), note)
    except OSError as error:
        facts = {"name": file, "why": error.strerror}
        return Answer(answer.where, answer.log, answer.receipts, [Finding(Outcome.UNCHECKED, "unwritable", facts)])
    return Answer(answer.where, answer.log, answer.receipts, [Finding(Outcome.NOTE, "kept", {"name": file})])
