"""The platform with a witness beside it, as `make run` and the tests start it.

The witness has its own process, key and folder. Here it stands on the same machine, which shows how it works and proves
nothing: a witness is worth what its keeper's independence is worth.
"""

import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from audit.commands.signing import signer_of
from audit.tlog.witness import WitnessBook
from common.__main__ import service_names
from common.embedded.platform import Platform
from common.embedded.ports import HOST, Ports
from common.embedded.supervision import Program
from common.keys import load_keys, make_keys
from common.settings import Settings

NAME = "witness.invalid/here"


def open_platform(
    folder: Path,
    *,
    ports: Ports,
    fast: bool = False,
    settings: Mapping[str, str] | None = None,
    say: Callable[[str], None] = print,
) -> Platform:
    """Every service and a witness, not started yet."""
    folder = folder.resolve()
    book, policy = WitnessBook(folder / "witness"), folder / "log-policy"
    serve = ["serve", "--folder", str(book.folder), "--listen", f"{HOST}:{ports.witness}"]
    witness = Program(name="witness", command=[sys.executable, "-m", "audit", "witness", *serve])

    def introduce() -> None:
        """The witness knows the log, and the policy names the witness; both keep what they had."""
        ours = Settings(embedded=True, folder=folder)
        make_keys(ours.keys_path)
        logs = signer_of(ours, load_keys(ours.keys_path)).verifiers
        if not (folder / "witness").exists():
            book.init(NAME)
        for log in logs:
            book.add_log(str(log))
        lines = [f"log {log}" for log in logs]
        lines += [f"witness here {book.verifier()} http://{HOST}:{ports.witness}", "quorum here", ""]
        policy.write_text("\n".join(lines), "utf-8")

    return Platform(
        folder,
        ports=ports,
        services=service_names(),
        fast=fast,
        settings={"LOG_POLICY": str(policy), **(settings or {})},
        say=say,
        beside=(witness,),
        prepare=introduce,
    )
