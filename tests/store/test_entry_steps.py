"""An entry's next step is decided on a summary of its history, which says what the whole history would say."""

from datetime import datetime, timedelta

import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.dialects import sqlite

from app.filing.entry import (
    EntryStatus,
    ReleaseStatus,
    Step,
    SummaryStatus,
    decide_at,
    predecessor,
    statuses_after_late,
)
from app.principal import Principal
from app.services.entry_transition import _steps
from app.store.entry_steps import Reached, reached, summary
from app.store.session import Store
from app.store.tables import Entry
from tests.scenes import SetClock, an_entry, at, told

S = EntryStatus
MOMENTS = st.integers(0, 40).map(lambda minute: at(8) + timedelta(minutes=minute))
STEPS = st.builds(Step, st.sampled_from(S), MOMENTS)


def summed_up(steps: list[Step], by: datetime) -> list[Reached]:
    found = []
    for status in {step.status for step in steps}:
        moments = [step.occurred_at for step in steps if step.status is status]
        last_by = max((moment for moment in moments if moment <= by), default=None)
        found.append(Reached(status.value, len(moments), max(moments), last_by))
    return found


@given(
    walked=st.lists(STEPS, min_size=1, max_size=12, unique_by=lambda step: step.occurred_at),
    told=st.sampled_from(S),
    moment=MOMENTS,
)
def test_a_summary_says_what_the_history_says(walked: list[Step], told: EntryStatus, moment: datetime) -> None:
    whole, short = tuple(walked), _steps(summed_up(walked, moment))
    current = max(walked, key=lambda step: step.occurred_at)
    spoken = ReleaseStatus.HELD, SummaryStatus.NOT_FILED

    assert decide_at(current, short, told, moment) == decide_at(current, whole, told, moment)
    assert predecessor(short, moment) == predecessor(whole, moment)
    late = Step(told, moment)
    assert statuses_after_late(late, short, *spoken) == statuses_after_late(late, whole, *spoken)


async def test_a_history_is_summed_up_in_the_database(store: Store, importer: Principal, clock: SetClock) -> None:
    entry = await an_entry(store, importer)
    for minute, status in enumerate((S.SUBMITTED, S.ACCEPTED, S.HELD, S.EXAM, S.HELD)):
        await told(store, importer, entry, status, at(12, minute))

    async with store.unit(importer) as unit:
        row = await unit.find(Entry, id=entry)
        assert row is not None
        found = {one.status: one for one in await reached(unit, row, at(12, 3))}

    assert found["HELD"] == Reached("HELD", 2, at(12, 4), at(12, 2))
    assert found["EXAM"] == Reached("EXAM", 1, at(12, 3), at(12, 3))
    assert sum(one.times for one in found.values()) == 6  # the draft is a step, too


async def test_a_long_history_is_read_from_an_index_alone(sqlite_store: Store) -> None:
    text = str(summary("ent_1", at(12)).compile(dialect=sqlite.dialect(), compile_kwargs={"literal_binds": True}))

    async with sqlite_store.write_connection() as connection:
        plan = (await connection.execute(sa.text(f"EXPLAIN QUERY PLAN {text}"))).all()

    assert [row.detail for row in plan] == [
        "SEARCH entry_status_change USING COVERING INDEX ix_entry_status_change_reached (entry_id=?)"
    ]
