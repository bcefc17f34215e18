"""`tidegate db`: brings the database up to date and says whether it is."""

import typer

from app.cli.installation import load, with_store
from app.cli.output import AsJson, print_result

app = typer.Typer(name="db", help="The database.  Example: tidegate db upgrade", no_args_is_help=True)


@app.command()
def upgrade(as_json: AsJson = False) -> None:
    """Bring the database up to date; safe to repeat.  Example: tidegate db upgrade"""
    from app.store import migrations

    steps = with_store(migrations.upgrade, load(), at_head=False)
    text = f"upgraded by {', '.join(steps)}" if steps else "already up to date"
    print_result(text, {"upgraded": steps}, as_json=as_json)


@app.command()
def check(as_json: AsJson = False) -> None:
    """Say where the database departs from the program; exit 1 if it does.  Example: tidegate db check"""
    from app.store import migrations
    from app.store.session import Store

    async def compare(store: Store) -> tuple[list[str], list[str]]:
        pending = await migrations.pending(store)
        return pending, [] if pending else await migrations.differences(store)

    pending, differences = with_store(compare, load(), at_head=False)
    lines = [f"pending: {step}" for step in pending] + [f"differs: {line}" for line in differences]
    print_result(
        "\n".join(lines) or "up to date",
        {"upToDate": not lines, "pending": pending, "differences": differences},
        as_json=as_json,
    )
    if lines:
        raise typer.Exit(1)
