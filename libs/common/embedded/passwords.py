import json
import os
import secrets
from pathlib import Path


def kept_passwords(folder: Path, *names: str) -> dict[str, str]:
    """Made once, then the same at every start: the roles in the database know them."""
    file = folder / "passwords.json"
    known: dict[str, str] = json.loads(file.read_text()) if file.exists() else {}
    new = {name: secrets.token_urlsafe(24) for name in names if name not in known}
    if new:
        _write(file, known | new)
    return {name: (known | new)[name] for name in names}


def _write(file: Path, passwords: dict[str, str]) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    unfinished = file.with_suffix(".new")
    with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as output:
        json.dump(passwords, output)
    unfinished.replace(file)
