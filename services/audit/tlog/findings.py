"""What a check of the log found, and the Chinese and English words for it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Literal
from unicodedata import category

from audit.tlog.notes import Signature

Language = Literal["zh", "en"]


class Outcome(StrEnum):
    """`note`: nothing was to be checked, but whoever reads the answer has to know."""

    HOLDS = "holds"
    FAILS = "fails"
    UNCHECKED = "unchecked"
    NOTE = "note"


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at. `code` is a key of `WORDS`, `facts` are what the words name."""

    outcome: Outcome
    code: str
    facts: Mapping[str, Any] = field(default_factory=dict)

    def words(self, language: Language) -> str:
        zh, en = WORDS[self.code]
        facts = {name: _said(fact, language) for name, fact in self.facts.items()}
        return plain((zh if language == "zh" else en).format(**facts))


def _said(fact: Any, language: Language) -> Any:
    """A tuple names members of an entry."""
    if not isinstance(fact, tuple):
        return fact
    return ("、" if language == "zh" else ", ").join(label(name, language) for name in fact)


def label(member: str, language: Language) -> str:
    """Of a member of an entry, or one within it: `case.facts`."""
    first, *below = member.split(".")
    words = [LABELS.get(first, (first, first)), *(WITHIN.get(one, (one, one)) for one in below)]
    return " · ".join(zh if language == "zh" else en for zh, en in words)


def outcome_of(findings: Iterable[Finding]) -> Outcome:
    """What does not hold weighs more than what could not be checked."""
    found = {finding.outcome for finding in findings}
    for worst in (Outcome.FAILS, Outcome.UNCHECKED):
        if worst in found:
            return worst
    return Outcome.HOLDS


def plain(text: str) -> str:
    """Without signs that steer a terminal or turn the direction of writing: others wrote what is shown here."""
    return "".join(sign if sign.isprintable() or category(sign) == "Zs" else f"\\u{ord(sign):04x}" for sign in text)


def signers(signatures: Iterable[Signature]) -> str:
    """Names, and of a cosignature when it was made (UTC)."""
    return ", ".join(one.key.name if one.time is None else f"{one.key.name} ({moment(one.time)})" for one in signatures)


def moment(seconds: int) -> str:
    try:
        return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%SZ}"
    except (ValueError, OverflowError, OSError):
        return f"{seconds} s"


