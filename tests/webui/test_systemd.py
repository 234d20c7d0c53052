"""The page under systemd: started by its socket, gone when nobody looks, started again.

systemd runs as PID 1 of namespaces of its own, on an overlay of this machine's root; the network is
this machine's, so that the test is the visitor. Units are the real ones; only places are changed.
"""

import os
import signal
import socket
import subprocess
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.webui.house import NO_CHECK, ROOT, House, eventually

UNITS = ROOT / "systemd"
SYSTEMD = Path("/lib/systemd/systemd")
IDLE_SECONDS = 3
LEAST_SAFE = {"payvand-web.service": 1.2, "payvand-edge.service": 1.4}
BOOT = """
set -e
mount --make-rprivate /
mount -t tmpfs tmpfs "$1"
mkdir "$1/upper" "$1/work" "$1/root"
mount -t overlay overlay -o "lowerdir=/,upperdir=$1/upper,workdir=$1/work" "$1/root"
cd "$1/root"
mkdir -p srv/payvand srv/repo
mount --rbind "$2" srv/payvand
mount --rbind "$3" srv/repo
mount -t proc proc proc
mount --rbind /dev dev
mount -t tmpfs tmpfs run
mount -t tmpfs tmpfs tmp
mount -t sysfs -o ro sysfs sys 2>/dev/null || mount --rbind /sys sys
mount -t cgroup2 cgroup2 sys/fs/cgroup
rm -rf etc/systemd/system
mkdir -p etc/systemd/system
cp -r "$4"/* etc/systemd/system/
mkdir old
pivot_root . old
umount -l /old
exec env -i container=test PATH=/usr/sbin:/usr/bin:/sbin:/bin \\
  /lib/systemd/systemd --system --unit=payvand-test.target --log-target=console
"""
TARGET = """
[Unit]
Description=only what the test asks for
Requires=payvand-web.socket payvand-web-plain.socket
"""


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


def lay_out(folder: Path, ports: tuple[int, int]) -> None:
    """The units with other places: ports, program, and a root user, since the tests' Python may lie
    in root's home."""
    folder.mkdir()
    (folder / "payvand-test.target").write_text(TARGET)
    for name in ("payvand-web.socket", "payvand-web-plain.socket", "payvand-web.service"):
        (folder / name).write_text((UNITS / name).read_text())
    for name, port in zip(("payvand-web", "payvand-web-plain"), ports, strict=True):
        more = folder / f"{name}.socket.d"
        more.mkdir()
        (more / "port.conf").write_text(
            f"[Unit]\nDefaultDependencies=no\n[Socket]\nListenStream=\nListenStream=127.0.0.1:{port}\n"
        )
    more = folder / "payvand-web.service.d"
    more.mkdir()
    (more / "place.conf").write_text(
        f"""
[Unit]
DefaultDependencies=no
[Service]
WorkingDirectory=/srv/repo
ExecStart=
ExecStart=/srv/repo/.venv/bin/python -m webui \\
  --data /srv/payvand --keys /var/lib/payvand-web --idle {IDLE_SECONDS}
User=root
Group=root
SupplementaryGroups=
ProtectHome=no
"""
    )


@pytest.fixture
def machine(
    factory: House, tmp_path: Path, needs: Callable[[str, str], Path]
) -> Iterator[tuple[int, int]]:
    """A systemd that holds the page's two ports."""
    needs("systemd-analyze", "systemd")
    if os.geteuid() != 0:
        pytest.skip("needs root, for namespaces")
    ports = free_port(), free_port()
    units, place = tmp_path / "units", factory.folder / "os"
    place.mkdir()
    lay_out(units, ports)
    log = (tmp_path / "systemd.log").open("wb")
    process = subprocess.Popen(
        [
            *("unshare", "--mount", "--pid", "--cgroup", "--ipc", "--uts", "--fork"),
            *("--kill-child", "sh", "-c", BOOT, "sh", place, factory.data, ROOT, units),
        ],
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=log,
    )
    try:
        yield ports
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait(20)
        log.close()


def answers(url: str) -> str | None:
    try:
        with urllib.request.urlopen(url, context=NO_CHECK, timeout=20) as answer:  # noqa: S310
            text: str = answer.read().decode()
            return text
    except OSError:
        return None


def pages() -> list[int]:
    """The processes that serve the page inside."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = path.read_bytes().split(b"\0")
        except OSError:
            continue
        if b"webui" in words and b"/srv/payvand" in words:
            found.append(int(path.parent.name))
    return found


@pytest.mark.timeout(120)
def test_the_page_lives_only_while_somebody_looks(machine: tuple[int, int]) -> None:
    secure, plain = (
        f"{scheme}://127.0.0.1:{port}"
        for scheme, port in zip(("https", "http"), machine, strict=True)
    )
    first = eventually(lambda: answers(f"{secure}/setup"), "the page through the socket", 60)
    assert 'name="code"' in first
    (process,) = pages()
    assert f"https://127.0.0.1:{machine[0]}" in (answers(plain) or "")
    assert pages() == [process]
    eventually(lambda: not pages(), "the end of the idle page", 60)
    again = eventually(lambda: answers(f"{secure}/setup"), "the page once more", 60)
    assert 'name="code"' in again
    assert process not in pages()


def test_the_units_are_as_closed_as_measured(needs: Callable[[str, str], Path]) -> None:
    analyze = needs("systemd-analyze", "systemd")
    for name, most in LEAST_SAFE.items():
        done = subprocess.run(
            [
                analyze,
                "security",
                "--offline=true",
                f"--threshold={round(most * 10)}",
                UNITS / name,
            ],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout[-300:]
