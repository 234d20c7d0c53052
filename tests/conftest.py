"""What a test may need from outside the repository.

`needs`: a program of the distribution. Without it the test is skipped, naming the package to
install; in CI it fails, because there every package is installed.

`shared`: the folder `shared` beside the repository, with recordings that are not published.
Without it the test is skipped, in CI too.
"""

import os
import shutil
import signal
from collections.abc import Callable
from pathlib import Path

import hypothesis
import pytest

# Its limit for one example is wall time: on a busy machine a test that is right would fail.
hypothesis.settings.register_profile("payvand", deadline=None)
hypothesis.settings.load_profile("payvand")

# Started in the background of a shell, SIGINT is ignored, and every program that a test starts
# would inherit that and never hear Ctrl-C.
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def needs() -> Callable[[str, str], Path]:
    """`needs("socat", "socat")`: the path of a program, given the Debian package that has it."""

    def find(program: str, package: str) -> Path:
        found = shutil.which(program)
        if found is not None:
            return Path(found)
        lack = f"needs {program}: apt-get install {package}"
        if os.environ.get("CI") == "true":
            pytest.fail(f"{lack} (add it to .ci/run)")
        pytest.skip(lack)

    return find


@pytest.fixture(scope="session")
def shared(pytestconfig: pytest.Config) -> Callable[[str], Path]:
    """`shared("corpus/panasonic")`: a file or folder of the folder `shared`."""

    def find(name: str) -> Path:
        path = pytestconfig.rootpath.parent / "shared" / name
        if not path.exists():
            pytest.skip(f"needs ../shared/{name}, which is not here")
        return path

    return find
