"""`tidegate quote`: the duty of one line with every reason; a whole file of cases is `quote_file`'s."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from app.cli.installation import load, with_store
from app.cli.measures import parse_day
from app.cli.output import AsJson, print_json, print_table
from app.cli.quote_file import answer_file
from app.errors import Refused
from app.values import TransportMode

if TYPE_CHECKING:
    from app.duty.assessment import QuoteInput
    from app.store.session import Store
    from app.tariff.measure import MeasureBook


def parse_amount(text: str) -> Decimal:
    """Plain digits, such as 1000.50."""
    from app.values import parse_decimal

    try:
        return parse_decimal(text.strip())
    except ValueError as fault:
        raise typer.BadParameter(str(fault)) from None


def quote(
    hts: Annotated[str | None, typer.Option(metavar="NUMBER", help="The HTS number, 8 or 10 digits.")] = None,
    origin: Annotated[str | None, typer.Option(metavar="CC", help="Country of origin, ISO 3166-1 alpha-2.")] = None,
    value: Annotated[
        Decimal | None, typer.Option(parser=parse_amount, metavar="USD", help="Customs value in US dollars.")
    ] = None,
    quantity: Annotated[
        list[str] | None, typer.Option(metavar="N:UNIT", help="A quantity in a unit of the rate, such as 12:kg.")
    ] = None,
    claim: Annotated[str | None, typer.Option(metavar="SYMBOL", help="A preference claimed, such as KR or S.")] = None,
    fact: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=VALUE", help="A declared fact; a clear beginning of a name will do."),
    ] = None,
    on: Annotated[
        date | None, typer.Option(parser=parse_day, metavar="DATE", help="Day of entry; today in UTC where absent.")
    ] = None,
    mode: Annotated[
        TransportMode | None, typer.Option(case_sensitive=False, help="How it travels; the harbor fee is for ocean.")
    ] = None,
    file: Annotated[Path | None, typer.Option(metavar="IN.csv", help="Answer a file of cases instead.")] = None,
    out: Annotated[Path | None, typer.Option(metavar="OUT.csv", help="Where the answers to --file go.")] = None,
    as_json: AsJson = False,
) -> None:
    """Work out duty.  Example: tidegate quote --hts 8471.30.01.00 --origin VN --value 1000 --on 2026-07-01"""
    single = {"--hts": hts, "--origin": origin, "--value": value}
    if file is not None:
        others = [name for name, given in single.items() if given is not None]
        if others or out is None:
            raise typer.BadParameter(f"--file takes --out, and not {' '.join(others) or '--hts, --origin or --value'}")
        answer_file(file, out, as_json=as_json)
        return
    if hts is None or origin is None or value is None:
        absent = [name for name, given in single.items() if given is None]
        raise typer.BadParameter(f"{', '.join(absent)} needed, or --file and --out")
    quantities = dict(_quantity(text) for text in quantity or ())
    facts = [_fact(text) for text in fact or ()]
    _answer_one(_Asked(hts, origin.upper(), value, quantities, claim, facts, on, mode), as_json=as_json)


@dataclass(frozen=True, slots=True)
class _Asked:
    """The options of one line, before the vocabulary of facts is known."""

    hts: str
    origin: str
    value: Decimal
    quantities: dict[str, Decimal]
    claim: str | None
    facts: list[tuple[str, object]]
    on: date | None
    mode: TransportMode | None

    def question(self, book: "MeasureBook", today: date) -> "QuoteInput":
        """The question to the desk; the names of facts completed where only one begins so."""
        from app.duty.assessment import LineInput, QuoteInput

        facts = {_fact_name(name, book): given for name, given in self.facts}
        line = LineInput(self.hts, self.origin, self.value, self.quantities, self.claim, facts)
        return QuoteInput((line,), self.on or today, transport_mode=self.mode)


def _answer_one(asked: _Asked, *, as_json: bool) -> None:
    settings = load()
    from app.clock import system_clock, today
    from app.principal import SystemPrincipal
    from app.services.quote_document import document
    from app.services.quotes import Desk
    from app.tariff.measure_file import packaged_book

    caller = SystemPrincipal("a question at the command line")

    async def work(store: "Store") -> dict[str, Any]:
        desk = Desk(store, packaged_book())
        bench = await desk.bench(caller)
        request = asked.question(bench.measures, today(system_clock))
        answered = await desk.assess(caller, request)
        if answered.revision is None:
            raise Refused(f"no revision of the tariff is loaded for {request.as_of}: `tidegate tariff list` names them")
        found = document(answered.assessment, answered.revision)
        found["tariffRevision"] = answered.revision.name
        return found

    answer = with_store(work, settings)
    if answer["userErrors"]:
        said = "; ".join(f"{fault['code']}: {fault['message']}" for fault in answer["userErrors"])
        raise Refused(said, userErrors=answer["userErrors"], questions=answer["questions"])
    if as_json:
        print_json(answer)
    else:
        _print(answer)


def _print(answer: dict[str, Any]) -> None:
    """The answer for a person: what is owed and why, what is not and why, what to ask."""
    (line,) = answer["lines"]
    rows = [
        (
            part["kind"],
            part["htsNumber"] or part["code"] or "",
            part["rateText"],
            part["amount"]["amount"],
            part["formula"],
        )
        for part in (*line["components"], *answer["fees"])
    ]
    print_table(("kind", "number", "rate", "USD", "how"), rows)
    duty, fees, total = (part["amount"] for part in (line["dutyTotal"], answer["feeTotal"], answer["total"]))
    typer.echo(f"duty {duty}, fees {fees}, in all {total} USD")
    for part in line["components"]:
        typer.echo(f"  {part['htsNumber'] or part['code']}: {part['label']}: {part['legalCitation']}")
    for one in line["notApplied"]:
        typer.echo(f"not applied: {one['measure']['label']}: {one['reason']}")
    for question in answer["questions"]:
        typer.echo(f"question {question['fact']}: {question['question']} (assumed {question['assumed'] or 'nothing'})")
        for other in question["alternatives"]:
            amount = other["dutyTotal"]["amount"] if other["dutyTotal"] else "not computable"
            typer.echo(f"  {other['answer']}: duty {amount}")
    for notice in (*line["notices"], *answer["notices"]):
        typer.echo(f"note: {notice}")
    typer.echo(
        f"{answer['tariffRevision']}, day of entry {answer['asOf']}. {answer['disclaimer']} Receipt {answer['receipt']}"
    )


def _quantity(text: str) -> tuple[str, Decimal]:
    number, found, unit = text.partition(":")
    if not found or not unit.strip():
        raise typer.BadParameter(f"{text!r} is no quantity such as 12:kg")
    return unit.strip().upper(), parse_amount(number)


def _fact(text: str) -> tuple[str, object]:
    name, found, value = text.partition("=")
    if not found or not name.strip():
        raise typer.BadParameter(f"{text!r} is no fact such as metal_content_pct=40")
    return name.strip(), {"true": True, "false": False}.get(value.strip().lower(), value.strip())


def _fact_name(given: str, book: "MeasureBook") -> str:
    """The fact's whole name where exactly one begins so; otherwise as it was given, for the desk to refuse."""
    beginning = [name for name in book.facts if name.startswith(given)]
    return beginning[0] if given not in book.facts and len(beginning) == 1 else given