WORDS: Mapping[str, tuple[str, str]] = {
    "unreachable": ("无法读取日志：{why}", "the log cannot be read: {why}"),
    "no_checkpoint": (
        "该处没有检查点（文件 checkpoint），不是日志，或日志被撤下",
        "there is no checkpoint here: no log, or one that was taken down",
    ),
    "checkpoint_signed": (
        "检查点由 {signers} 签署：{size} 条记录，根 {root}",
        "the checkpoint is signed by {signers}: {size} entries, root {root}",
    ),
    "checkpoint_not_signed": (
        "检查点没有所给公钥的有效签名，不可采信",
        "the checkpoint has no good signature by the key you gave and is worth nothing: {why}",
    ),
    "other_origin": (
        "检查点自称属于 {origin}，签名的却是 {signers} 的密钥",
        "the checkpoint says it is of {origin}, but a key of {signers} signed it",
    ),
    "witnessed": (
        "见证方已副署：{witnesses}，符合见证规则",
        "cosigned by {witnesses}, as the policy asks",
    ),
    "not_witnessed": (
        "见证方的副署不足，不符合见证规则；已有：{witnesses}",
        "too few witnesses cosigned for the policy; those that did: {witnesses}",
    ),
    "bad_cosignature": (
        "带有见证方名下的无效副署，不可采信",
        "a cosignature in the name of a witness is not good: {why}",
    ),
    "no_witness": (
        "没有见证方：未给出见证规则，或规则不要求副署",
        "no witness: no policy was given, or it asks for none",
    ),
    "derived": (
        "全部 {size} 条记录逐条重新计算，与 {files} 个文件和签署的根一致",
        "all {size} entries were hashed again and fit {files} files and the signed root",
    ),
    "not_derived": (
        "快速核验：没有逐条重新计算，记录被改动也看不出来",
        "quick: the entries were not hashed again, so a changed one would not show",
    ),
    "entries_changed": (
        "{path} 中 {number} 条记录与签署的树不符，第一条序号为 {first}：签署之后被改动",
        "{path}: {number} entries are not the ones under the signed root, the first is {first}: changed after signing",
    ),
    "entries_differ": (
        "{path} 中 {number} 条记录与其散列文件不符，第一条序号为 {first}",
        "{path}: {number} entries do not fit their tile of hashes, the first is {first}",
    ),
    "tile_differs": (
        "{path} 与其下层的散列不符",
        "{path} does not fit the hashes below it",
    ),
    "root_differs": (
        "由全部文件算出的根是 {derived}，与签署的根 {root} 不符：文件里的不是签署过的那些记录",
        "the files add up to the root {derived}, not to the signed root {root}: these are not the entries signed for",
    ),
    "missing": ("缺少 {path}：签署过的内容没有提供", "{path} is missing: what was signed is withheld"),
    "malformed": ("{path} 的格式不对", "{path} is malformed"),
    "continues": (
        "保存的检查点 {name}（{size} 条）之后只增不改",
        "the log only grew since the checkpoint {name} ({size} entries)",
    ),
    "same": (
        "与保存的检查点 {name} 完全相同（{size} 条）",
        "the log stands where the checkpoint {name} saw it ({size} entries)",
    ),
    "saved_empty": (
        "保存的检查点 {name} 是空日志的，什么也约束不了",
        "the checkpoint {name} is of an empty log and binds nothing",
    ),
    "shrank": (
        "日志缩短了：保存的检查点 {name} 有 {size} 条，现在只有 {now} 条。末尾的记录被删，或读到的是旧副本",
        "the log shrank: the checkpoint {name} saw {size} entries, now there are {now}. "
        "The last ones were cut off, or this is an old copy",
    ),
    "rewritten": (
        "日志被改写：保存的检查点 {name} 之前的 {size} 条记录已不是原来的那些。请保留两份检查点作为证据",
        "the log was rewritten: the first {size} entries are not the ones that the checkpoint {name} saw. "
        "Keep both checkpoints as evidence",
    ),
    "not_continued": (
        "无法证明保存的检查点 {name} 之前的 {size} 条记录未变：日志被改写，或散列文件损坏",
        "nothing shows that the first {size} entries are those that the checkpoint {name} saw: "
        "the log was rewritten, or its tiles are damaged",
    ),
    "forked": (
        "同一大小（{size} 条）签署了两个不同的根，另一个在 {name}：存在两本日志。请保留两份检查点作为证据",
        "two roots were signed for the same size ({size} entries), the other is in {name}: there are two logs. "
        "Keep both checkpoints as evidence",
    ),
    "saved_unusable": (
        "保存的检查点 {name} 无法比对：不是所给公钥签署的检查点",
        "the checkpoint {name} cannot be compared: {why}",
    ),
    "nothing_saved": (
        "没有给出以前保存的检查点，看不出日志是否被整体改写过",
        "no checkpoint saved before was given: a log rewritten as a whole would not show",
    ),
    "kept": ("检查点已保存到 {name}，请另存一份到别处", "the checkpoint is kept in {name}; keep a copy elsewhere too"),
    "not_kept": ("未全部成立，没有保存检查点到 {name}", "not all holds: no checkpoint was kept in {name}"),
    "unwritable": ("检查点无法保存到 {name}", "the checkpoint cannot be kept in {name}: {why}"),
    "not_a_receipt": ("不是凭证（tlog-proof）", "no receipt (tlog-proof): {why}"),
    "receipt_included": (
        "记录在日志中，序号 {index}，在检查点的 {size} 条之内",
        "the entry stands in the log as number {index} of the {size} under the checkpoint",
    ),
    "receipt_not_included": (
        "记录不在该检查点之下：记录、序号或路径被改动",
        "the entry is not under this checkpoint: the entry, its number or the path was changed",
    ),
    "receipt_without_entry": (
        "凭证没有带记录原文，请用 --entry 给出，或给出日志",
        "the receipt does not carry its entry: give it with --entry, or give the log",
    ),
    "entry_unreadable": (
        "记录在日志中，但读不懂其内容",
        "the entry is in the log but cannot be read: {why}",
    ),
    "disclosures_hold": (
        "所附内容与记录相符：{names}",
        "what comes with the entry belongs to it: {names}",
    ),
    "disclosure_foreign": (
        "所附内容不是这条记录的：{what}",
        "what comes with the entry does not belong to it: {what} ({why})",
    ),
    "erased": (
        "已删除，日志中有删除记录：{names}",
        "erased, as the log says itself: {names}",
    ),
    "withheld": (
        "没有附上，日志中也没有删除记录：{names}",
        "withheld; the log does not say that it was erased: {names}",
    ),
    "undisclosed": (
        "没有附上、不予公开或已删除的内容：{names}",
        "not given, being withheld or erased: {names}",
    ),
    "undisclosed_number": (
        "另有 {number} 项内容没有附上（不予公开或已删除）",
        "{number} more parts are not given, being withheld or erased",
    ),
}

