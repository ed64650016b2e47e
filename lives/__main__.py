"""`python -m lives run`: the platform on this machine, the lives played once, then it stays up.

`python -m lives play`: the same on a platform of its own that goes when the lives are told.
"""

import argparse
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

import httpx

from common.__main__ import service_names
from common.embedded.platform import Platform
from common.embedded.ports import Ports
from common.embedded.refusals import StartRefused
from lives import jianghan, jiangsu, jilin, sample
from lives.platform import open_platform
from lives.teller import NotAsTold, Teller

LIVES = {"jiangsu": jiangsu.play, "jilin": jilin.play, "jianghan": jianghan.play}


def play(platform: Platform, *, say: Callable[[str], None], explain: bool = True) -> None:
    """All three lives, the sample counties and figures, through the gateway. Raises NotAsTold."""
    sample.load_figures(platform, say)
    with httpx.Client(base_url=platform.service_url("gateway"), timeout=30, trust_env=False) as gateway:
        examples = sample.check_figures(Teller(gateway, "figures", say))
        say(f"缴费、税率等参数已由另一人复核；其中 {examples} 项文件未核实，以示例来源录入，不可用于实际发放。")
        offices = sample.load(Teller(gateway, "sample", say))
        say(f"已载入示例区县的 {offices} 个街道办事处。")
        for name, life in LIVES.items():
            life(Teller(gateway, name, say, explain=explain))
        Teller(gateway, "clock", say).back_to_the_present()


def tell_once(platform: Platform, folder: Path) -> bool:
    """Play the lives where they have not been played in this folder; False where a step was not as told."""
    done = folder / "lives-played"
    if done.exists():
        print("三个示例此前已演示，数据仍在。", flush=True)
        return True
    begun = time.monotonic()
    try:
        play(platform, say=_print)
    except NotAsTold as error:
        print(f"\n✗ 与预期不符：{error}", file=sys.stderr, flush=True)
        return False
    done.touch()
    print(f"\n三个示例演示完毕，用时 {time.monotonic() - begun:.0f} 秒。", flush=True)
    return True


def run(folder: Path) -> int:
    with open_platform(folder, ports=Ports(), say=_print) as platform:
        url = platform.service_url("gateway")
        _print(f"平台已启动：{url}（接口文档 {url}/docs）。现在演示三个示例，按 Ctrl-C 可随时停止。")
        told = threading.Thread(target=tell_once, args=(platform, folder), daemon=True)
        told.start()
        told.join()
        _print(f"平台继续运行：{url}/docs 。按 Ctrl-C 停止。")
        platform.wait()
    return 0


def play_apart() -> int:
    with tempfile.TemporaryDirectory(prefix="lives-") as name:
        folder = Path(name)
        ports = Ports.free(services=len(service_names()))
        with open_platform(folder, ports=ports, fast=True, say=_print) as platform:
            return 0 if tell_once(platform, folder) else 1


def _print(words: str) -> None:
    print(words, flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m lives", description=__doc__)
    parser.add_argument("what", choices=["run", "play"])
    parser.add_argument("--folder", type=Path, default=Path("var"))
    arguments = parser.parse_args()
    try:
        return run(arguments.folder) if arguments.what == "run" else play_apart()
    except StartRefused as refused:
        print(refused, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    raise SystemExit(main())
