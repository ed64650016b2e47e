"""`python -m audit COMMAND …`: what is done with the log from a shell. `COMMAND --help` says more."""

import sys
from collections.abc import Sequence
from importlib import import_module

# A command is imported when it is called: `verify` and `witness` run where there is neither a database nor settings.
COMMANDS = {
    "verify": ("audit.tlog.verify_cli", "核验日志和凭证 check a log and receipts, with nothing but a key"),
    "witness": ("audit.tlog.witness_cli", "见证方 stand witness for logs"),
    "fsck": ("audit.operating", "全面核对日志文件与数据库 check the log's files and the database against them"),
    "rebuild-index": ("audit.operating", "由日志文件重建数据库 build the database again from the log's files"),
    "export": ("audit.operating", "导出全部日志 write all of the log to a folder"),
    "import": ("audit.operating", "导入到空库 bring a log from such a folder into an empty database"),
    "keys": ("audit.operating", "签名密钥 show, add or drop signing keys"),
}


def main(arguments: Sequence[str]) -> int:
    """Each command's module has `main(arguments)`, which answers with the exit code."""
    if arguments and arguments[0] in COMMANDS:
        module, _ = COMMANDS[arguments[0]]
        own = arguments if module == "audit.operating" else arguments[1:]
        code: int = import_module(module).main(own)
        return code
    wanted = not arguments or arguments[0] in ("-h", "--help")
    lines = [f"  {name:<14} {what}" for name, (_, what) in COMMANDS.items()]
    print("\n".join(["python -m audit COMMAND …", *lines]), file=sys.stdout if wanted else sys.stderr)
    return 0 if wanted else 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
