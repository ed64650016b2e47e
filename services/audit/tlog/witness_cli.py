"""The command line of a witness (见证服务的命令行): `python -m audit.tlog.witness_cli init NAME --folder FOLDER`.

Exits with 0 when all is well, 1 when `evidence` shows a log that contradicts itself, 2 when it cannot be done.
"""

import argparse
import socket
import sys
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import uvicorn

from audit.tlog.notes import BadNote, VerifierKey
from audit.tlog.witness import NoWitness, WitnessBook, witness_app


def main(arguments: list[str]) -> int:
    try:
        asked = _parser().parse_args(arguments)
    except SystemExit as stopped:
        return int(stopped.code or 0)
    book = WitnessBook(asked.folder)
    try:
        if asked.command == "init":
            return _init(book, asked.name)
        if asked.command == "add-log":
            return _add_log(book, asked.vkey, asked.origin)
        if asked.command == "key":
            return _key(book)
        if asked.command == "evidence":
            return _evidence(book)
        return _serve(book, asked.listen)
    except (BadNote, NoWitness) as fault:
        return _failed(f"办不成 (it cannot be done): {fault}")
    except OSError as fault:
        return _failed(f"文件或网络出错 (the file system or the network failed): {fault}")


def _parser() -> argparse.ArgumentParser:
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument(
        "--folder",
        type=Path,
        required=True,
        help="见证服务的文件夹，须长期保存，不得恢复旧备份 (lasting; never restore it)",
    )
    parser = argparse.ArgumentParser(
        prog="witness", description="为所知日志的检查点作见证 (cosigns the checkpoints of the logs it knows)"
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    init = commands.add_parser("init", parents=[common], help="新建见证服务及其密钥 (make a witness and its key)")
    init.add_argument("name", help="名称，形如不带协议的网址 (like a URL without scheme: witness.example/w1)")
    add_log = commands.add_parser(
        "add-log", parents=[common], help="登记日志或其又一密钥 (know a log, or one more key)"
    )
    add_log.add_argument("vkey", help="日志的验证密钥 (the verifier key of the log)")
    add_log.add_argument("--origin", help="日志的来源名，缺省为密钥名 (if it is not the name of the key)")
    commands.add_parser("key", parents=[common], help="显示本见证的验证密钥 (show the verifier key of the witness)")
    serve = commands.add_parser("serve", parents=[common], help="对外服务 (answer requests)")
    serve.add_argument("--listen", type=_address, required=True, metavar="HOST:PORT", help="监听地址 (where)")
    commands.add_parser("evidence", parents=[common], help="显示日志自相矛盾的证据 (show what proves a log false)")
    return parser


def _address(text: str) -> tuple[str, int]:
    host, colon, port = text.rpartition(":")
    if not host or not colon or not (port.isascii() and port.isdigit()) or int(port) > 65_535:
        raise argparse.ArgumentTypeError(f"须为 主机:端口 (must be HOST:PORT): {text}")
    return host.strip("[]"), int(port)


def _init(book: WitnessBook, name: str) -> int:
    key = book.init(name)
    _say(
        f"见证服务已建立，请经其他渠道公布下列验证密钥。 (The witness is made; publish this key by another way:)\n{key}"
    )
    return 0


def _add_log(book: WitnessBook, vkey: str, origin: str | None) -> int:
    book.add_log(vkey, origin)
    _say(f"日志已登记 (the log is known): {origin or VerifierKey.read(vkey).name}")
    return 0


def _key(book: WitnessBook) -> int:
    _say(str(book.verifier()))
    return 0


def _evidence(book: WitnessBook) -> int:
    book.verifier()
    found = book.evidence()
    if not found:
        _say("没有发现日志自相矛盾。 (No log has contradicted itself.)")
        return 0
    for one in found:
        seen_at = datetime.fromtimestamp(one.seen_at, UTC).isoformat()
        _say(f"日志 {one.origin} 对同一大小签署了两个根，{seen_at} 发现。 (The log signed two roots for one size.)")
        _say(f"已见证 (cosigned):\n\n{one.cosigned}\n已拒绝 (refused):\n\n{one.refused}")
    return 1


def _serve(book: WitnessBook, listen: tuple[str, int]) -> int:
    key = book.verifier()
    host, _ = listen
    with socket.create_server(listen, family=socket.AF_INET6 if ":" in host else socket.AF_INET) as server:
        _say(f"见证服务 (witness) {key} 监听 (listens at) {host}:{server.getsockname()[1]}")
        config = uvicorn.Config(witness_app(book), log_level="warning", access_log=False)
        with suppress(KeyboardInterrupt):
            uvicorn.Server(config).run(sockets=[server])
    return 0


def _say(words: str) -> None:
    sys.stdout.write(f"{words}\n")
    sys.stdout.flush()


def _failed(words: str) -> int:
    sys.stderr.write(f"{words}\n")
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
