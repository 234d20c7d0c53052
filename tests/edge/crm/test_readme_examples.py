"""The page for whoever writes a CRM's side: its examples are run, against the real server."""

import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

import edge.crm

PAGE = (Path(edge.crm.__file__).parent / "README.md").read_text("utf-8")
SCRIPTS = re.findall(r"^```sh\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


@contextmanager
def crm(folder: Path, *words: str) -> Iterator[str]:
    """A `payvand crm` as the page starts it, on a port of its own; yields its address."""
    command = [sys.executable, "-m", "edge", "crm", "--port", "0", *words]
    with subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        yield process.stdout.readline().split()[-1]
        process.terminate()


@pytest.fixture
def run(tmp_path: Path, needs: Callable[[str, str], Path]) -> Iterator[Callable[[str], str]]:
    """Run a script of the page; what it prints. An answer that is no success ends it."""
    needs("curl", "curl")
    needs("openssl", "openssl")
    (tmp_path / ".curlrc").write_text("fail-with-body\n")
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    env = os.environ | {"HOME": str(tmp_path), "PATH": path}
    with (
        crm(tmp_path, "--token", "s3cret") as by_token,
        crm(tmp_path, "--enrolled", "--data", "enrolled") as by_key,
    ):

        def run(script: str) -> str:
            script = script.replace("http://127.0.0.1:8090", by_token)
            script = script.replace("http://127.0.0.1:8091", by_key)
            words = ["bash", "-euo", "pipefail", "-c", script]
            done = subprocess.run(
                words,
                cwd=tmp_path,
                env=env,
                capture_output=True,
                text=True,
                timeout=60,
                check=False,
            )
            assert done.returncode == 0, f"{script}\n{done.stdout}\n{done.stderr}"
            return done.stdout

        yield run


def test_every_example_does_what_the_page_says(run: Callable[[str], str]) -> None:
    printed = "\n".join(run(script) for script in SCRIPTS)
    for words in (
        '{"through":41,"rejected":[]}',
        "{'state': 'accepted', 'command_key':",
        '"state":"revoked"',
        '"type":"say"',
        '"payload":"',
        '{"missing":[]}',
        "Payvand-Received: 8",
        "1 events: 1 new",
        '{"mode":"reject","every":10}',
    ):
        assert words in printed, printed
    assert len(SCRIPTS) == 8
