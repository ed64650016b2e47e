"""Runs a command and stops it when the process that asked for it is gone, however that one died.

Started as a script: `tether.py <parent pid> <stop signal> <user or ""> command...`
"""

import os
import pwd
import signal
import subprocess
import sys

PATIENCE = 30.0
HEARD = {signal.SIGTERM, signal.SIGINT, signal.SIGCHLD}


def main(arguments: list[str]) -> int:
    parent, stop_signal, user, command = int(arguments[0]), int(arguments[1]), arguments[2], arguments[3:]
    child = start(command, user=user)
    signal.pthread_sigmask(signal.SIG_BLOCK, HEARD)
    while child.poll() is None:
        heard = signal.sigtimedwait(HEARD, 1.0)
        if (heard and heard.si_signo != signal.SIGCHLD) or os.getppid() != parent:
            return stop(child, stop_signal)
    return child.returncode


def start(command: list[str], *, user: str) -> subprocess.Popen[bytes]:
    if not user:
        return subprocess.Popen(command)
    return subprocess.Popen(command, user=user, group=pwd.getpwnam(user).pw_gid, extra_groups=[], cwd="/")


def stop(child: subprocess.Popen[bytes], stop_signal: int) -> int:
    child.send_signal(stop_signal)
    try:
        return child.wait(PATIENCE)
    except subprocess.TimeoutExpired:
        child.kill()
        return child.wait()


if __name__ == "__main__":
    sys.exit(abs(main(sys.argv[1:])))
