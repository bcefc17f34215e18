"""The system principal sees every tenant's rows: who makes one is a short list, and each says why."""

import ast
from pathlib import Path

ROOT = Path(__file__).parents[2]
ALLOWED = {
    "app/asgi.py": "readiness looks for a tariff in force",
    "app/cli/quote.py": "the tariff belongs to nobody, and nothing else is read",
    "app/services/documents.py": "manifests and modes are loaded by operators, and looked after by the process",
    "app/services/measures.py": "so do the loaded measures",
    "app/services/quote_file.py": "the tariff of a file's days",
    "app/services/organisations.py": "organisations are made by operators",
    "app/services/tariff.py": "the tariff belongs to nobody",
}


def makers() -> set[str]:
    found = set()
    for package in ("app", "schema"):
        for path in (ROOT / package).rglob("*.py"):
            tree = ast.parse(path.read_text(encoding="utf-8"))
            for node in ast.walk(tree):
                if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "SystemPrincipal":
                    found.add(path.relative_to(ROOT).as_posix())
    return found


def test_only_these_modules_make_a_system_principal() -> None:
    assert makers() == set(ALLOWED)
