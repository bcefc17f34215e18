"""`tidegate schema diff`: what breaks, what may surprise, what is safe, and what was announced in time. The graph
itself is held against its last release."""

import json
from datetime import date
from pathlib import Path

import pytest
from graphql import build_schema as from_sdl

from app.cli import main
from app.engine.contract.changes import Change, Severity, schema_changes

ROOT = Path(__file__).parents[2]
RELEASED = ROOT / "schema" / "released.graphql"
DAY = date(2026, 11, 22)

OLD = """
directive @requiresScopes(scopes: [[String!]!]!) on OBJECT | FIELD_DEFINITION

interface Node { id: ID! }

type Query {
  entry(id: ID!, on: String, by: Look = null): Entry
  old(n: Int @deprecated(reason: "Use entry.")): Old @deprecated(reason: "Use entry. Removed after 2026-11-21.")
  later: String @deprecated(reason: "Use entry. Removed after 2027-01-31.")
  vague: String @deprecated(reason: "Use entry.")
  open: String @requiresScopes(scopes: [["a"], ["b"]])
  any: Any
}

type Entry implements Node { id: ID!, status: Status!, lines: [String!], was: Int @deprecated }
type Old { was: Older }
type Older { x: String }
type Other { x: String }
union Any = Entry | Other
enum Status { DRAFT FILED GONE @deprecated(reason: "Never sent.") }
input Look { id: ID, name: String }
"""


def changed(*replaced: tuple[str, str], on: date = DAY) -> tuple[Change, ...]:
    text = OLD
    for before, after in replaced:
        assert before in text
        text = text.replace(before, after)
    return schema_changes(from_sdl(OLD), from_sdl(text), on)


def told(changes: tuple[Change, ...]) -> list[tuple[str, str, bool]]:
    return [(change.severity.value, change.kind, change.announced) for change in changes]


def test_the_same_schema_has_no_changes() -> None:
    assert changed() == ()


@pytest.mark.parametrize(
    ("before", "after", "kind"),
    [
        ("lines: [String!], ", "", "FIELD_REMOVED"),
        ("status: Status!", "status: Status", "FIELD_CHANGED_KIND"),
        (", on: String", "", "ARG_REMOVED"),
        ("on: String", "on: Int", "ARG_CHANGED_KIND"),
        ("on: String", "on: String, more: Int!", "REQUIRED_ARG_ADDED"),
        (" FILED", "", "VALUE_REMOVED_FROM_ENUM"),
        ("Entry | Other", "Entry", "TYPE_REMOVED_FROM_UNION"),
        ("type Entry implements Node", "type Entry", "IMPLEMENTED_INTERFACE_REMOVED"),
        ("{ id: ID, name: String }", "{ id: ID, name: String, more: Int! }", "REQUIRED_INPUT_FIELD_ADDED"),
        (", name: String }", " }", "FIELD_REMOVED"),
        ("{ id: ID, name: String }", "@oneOf { id: ID, name: String }", "ONE_OF_ADDED"),
        ('[["a"], ["b"]]', '[["a"]]', "SCOPES_ADDED"),
        ('[["a"], ["b"]]', '[["a", "c"], ["b"]]', "SCOPES_ADDED"),
        ("status: Status!", 'status: Status! @requiresScopes(scopes: [["s"]])', "SCOPES_ADDED"),
        ("type Entry implements Node", 'type Entry implements Node @requiresScopes(scopes: [["s"]])', "SCOPES_ADDED"),
        ("on OBJECT | FIELD_DEFINITION", "on OBJECT | FIELD_DEFINITION | ENUM", None),
    ],
)
def test_a_breaking_change_that_nothing_announced_is_refused(before: str, after: str, kind: str | None) -> None:
    changes = changed((before, after))
    refused = [change.kind for change in changes if change.refused]
    assert refused == ([] if kind is None else [kind])


def test_a_type_that_is_removed_or_becomes_another_kind_is_refused() -> None:
    removed = changed(("union Any = Entry | Other", "type Any { x: String }"), ("type Other { x: String }", ""))
    assert {change.kind for change in removed if change.refused} == {"TYPE_CHANGED_KIND", "TYPE_REMOVED"}


def test_a_directive_that_is_removed_is_refused() -> None:
    changes = schema_changes(
        from_sdl("directive @x on FIELD\ntype Query { a: Int }"), from_sdl("type Query { a: Int }"), DAY
    )
    assert told(changes) == [("breaking", "DIRECTIVE_REMOVED", False)]


@pytest.mark.parametrize(
    ("before", "after", "kind"),
    [
        ("FILED", "FILED HELD", "VALUE_ADDED_TO_ENUM"),
        ("Entry | Other", "Entry | Other | Older", "TYPE_ADDED_TO_UNION"),
        ("{ id: ID, name: String }", "{ id: ID, name: String, more: Int }", "OPTIONAL_INPUT_FIELD_ADDED"),
        ("on: String", "on: String, more: Int = 7", "OPTIONAL_ARG_ADDED"),
        ("= null", '= {name: "x"}', "ARG_DEFAULT_VALUE_CHANGE"),
        ('[["a"], ["b"]]', '[["a"], ["b"], ["c"]]', "SCOPES_REMOVED"),
        (' @requiresScopes(scopes: [["a"], ["b"]])', "", "SCOPES_REMOVED"),
    ],
)
def test_what_may_surprise_is_dangerous(before: str, after: str, kind: str) -> None:
    assert told(changed((before, after))) == [("dangerous", kind, False)]


