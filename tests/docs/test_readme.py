"""The README keeps its word: the scopes it lists are the scopes there are, its commands exist, its queries are valid,
and the changelog and the house's plan are where it says."""

import re
from pathlib import Path

import pytest
from graphql import parse, validate
from typer.main import get_command

from app.cli import app as application
from app.principal import SCOPES
from schema import build_schema

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
GRAPH = build_schema()._schema


def test_every_scope_is_in_the_readme() -> None:
    table = README.split("## Scopes", 1)[1].split("\n## ", 1)[0]
    named = set()
    for row in re.findall(r"^\| (`[^|]+) \|", table, re.M):
        noun = ""
        for scope in re.findall(r"`([a-z]*:[a-z]+)`", row):
            noun = scope.split(":")[0] or noun
            named.add(f"{noun}:{scope.split(':')[1]}")

    assert named == set(SCOPES)


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", README, re.M | re.S)


@pytest.mark.parametrize("block", blocks("graphql"))
def test_a_query_in_the_readme_is_valid(block: str) -> None:
    assert validate(GRAPH, parse(block)) == []


def documents() -> list[str]:
    shell = "\n".join(blocks("sh"))
    in_json = [text.replace('\\"', '"') for text in re.findall(r'"query": "((?:[^"\\]|\\.)*)"', shell)]
    return in_json + re.findall(r"<<'EOF'\n(.*?)\nEOF", shell, re.S)


@pytest.mark.parametrize("document", documents())
def test_a_document_inside_a_command_is_valid(document: str) -> None:
    assert validate(GRAPH, parse(document)) == []


def test_there_are_documents_inside_commands() -> None:
    assert len(documents()) >= 2


@pytest.mark.parametrize("line", sorted(set(re.findall(r"tidegate ((?:[a-z]+ ?)+)", "\n".join(blocks("sh"))))))
def test_a_command_in_the_readme_exists(line: str) -> None:
    command = get_command(application)
    for word in line.split():
        commands = getattr(command, "commands", None)
        if commands is None:
            break
        assert word in commands, f"tidegate {line}"
        command = commands[word]


@pytest.mark.parametrize("target", re.findall(r"\]\((?!https?:)([^)#]+)\)", README))
def test_a_link_in_the_readme_leads_somewhere(target: str) -> None:
    assert (ROOT / target).exists()


def test_the_changelog_has_an_unreleased_part() -> None:
    assert "## Unreleased" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ["README.md", "CHANGELOG.md", "app/ARCHITECTURE.md", "Makefile", "Dockerfile"])
def test_nothing_names_a_machine_path_or_an_index_host(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")

    assert not re.search(r"/(?:work|root|tmp)/|pypi\.|npmjs\.|files\.pythonhosted", text)
