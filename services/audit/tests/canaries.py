"""Strings that stand nowhere else, and the forms in which one may lie about."""

import base64
import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

from common.testing import ISSUER

CANARIES = {
    "subject": "worker-canary-1a5f",
    "account": f"{ISSUER}|clerk-canary-2b6e",
    "fact": "canary-fact-3c7d",
    "words": "金丝雀之言",
    "area": "320102987",
    "organisation": "organisation-canary-4d8c",
}


def forms(canary: str) -> Iterator[bytes]:
    """As it is, escaped, in base64 at each place it can begin, as unsalted hash, and all of that in hexadecimal."""
    plain = canary.encode()
    escaped = json.dumps(canary)[1:-1].encode()
    digest = hashlib.sha256(plain).digest()
    once = [plain, escaped, *_in_base64(plain), *_in_base64(escaped), digest, *_in_base64(digest)]
    yield from once
    yield from (form.hex().encode() for form in once)


def _in_base64(content: bytes) -> Iterator[bytes]:
    """Only the characters that do not depend on what stands before and after."""
    for before, first in ((0, 0), (1, 2), (2, 3)):
        end = (before + len(content)) // 3 * 4
        encoded = base64.b64encode(bytes(before) + content)[first:end]
        yield encoded
        yield encoded.translate(bytes.maketrans(b"+/", b"-_"))


_FORMS = {name: list(forms(canary)) for name, canary in CANARIES.items()}


def found_in(content: bytes | str) -> set[str]:
    """The names of those that stand there in whatever form."""
    held = content.encode() if isinstance(content, str) else content
    return {name for name, sought in _FORMS.items() if any(form in held for form in sought)}


def found_below(folder: Path) -> dict[str, set[str]]:
    """By file, those that stand in it or in its name."""
    files = {str(file.relative_to(folder)): file for file in sorted(folder.rglob("*")) if file.is_file()}
    assert files
    found = {name: found_in(name.encode() + b"\n" + file.read_bytes()) for name, file in files.items()}
    return {name: which for name, which in found.items() if which}
