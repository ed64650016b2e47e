"""What must not happen to the log, and what to do when it does, in words."""

from dataclasses import dataclass
from enum import StrEnum


class AlarmKind(StrEnum):
    GAP = "gap"
    CONFLICT = "conflict"
    OUT_OF_ORDER = "out_of_order"
    CHECKPOINT_REFUSED = "checkpoint_refused"


class SignerFault(StrEnum):
    """Why the signer does not sign."""

    SHRUNK = "shrunk"
    REWRITTEN = "rewritten"
    STATE_MISSING = "state_missing"
    STATE_UNREADABLE = "state_unreadable"
    STATE_OF_ANOTHER_LOG = "state_of_another_log"
    STATE_CHANGED = "state_changed"


@dataclass(frozen=True)
class Words:
    zh: str
    en: str


_WORDS = {
    AlarmKind.GAP: Words(
        "来源 {source} 的第 {first} 至 {last} 号决定没有收到。请核对该服务的发件箱与搁置的消息，补齐后此告警自动关闭。",
        "Decisions {first} to {last} of {source} were not heard. Check that service's outbox and the parked messages; "
        "the alarm closes by itself when all of them are in.",
    ),
    AlarmKind.CONFLICT: Words(
        "来源 {source} 第 {first} 号消息（事件 {event}）与日志第 {index} 条是同一决定而内容不同，未予记入。"
        "请查明是谁改写了消息；日志中的原文不变。",
        "Message {first} of {source} (event {event}) tells the decision at index {index} with other content and was "
        "not entered. Find out who changed it; the log keeps what was told first.",
    ),
    AlarmKind.OUT_OF_ORDER: Words(
        "来源 {source} 第 {first} 号决定迟到，已记为日志第 {index} 条。请核对它为何晚于其后的决定到达。",
        "Decision {first} of {source} came after later ones and was entered at index {index}. Check why it was late.",
    ),
    SignerFault.SHRUNK: Words(
        "日志比已签名的检查点（{first} 条）短，已停止签发。日志可能被截断或由旧备份恢复：请以外部保存的检查点核对。",
        "The log is shorter than the checkpoint already signed ({first} entries); signing has stopped. It was cut or "
        "restored from an old backup: compare it with a checkpoint kept elsewhere.",
    ),
    SignerFault.REWRITTEN: Words(
        "日志与已签名的检查点（{first} 条）不一致，已停止签发。已签名的内容被改写："
        "请以外部保存的检查点核对并保全证据。",
        "The log does not continue the checkpoint already signed ({first} entries); signing has stopped. What was "
        "signed has been rewritten: compare it with a checkpoint kept elsewhere and keep the evidence.",
    ),
    SignerFault.STATE_MISSING: Words(
        "已有签名的检查点，但签名状态文件 audit-signer.json 不存在，已停止签发。请从备份恢复该文件，"
        "或按外部保存的检查点重写其中的条数与根。",
        "Checkpoints have been signed, but the signer's file audit-signer.json is gone; signing has stopped. Restore "
        "it, or write it anew with size and root of a checkpoint kept elsewhere.",
    ),
    SignerFault.STATE_UNREADABLE: Words(
        "签名状态文件 audit-signer.json 无法读取，已停止签发。请从备份恢复该文件。",
        "The signer's file audit-signer.json cannot be read; signing has stopped. Restore it.",
    ),
    SignerFault.STATE_OF_ANOTHER_LOG: Words(
        "签名状态文件 audit-signer.json 属于另一日志或另一密钥，已停止签发。请核对 LOG_ORIGIN 与密钥文件。",
        "The signer's file audit-signer.json belongs to another log or key; signing has stopped. Check LOG_ORIGIN and "
        "the key file.",
    ),
    SignerFault.STATE_CHANGED: Words(
        "签名状态文件 audit-signer.json 在签发过程中被另一进程改动，本次未签发。请确保只有一个签发进程。",
        "The signer's file audit-signer.json was changed by another process while signing; nothing was signed. Make "
        "sure that only one process signs.",
    ),
}


def describe_alarm(
    kind: str, *, mark: str, source: str, first: int, last: int, event_id: str | None, index: int | None
) -> Words:
    words = _WORDS[SignerFault(mark) if kind == AlarmKind.CHECKPOINT_REFUSED else AlarmKind(kind)]
    values = {"source": source, "first": first, "last": last, "event": event_id, "index": index}
    return Words(words.zh.format(**values), words.en.format(**values))
