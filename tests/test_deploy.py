"""The container and the hub fit the course that they start."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

from course_utils import __main__ as commands

import pytest
from traitlets.config import Config

DEPLOY = Path(__file__).parents[1] / "deploy"
CONTAINER = (DEPLOY / "Containerfile").read_text(encoding="utf-8")


def hub(monkeypatch, course: Path) -> Config:
    """Read the hub's configuration for a course in a folder."""
    monkeypatch.setenv("COURSE", str(course))
    config = Config()
    source = (DEPLOY / "jupyterhub_config.py").read_text(encoding="utf-8")
    exec(source, {"get_config": lambda: config})
    return config


def test_the_container_copies_what_is_there():
    lines = re.findall(r"(?m)^COPY (.+)", CONTAINER)
    names = [name for line in lines for name in line.split()[:-1]]
    assert "notebooks" in names
    missing = [name for name in names if not (DEPLOY.parent / name).exists()]
    assert not missing


def test_the_container_starts_a_command_that_exists():
    command = json.loads(re.search(r"(?m)^CMD (.+)", CONTAINER).group(1))
    assert command[:2] == ["python3", "start.py"]
    args = commands.parser().parse_args(command[2:])
    assert args.function is commands.lab
    assert (args.ip, args.port, args.no_browser) == ("0.0.0.0", 8888, True)


def test_the_container_has_no_secret_and_no_root():
    assert not re.search(r"(?i)token|password|secret", CONTAINER)
    last = CONTAINER[CONTAINER.index("\nUSER learner") :]
    assert "RUN" not in last and "COPY" not in last


def test_the_hub_starts_the_course(monkeypatch):
    config = hub(monkeypatch, DEPLOY.parent)
    _, script = config.Spawner.cmd
    assert Path(script).samefile(DEPLOY / "singleuser.py")
    first = config.Spawner.default_url.removeprefix("/lab/tree/")
    assert (commands.NOTEBOOKS / first).exists()
    assert config.Spawner.environment["COURSE_PROFILE"] in ("quick", "laptop")


@pytest.mark.parametrize("admin", [True, False], ids=["admin", "learner"])
def test_only_administrators_get_the_notes(monkeypatch, admin):
    config = hub(monkeypatch, DEPLOY.parent)
    spawner = SimpleNamespace(user=SimpleNamespace(admin=admin))
    said = config.Spawner.environment["COURSE_TEACHER"](spawner)
    assert bool(said) == admin


def test_the_hub_ends_servers_that_nobody_uses(monkeypatch):
    config = hub(monkeypatch, DEPLOY.parent)
    (service,), (role,) = (
        config.JupyterHub.services,
        config.JupyterHub.load_roles,
    )
    assert role["services"] == [service["name"]]
    assert "delete:servers" in role["scopes"]
    assert not any(scope.startswith("admin") for scope in role["scopes"])


@pytest.mark.skipif(os.name != "posix", reason="a hub runs on Linux")
def test_a_learner_finds_copies_and_a_server(tmp_path):
    fake = tmp_path / "jupyterhub"
    fake.mkdir()
    (fake / "__init__.py").touch()
    (fake / "singleuser.py").write_text(
        "import sys; print('served', *sys.argv[1:])"
    )
    path = os.pathsep.join([str(tmp_path), str(DEPLOY.parent)])
    env = dict(os.environ, HOME=str(tmp_path / "ada"), PYTHONPATH=path)
    done = subprocess.run(
        [sys.executable, DEPLOY / "singleuser.py", "--an-option"],
        env=env,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.endswith("served --an-option\n")
    copies = {p.name for p in (tmp_path / "ada" / "course").iterdir()}
    assert copies == {p.name for p in commands.lectures()}