LABELS: Mapping[str, tuple[str, str]] = {
    "permits": ("结论", "Answer"),
    "clause": ("条款", "Clause"),
    "document": ("文件", "Document"),
    "at": ("条文位置", "Place in the document"),
    "on": ("决定所据日期", "Decided as of"),
    "subject": ("对象", "Subject"),
    "case": ("案情与结果", "Case and outcome"),
    "policy": ("政策依据", "Policy"),
    "account": ("经办账号", "Account"),
    "area": ("地区", "Area"),
    "staff": ("人员类别", "Kind of staff"),
    "rule": ("规则", "Rule"),
    "rule_version": ("规则版本", "Version of the rule"),
    "policy_digest": ("政策摘要值", "Digest of the policy"),
    "decision_id": ("决定编号", "Decision"),
    "recordedtime": ("入账时间", "Recorded"),
    "time": ("作出时间", "Made"),
    "source": ("来源", "Source"),
    "sequence": ("来源内序号", "Number at its source"),
    "authtype": ("经办方式", "Who acted"),
    "type": ("类型", "Type"),
    "id": ("事件编号", "Event"),
    "specversion": ("事件格式版本", "Event format"),
    "service": ("服务", "Service"),
    "day": ("日期", "Day"),
    "first_sequence": ("起始序号", "First number"),
    "last_sequence": ("末尾序号", "Last number"),
    "digest": ("摘要值", "Digest"),
    "erasure_id": ("删除编号", "Erasure"),
    "part": ("被删除的内容", "Erased part"),
    "indices": ("记录序号", "Of the entries"),
    "ground": ("理由", "Ground"),
    "operation": ("操作", "Operation"),
    "entries": ("记录数", "Number of entries"),
    "reading": ("查阅情况", "Reading"),
    "alarm_id": ("告警编号", "Alarm"),
    "kind": ("告警种类", "Kind of alarm"),
    "finding": ("查明情况", "What was found"),
}

WITHIN: Mapping[str, tuple[str, str]] = {
    "subject": ("编号", "Id"),
    "area": ("地区", "Area"),
    "organisation": ("单位", "Organisation"),
    "facts": ("事实", "Facts"),
    "outcome": ("结果", "Outcome"),
    "words": ("说明", "In words"),
    "recorded_at": ("作出时间", "Made"),
    "document_title": ("文件名称", "Title"),
    "says": ("条款大意", "The clause says"),
    "terms": ("条件", "Terms"),
    "terms_since": ("条件起始日期", "Terms hold since"),
    "parameters": ("所取参数", "Parameter rows"),
    "zh": ("中文", "Chinese"),
    "en": ("英文", "English"),
}
