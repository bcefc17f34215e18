"""`tidegate settings`: every setting with its value, where it came from, and what it is for."""

from dataclasses import asdict

from app.cli.output import AsJson, print_json, print_table


def settings(as_json: AsJson = False) -> None:
    """Print every setting, secrets hidden.  Example: TIDEGATE_PORT=9000 tidegate settings"""
    from app.settings import describe, load_settings

    rows = describe(load_settings())
    if as_json:
        print_json([asdict(row) for row in rows])
    else:
        print_table(
            ("setting", "value", "source", "what it is for"),
            [(row.name, row.value, row.source, row.description) for row in rows],
        )
