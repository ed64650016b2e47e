"""`python -m payroll vectors FILE`: what is done with the arithmetic of pay from a shell. `--help` says more."""

import sys
from collections.abc import Sequence
from importlib import import_module

COMMANDS = {
    "parameters": ("payroll.operating.loading", "录入参数初值 enter the figures a folder brings along"),
    "progress": ("payroll.operating.progress", "看一次核算的进度 watch a run being calculated"),
    "recompute": ("payroll.operating.recomputing", "由封存快照重算并核对 work a run out again from its snapshots"),
    "parallel": ("payroll.operating.parallel", "与旧工资表逐行比对 hold a run against the old payroll spreadsheet"),
    "vectors": ("payroll.operating.vectors", "以会计算例核对规则 hold an accountant's examples against the rules"),
    "what-if": ("payroll.operating.what_if", "测算拟改标准和参数 reckon with other figures"),
}


def main(arguments: Sequence[str]) -> int:
    """Each command's module has `main(arguments)`, which answers with the exit code."""
    if arguments and arguments[0] in COMMANDS:
        module, _ = COMMANDS[arguments[0]]
        code: int = import_module(module).main(arguments[1:])
        return code
    wanted = bool(arguments) and arguments[0] in ("-h", "--help")
    lines = [f"  {name:<14} {what}" for name, (_, what) in COMMANDS.items()]
    (sys.stdout if wanted else sys.stderr).write("\n".join(["python -m payroll COMMAND …", *lines]) + "\n")
    return 0 if wanted else 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
