"""What operators do with a log, from a shell: `python -m audit fsck | rebuild-index | export | import | keys`.

Exits with 0 when all is well, 1 when something does not fit, 2 when it could not be done.
"""

import argparse
import asyncio
import json
import secrets
import sys
from base64 import b64decode, b64encode
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

from sqlalchemy.exc import DBAPIError

from audit.commands import carrying
from audit.commands.publishing import publisher_of
from audit.commands.rebuilding import rebuild_index
from audit.commands.signing import SignerRefused, signer_of
from audit.main import service
from audit.queries.log import LogDamaged, log_path, published_log
from audit.queries.verification import as_line, check_records
from audit.tlog.durable import put
from audit.tlog.findings import Outcome
from audit.tlog.folder import AlreadyWritten
from audit.tlog.notes import Ed25519Key
from audit.tlog.policy import BadPolicy
from audit.tlog.reading import LogReader, TileMalformed, TileMissing
from audit.tlog.sources import FolderSource, LogUnreachable
from audit.tlog.verifying import verify_log
from common.actors import service_actor
from common.clock import utc_now
from common.keys import KeysMissing, load_keys
from common.service import Runtime
from common.settings import Settings
from common.transaction import transaction

FINE, FAULTY, NOT_DONE = 0, 1, 2

# What says nothing of the log: settings, keys, the database, files that are not there or not what they should be.
_CANNOT = (
    AlreadyWritten,
    BadPolicy,
    DBAPIError,
    KeysMissing,
    LogDamaged,
    LogUnreachable,
    OSError,
    SignerRefused,
    TileMalformed,
    TileMissing,
    ValueError,
    carrying.CannotCarry,
)


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m audit", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("fsck", help="全面核对日志文件与数据库 the log's files, then the database against them")
    commands.add_parser("rebuild-index", help="由日志文件重建数据库 the database again from the log's files")
    for name, words in (
        ("export", "导出全部日志 all of the log, as files"),
        ("import", "导入到空库 into an empty one"),
    ):
        commands.add_parser(name, help=words).add_argument("folder", type=Path)
    keys = commands.add_parser("keys", help="签名密钥 the signing keys: show, add one, drop one")
    keys.add_argument("what", choices=["show", "add", "drop"])
    keys.add_argument("key_id", nargs="?", help="要停用的密钥 the key to drop, eight hexadecimal digits")
    asked = parser.parse_args(arguments)
    settings = Settings()
    try:
        if asked.command == "keys":
            return _keys(settings, asked.what, asked.key_id)
        if not settings.database_url:
            print(
                "缺少环境变量 DATABASE_URL：请在审计服务的环境中运行 (run it where audit's consumer runs)",
                file=sys.stderr,
            )
            return NOT_DONE
        return asyncio.run(_on_database(settings, _COMMANDS[asked.command], getattr(asked, "folder", None)))
    except _CANNOT as error:
        print(f"未能完成 (could not be done): {error}", file=sys.stderr)
        return NOT_DONE


async def _on_database(
    settings: Settings, command: "Callable[[Runtime, Path | None], Awaitable[int]]", folder: Path | None
) -> int:
    runtime = Runtime(service, settings)
    try:
        return await command(runtime, folder)
    finally:
        await runtime.engine.dispose()


async def _fsck(runtime: Runtime, _folder: Path | None) -> int:
    publisher = publisher_of(runtime)
    report = await asyncio.to_thread(
        verify_log, FolderSource(log_path(runtime.settings)), keys=publisher.signer.verifiers, policy=publisher.policy
    )
    for finding in report.findings:
        print(f"{finding.outcome:<10}{finding.words('zh')}\n{'':<10}{finding.words('en')}")
    if report.outcome is not Outcome.HOLDS:
        return FAULTY
    log = published_log(runtime.settings)
    if log is None:
        return NOT_DONE
    faults = 0
    async with runtime.sessions(info={"actor": service_actor("audit"), "reads": True}) as session, session.begin():
        async for fault in check_records(session, log.reader, sealer=runtime.sealer):
            faults += 1
            print(as_line(fault))
    print(f"数据库与日志文件{'一致' if not faults else f'有 {faults} 处不符'} (database: {faults} faults)")
    return FAULTY if faults else FINE


async def _rebuild(runtime: Runtime, _folder: Path | None) -> int:
    log = await asyncio.to_thread(published_log, runtime.settings)
    # As far as was signed, not as far as is published: what a witness has not seen yet has its place too.
    last = signer_of(runtime.settings, runtime.keys).last_signed() or (log.checkpoint if log else None)
    if last is None:
        print("还没有签署过检查点，无可重建 (nothing was signed yet)", file=sys.stderr)
        return NOT_DONE
    reader = LogReader(FolderSource(log_path(runtime.settings)), last.size)
    if await asyncio.to_thread(reader.root) != last.root:
        print("日志文件不是签署过的那一份，未重建 (the files are not the log that was signed)", file=sys.stderr)
        return NOT_DONE
    async with transaction(
        runtime.sessions, actor=service_actor("audit"), now=utc_now(), service="audit", policies=runtime.policies
    ) as tx:
        count = await rebuild_index(tx, reader, sealer=runtime.sealer)
    print(f"已由日志文件重建 {count} 条 ({count} entries indexed again)")
    return FINE


async def _export(runtime: Runtime, folder: Path | None) -> int:
    count = await carrying.export_log(runtime, folder or Path())
    print(f"已导出 {count} 条到 {folder} ({count} entries exported)")
    return FINE


async def _import(runtime: Runtime, folder: Path | None) -> int:
    count = await carrying.import_log(runtime, folder or Path())
    print(f"已导入 {count} 条 ({count} entries imported)")
    return FINE


_COMMANDS: "dict[str, Callable[[Runtime, Path | None], Awaitable[int]]]" = {
    "fsck": _fsck,
    "rebuild-index": _rebuild,
    "export": _export,
    "import": _import,
}


def _keys(settings: Settings, what: str, key_id: str | None) -> int:
    """All keys in the file sign; verifiers take any one of them, so an old and a new one overlap."""
    path = settings.keys_path
    content = json.loads(path.read_text("utf-8"))
    if what == "add":
        content["log_seeds"].append(b64encode(secrets.token_bytes(32)).decode())
    if what == "drop":
        kept = [seed for seed in content["log_seeds"] if _key_id(settings, seed) != key_id]
        if len(kept) == len(content["log_seeds"]) or not kept:
            print("没有这把密钥，或它是仅有的一把 (no such key, or the only one)", file=sys.stderr)
            return NOT_DONE
        content["log_seeds"] = kept
    if what != "show":
        put(path, json.dumps(content), mode=path.stat().st_mode & 0o777)
        print("重启审计服务后生效 (takes effect when the audit service is started again)", file=sys.stderr)
    load_keys.cache_clear()
    for verifier in signer_of(settings, load_keys(path)).verifiers:
        print(verifier)
    return FINE


def _key_id(settings: Settings, seed: str) -> str:
    return Ed25519Key(settings.log_origin, b64decode(seed)).verifier.key_id.hex()
