"""The command line as a whole: help, exit codes, where errors go, what a pipe and a terminal see."""

import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import typer

from app.cli import app, main, output
from app.cli.output import Steps, print_table
from app.errors import BadUserInput, Refused, TidegateError

ROOT = Path(__file__).parents[2]
COMMANDS = {"demo", "serve", "db", "organisation", "tariff", "token", "schema", "settings", "doctor", "entry", "quote"}


@pytest.fixture(autouse=True)
def state(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TIDEGATE_STATE_DIR", str(tmp_path / "state"))


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(output, "is_terminal", lambda stream: True)


def leaves(command: Any, path: tuple[str, ...] = ()) -> dict[tuple[str, ...], Any]:
    inner = getattr(command, "commands", None)
    if inner is None:
        return {path: command}
    return {name: leaf for word, part in inner.items() for name, leaf in leaves(part, (*path, word)).items()}


def test_the_commands_others_rely_on_are_there(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    text = capsys.readouterr().out
    assert {word for word in COMMANDS if word in text} == COMMANDS


def test_every_command_has_a_line_of_help_and_an_example_of_itself() -> None:
    commands = leaves(typer.main.get_command(app))
    assert set(commands) >= {("db", "upgrade"), ("db", "check"), ("organisation", "create"), ("tariff", "load")}
    assert set(commands) >= {("schema", "print"), ("schema", "check"), ("entry", "status"), ("token",), ("serve",)}
    for words, command in commands.items():
        explanation, _, example = command.help.partition("  Example: ")
        assert 10 < len(explanation) < 90, words
        assert f"tidegate {' '.join(words)}" in example or words == ("settings",), words
        assert "\n" not in command.help.strip(), words


def test_every_option_and_argument_says_what_it_is() -> None:
    for words, command in leaves(typer.main.get_command(app)).items():
        for parameter in command.params:
            assert getattr(parameter, "help", None), (words, parameter.name)


def test_help_answers_at_once_and_imports_nothing_heavy() -> None:
    script = (
        "import sys; from app.cli import main; main(['--help']); "
        "heavy = {'sqlalchemy', 'starlette', 'strawberry', 'uvicorn', 'pydantic', 'jwt', 'httpx2'}; "
        "print(sorted(heavy & set(sys.modules)))"
    )
    begun = time.monotonic()
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"
    assert time.monotonic() - begun < 5  # half a second on an idle machine


def test_an_unknown_command_and_a_missing_option_are_usage_faults(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["tokens"]) == 2
    assert main(["token"]) == 2
    assert main(["serve", "--port", "seventy"]) == 2
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(("error", "code"), [(Refused("no"), 1), (BadUserInput("no"), 2), (TidegateError("no"), 1)])
def test_a_refusal_is_one_line_on_standard_error(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], error: TidegateError, code: int
) -> None:
    def refuse(**_: object) -> None:
        raise error

    monkeypatch.setattr("app.settings.load_settings", refuse)
    assert main(["settings"]) == code
    printed = capsys.readouterr()
    assert (printed.out, printed.err) == ("", "tidegate: no\n")
    assert main(["settings", "--json"]) == code
    printed = capsys.readouterr()
    assert printed.out == ""
    assert json.loads(printed.err) == {"error": {"code": error.code, "message": "no"}}


def test_settings_are_printed_as_columns_or_json_without_their_secrets(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TIDEGATE_DATABASE_URL", "postgresql+asyncpg://user:hunter2@db/tidegate")
    assert main(["settings"]) == 0
    text = capsys.readouterr().out
    (line,) = [line for line in text.splitlines() if line.startswith("TIDEGATE_DATABASE_URL")]
    assert line.split()[:3] == ["TIDEGATE_DATABASE_URL", "postgresql+asyncpg://user:***@db/tidegate", "env"]
    assert main(["settings", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert {"name", "value", "source", "description"} == rows[0].keys()
    assert "hunter2" not in text + json.dumps(rows)


def test_an_unknown_setting_refuses_every_command(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TIDEGATE_PROT", "1")
    for command in (["settings"], ["db", "upgrade"], ["serve"], ["demo", "--seed-only"]):
        assert main(command) == 1
        assert "did you mean TIDEGATE_PORT?" in capsys.readouterr().err


def run_steps(steps: Steps) -> None:
    with steps.bar("read") as told:
        for done in range(0, 1001, 100):
            told(done, 1000)
    steps.say("checked", "it is checked", faults=0)
    steps.finish("loaded", "it is loaded", rows=1000)


def test_in_a_pipe_each_step_is_a_line_of_json(capsys: pytest.CaptureFixture[str]) -> None:
    run_steps(Steps())
    printed = capsys.readouterr()
    assert [json.loads(line) for line in printed.out.splitlines()] == [
        {"step": "read", "rows": 1000, "of": 1000},
        {"step": "checked", "faults": 0},
        {"step": "loaded", "rows": 1000},
    ]
    assert printed.err == ""


def test_a_long_step_speaks_now_and_then_in_a_pipe(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    seconds = iter(range(100))
    monkeypatch.setattr(output.time, "monotonic", lambda: next(seconds))
    with Steps().bar("read") as told:
        for done in range(1, 6):
            told(done, 5)
    assert [json.loads(line)["rows"] for line in capsys.readouterr().out.splitlines()] == [2, 4, 5]


def test_with_json_only_the_result_is_on_standard_output(capsys: pytest.CaptureFixture[str]) -> None:
    run_steps(Steps(as_json=True))
    printed = capsys.readouterr()
    assert json.loads(printed.out) == {"rows": 1000}
    assert [json.loads(line)["step"] for line in printed.err.splitlines()] == ["read", "checked"]


def test_on_a_terminal_there_is_a_bar_and_text(terminal: None, capsys: pytest.CaptureFixture[str]) -> None:
    run_steps(Steps())
    printed = capsys.readouterr()
    assert printed.out == "it is loaded\n"
    assert "1000/1000" in printed.err
    assert "it is checked" in printed.err
    assert "{" not in printed.out + printed.err


def draw(print_it: Callable[[], None], capsys: pytest.CaptureFixture[str]) -> str:
    print_it()
    return capsys.readouterr().out


def test_a_table_in_a_pipe_cuts_nothing_off(capsys: pytest.CaptureFixture[str]) -> None:
    long = "x" * 500
    text = draw(lambda: print_table(("name", "value"), [("a", long), ("longer", "[red]b")]), capsys)
    assert text == f"name    value\na       {long}\nlonger  [red]b\n"


def test_a_table_without_rows_is_its_head(capsys: pytest.CaptureFixture[str]) -> None:
    assert draw(lambda: print_table(("name", "value"), []), capsys) == "name  value\n"


def test_a_table_on_a_terminal_takes_no_text_for_markup(terminal: None, capsys: pytest.CaptureFixture[str]) -> None:
    text = draw(lambda: print_table(("name",), [("[red]b",)]), capsys)
    assert "[red]b" in text
    assert "│" in text