@pytest.mark.parametrize(
    ("before", "after", "kind"),
    [
        ("type Query {", "type Query { more: Int", "FIELD_ADDED"),
        ("lines: [String!]", "lines: [String!]!", "FIELD_CHANGED_KIND_SAFE"),
        ("type Old {", '"Old." type Old {', "DESCRIPTION_CHANGED"),
        ("any: Any", 'any: Any @deprecated(reason: "Use entry.")', "DEPRECATED"),
        ("on: String", 'on: String @deprecated(reason: "Use by.")', "DEPRECATED"),
    ],
)
def test_what_no_operation_notices_is_safe(before: str, after: str, kind: str) -> None:
    assert told(changed((before, after))) == [("safe", kind, False)]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('  vague: String @deprecated(reason: "Use entry.")\n', ""),
        ("vague: String", "vague: Int"),
        (' GONE @deprecated(reason: "Never sent.")', ""),
        (", was: Int @deprecated", ""),
    ],
)
def test_what_was_deprecated_may_go(before: str, after: str) -> None:
    changes = changed((before, after))
    assert [
        (change.severity, change.announced, change.refused) for change in changes if change.kind != "TYPE_REMOVED"
    ] == [(Severity.BREAKING, True, False)]
    assert not any(change.refused for change in changes)


def test_a_deprecated_field_takes_along_the_types_that_only_it_led_to() -> None:
    [field] = [line for line in OLD.splitlines(keepends=True) if line.startswith("  old(")]
    gone = ((field, ""), ("type Old { was: Older }\n", ""), ("type Older { x: String }\n", ""))
    assert {(change.kind, change.announced) for change in changed(*gone) if change.severity is Severity.BREAKING} == {
        ("FIELD_REMOVED", True),
        ("TYPE_REMOVED", True),
    }


def test_an_announcement_is_kept_to_its_day() -> None:
    gone = ('  later: String @deprecated(reason: "Use entry. Removed after 2027-01-31.")\n', "")
    [early] = changed(gone, on=date(2027, 1, 31))
    [due] = changed(gone, on=date(2027, 2, 1))
    assert (early.refused, early.too_early) == (True, date(2027, 1, 31))
    assert (due.refused, due.too_early) == (False, None)


def test_the_command_names_changes_and_refuses_a_breaking_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    old, new = tmp_path / "old.graphql", tmp_path / "new.graphql"
    old.write_text(OLD)
    new.write_text(OLD.replace(" FILED", " HELD").replace(", was: Int @deprecated", ""))
    assert main(["schema", "diff", str(old), str(new), "--on", "2026-11-22"]) == 1
    assert capsys.readouterr().out.splitlines() == [
        "  breaking   Field Entry.was was removed.  [announced]",
        "! breaking   Enum value Status.FILED was removed.",
        "  dangerous  Enum value Status.HELD was added.",
        "3 changes, 1 of them breaking and not announced",
    ]
    assert main(["schema", "diff", str(old), str(new), "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["changes"][1] == {
        "severity": "breaking",
        "kind": "VALUE_REMOVED_FROM_ENUM",
        "description": "Enum value Status.FILED was removed.",
        "announced": False,
        "removedAfter": None,
        "refused": True,
    }


def test_the_command_says_what_is_too_early(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    old, new = tmp_path / "old.graphql", tmp_path / "new.graphql"
    old.write_text(OLD)
    new.write_text(OLD.replace('  later: String @deprecated(reason: "Use entry. Removed after 2027-01-31.")\n', ""))
    assert main(["schema", "diff", str(old), str(new), "--on", "2026-11-22"]) == 1
    assert "[too early: announced for after 2027-01-31]" in capsys.readouterr().out
    assert main(["schema", "diff", str(old), str(new), "--on", "2027-02-01"]) == 0


def test_the_program_is_compared_where_no_second_schema_is_given(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    same = tmp_path / "same.graphql"
    assert main(["schema", "print"]) == 0
    same.write_text(capsys.readouterr().out)
    assert main(["schema", "diff", str(same)]) == 0
    assert capsys.readouterr().out == "no changes\n"


def test_what_is_no_schema_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    broken, binary = tmp_path / "broken.graphql", tmp_path / "binary.graphql"
    broken.write_text("type Query {")
    binary.write_bytes(b"\xff\xfe")
    for path, said in ((broken, "is not a schema"), (binary, "is not text"), (tmp_path / "none", "cannot be read")):
        assert main(["schema", "diff", str(path)]) == 1
        assert said in capsys.readouterr().err


def unannounced(snapshot: str) -> list[str]:
    """What a graph would break for those who use the released one, and nothing has announced."""
    changes = schema_changes(from_sdl(RELEASED.read_text(encoding="utf-8")), from_sdl(snapshot), date.today())  # noqa: DTZ011
    return [change.description for change in changes if change.refused]


def test_nothing_breaks_unannounced_since_the_last_release() -> None:
    assert unannounced((ROOT / "schema" / "schema.graphql").read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    ("planted", "instead", "said"),
    [
        ("  entryNumber: String", "  filingNumber: String", "Field Entry.entryNumber was removed."),
        ("  SUMMARY_REJECTED\n", "  SUMMARY_REFUSED\n", "Enum value EntryStatus.SUMMARY_REJECTED was removed."),
        ("  sku: String!", "  sku: Int!", "Field Product.sku changed type from String! to Int!."),
    ],
)
def test_a_breaking_change_planted_into_the_released_graph_is_found(planted: str, instead: str, said: str) -> None:
    released = RELEASED.read_text(encoding="utf-8")
    assert planted in released

    assert said in unannounced(released.replace(planted, instead))
