"""What the log answers: decisions with their proofs, its own alarms and checkpoints, and the log itself as files."""

from fastapi import FastAPI

from audit.api import decisions, files, log
from common.service import Runtime

router = decisions.router
router.include_router(log.router)


def extend(app: FastAPI, runtime: Runtime) -> None:
    files.add_files(app, runtime)
