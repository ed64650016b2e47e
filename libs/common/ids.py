"""Identifiers that say what they identify and sort by the moment they were made."""

import secrets
import time


def new_id(kind: str) -> str:
    return f"{kind}-{time.time_ns() // 1_000_000:011x}{secrets.token_hex(8)}"
