"""What must not happen to the log, and what to do when it does, in words."""

from dataclasses import dataclass
from enum import StrEnum


class AlarmKind(StrEnum):
    GAP = "gap"
    CONFLICT = "conflict"
    OUT_OF_ORDER = "out_of_order"
    TALLY_DIFFERS = "tally_differs"
    TALLY_OVERDUE = "tally_overdue"
    DISCLOSURE_MISSING = "disclosure_missing"
    RECORDS_DIFFER = "records_differ"
    CHECKPOINT_REFUSED = "checkpoint_refused"
    PUBLISHING_FAILED = "publishing_failed"
    WITNESS_SILENT = "witness_silent"
    WITNESS_REFUSED = "witness_refused"
    COPY_FAILED = "copy_failed"
    STAMP_FAILED = "stamp_failed"


class SignerFault(StrEnum):
    """Why the signer does not sign."""

    SHRUNK = "shrunk"
    REWRITTEN = "rewritten"
    PATH_CONFLICT = "path_conflict"
    PUBLISHED_UNREADABLE = "published_unreadable"
    STATE_MISSING = "state_missing"
    STATE_BEHIND = "state_behind"
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
    AlarmKind.TALLY_DIFFERS: Words(
        "来源 {source} 自报的第 {first} 至 {last} 号决定，日志中没有或内容不同。请到该服务的发件箱核对原文，"
        "查明是谁在途中丢弃或改写；该服务的自报已记入日志。",
        "Decisions {first} to {last}, which {source} says it sent, are not in the log or differ. Compare with that "
        "service's outbox and find out who dropped or changed them on the way; its statement stands in the log.",
    ),
    AlarmKind.DISCLOSURE_MISSING: Words(
        "日志第 {first} 至 {last} 条的内容不见了，却没有抹除记录：有人绕过系统删除了它。"
        "请从备份恢复该内容（哈希可验真伪），并查数据库的操作记录。",
        "What belongs to entries {first} to {last} is gone, and nothing in the log erased it: somebody deleted it past "
        "the system. Restore it from a backup (the digests tell whether it is genuine) and look into the database.",
    ),
    AlarmKind.TALLY_OVERDUE: Words(
        "来源 {source} 自 {mark} 起没有再自报件数，第 {first} 号起的决定无从核对。请检查该服务及其发件中继是否运行、"
        "消息是否在途中被截；收到新的自报后此告警自动关闭。",
        "{source} has stated nothing after {mark}: decisions from {first} on cannot be held against it. Check that the "
        "service and its relay run and that nobody cuts its messages off; the alarm closes by itself with its next "
        "statement.",
    ),
    AlarmKind.RECORDS_DIFFER: Words(
        "数据库与日志文件不符（{mark}），在第 {first} 至 {last} 条之间：有人绕过系统改动了数据库或文件。"
        "请保全证据，运行 fsck 查看每一处；检索内容以日志文件为准，可用 rebuild-index 重建。",
        "The database differs from the log's files ({mark}) between entries {first} and {last}: somebody changed rows "
        "or files past the system. Keep the evidence and run fsck for each place; what is searched can be built from "
        "the files again with rebuild-index.",
    ),
    AlarmKind.PUBLISHING_FAILED: Words(
        "公布检查点一再失败（{mark}），没有新的检查点。决定照常接收，但不能称为已记录。"
        "请查审计服务日志中的 publishing_failed，并检查日志目录所在磁盘的空间与权限；恢复公布后此告警自动关闭。",
        "Publishing fails again and again ({mark}), so there is no new checkpoint. Decisions are still taken in but "
        "not called recorded. Look for publishing_failed in the service's log lines, and at room and rights where the "
        "log's folder lies; the alarm closes by itself with the next checkpoint.",
    ),
    AlarmKind.WITNESS_SILENT: Words(
        "见证方未按见证规则副署，新的检查点没有公布。决定照常接收，但不能称为已记录。请检查见证方是否运行、可达；"
        "若它拒绝，即为其所见与本日志矛盾，请保全两份检查点。",
        "Witnesses have not cosigned as the policy asks, so no new checkpoint is published. Decisions are still taken "
        "in but not called recorded. Check that the witnesses run and can be reached; one that refuses has seen "
        "another log: keep both checkpoints.",
    ),
    AlarmKind.WITNESS_REFUSED: Words(
        "见证方 {mark} 拒绝为 {last} 条的检查点副署：它见过的与本日志矛盾，或它不认识本日志的密钥。"
        "请立即保全日志目录与签名状态文件，向见证方索取其证据（witness evidence）核对。",
        "The witness {mark} refuses to cosign the checkpoint of {last} entries: it has seen another log than this, or "
        "does not know its key. Copy the log's folder and the signer's file at once, and ask the witness's keeper for "
        "what it holds (witness evidence).",
    ),
    AlarmKind.COPY_FAILED: Words(
        "检查点（{last} 条）未能送到 {mark}。请检查该处是否可写；最新的检查点会再送。",
        "The checkpoint of {last} entries could not be put at {mark}. Check whether it can be written; the newest "
        "checkpoint is sent there again.",
    ),
    AlarmKind.STAMP_FAILED: Words(
        "时间戳机构 {mark} 没有给检查点盖时间戳。请检查其地址与服务；几分钟后会再请。",
        "The authority {mark} did not stamp the checkpoint. Check its address and service; it is asked again after a "
        "few minutes.",
    ),
    SignerFault.PATH_CONFLICT: Words(
        "日志文件与将要写入的内容不同，已停止签发：已公布过 {first} 条之后的另一种内容，或有人改动了文件。"
        "请勿删除文件，运行 fsck 并按外部检查点核对。",
        "The log's files hold other bytes than what is to follow after {first} entries; signing has stopped. Another "
        "continuation was written, or somebody changed a file: delete nothing, run fsck, compare with a checkpoint "
        "kept elsewhere.",
    ),
    SignerFault.PUBLISHED_UNREADABLE: Words(
        "已公布的检查点没有本日志密钥的有效签名，已停止签发。密钥被更换，或文件被改动：请核对密钥文件与日志目录。",
        "The published checkpoint bears no good signature by this log's keys; signing has stopped. The keys were "
        "exchanged or the file was changed: check the key file and the log's folder.",
    ),
    SignerFault.STATE_BEHIND: Words(
        "签名状态文件 audit-signer.json 落后于已公布的检查点（{first} 条），已停止签发。它可能由旧备份恢复："
        "请按已公布的检查点重写其中的条数与根。",
        "The signer's file audit-signer.json lies behind the published checkpoint ({first} entries); signing has "
        "stopped. It was restored from an old backup: write it anew with size and root of the published checkpoint.",
    ),
    SignerFault.SHRUNK: Words(
        "数据库中的条目少于已签名的检查点（{first} 条），已停止接收与签发。数据库可能被截断或由旧备份恢复："
        "请用 rebuild-index 从日志文件重建，并以外部保存的检查点核对。",
        "The database holds fewer entries than the checkpoint already signed ({first}); nothing is taken in or signed. "
        "It was cut or restored from an old backup: build it again from the tiles with rebuild-index, and compare with "
        "a checkpoint kept elsewhere.",
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
        "签名状态文件 audit-signer.json 属于另一日志，已停止签发。请核对 LOG_ORIGIN。",
        "The signer's file audit-signer.json belongs to another log; signing has stopped. Check LOG_ORIGIN.",
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
    values = {"source": source, "first": first, "last": last, "event": event_id, "index": index, "mark": mark}
    return Words(words.zh.format(**values), words.en.format(**values))
