"""Work that is ready never has a whole turn of the loop for itself, and keeps its order."""

import asyncio

from app.web.turns import Outbox, Turns


async def test_a_turn_is_full_once_its_time_is_spent_and_the_next_is_not() -> None:
    turns = Turns(1.0)
    turns.spend(0.5)
    assert not turns.full
    turns.spend(0.6)
    assert turns.full
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert not turns.full


async def test_what_waits_has_its_turn_in_order_and_before_what_comes_later() -> None:
    turns, done = Turns(1.0), list[object]()
    turns.spend(1.0)

    def work(number: int) -> None:
        done.append(number)
        turns.spend(0.6)  # two of them fill a turn

    for number in range(5):
        turns.later(lambda number=number: work(number))  # type: ignore[misc]
    assert turns.full
    for turn in range(1, 4):
        await asyncio.sleep(0)
        done.append(f"turn {turn}")
        assert turns.full == (turn < 3)
    assert [one for one in done if isinstance(one, int)] == [0, 1, 2, 3, 4]
    assert done.index("turn 1") < done.index(2)
    assert done.index("turn 2") < done.index(4)


async def test_work_that_takes_a_turn_for_itself_is_done_all_the_same() -> None:
    turns, done = Turns(0.0), list[int]()
    for number in range(3):
        turns.later(lambda number=number: done.append(number))  # type: ignore[misc]
    for _ in range(4):
        await asyncio.sleep(0)
    assert done == [0, 1, 2]


async def test_what_fails_does_not_hold_up_what_waits_behind_it() -> None:
    turns, done = Turns(0.0), list[int]()
    asyncio.get_running_loop().set_exception_handler(lambda *_: None)

    def broken() -> None:
        raise RuntimeError

    turns.later(broken)
    turns.later(lambda: done.append(1))
    for _ in range(4):
        await asyncio.sleep(0)
    assert done == [1]


async def test_what_is_put_in_one_turn_is_written_at_its_end_in_order() -> None:
    outbox, done = Outbox(1.0), list[int]()
    for number in range(3):
        outbox.put(lambda number=number: done.append(number), 0.1 * number)  # type: ignore[misc]
    assert done == []
    await asyncio.sleep(0)
    assert done == [0, 1, 2]

    outbox.put(lambda: done.append(3), 9.0)
    assert done == [0, 1, 2]
    await asyncio.sleep(0)
    assert done == [0, 1, 2, 3]


async def test_what_has_waited_for_long_is_written_within_the_turn() -> None:
    outbox, done = Outbox(1.0), list[int]()
    for number in range(4):
        outbox.put(lambda number=number: done.append(number), 0.9 * number)  # type: ignore[misc]
    assert done == [0, 1, 2]
    await asyncio.sleep(0)
    assert done == [0, 1, 2, 3]


async def test_a_write_that_fails_takes_nothing_from_others() -> None:
    outbox, done, faults = Outbox(1.0), list[int](), list[object]()
    asyncio.get_running_loop().set_exception_handler(lambda _, context: faults.append(context["exception"]))

    def broken() -> None:
        raise RuntimeError

    outbox.put(broken, 0.0)
    outbox.put(lambda: done.append(1), 0.0)
    for _ in range(3):
        await asyncio.sleep(0)
    assert done == [1]
    assert len(faults) == 1


def test_what_a_loop_left_behind_holds_up_nothing_on_the_next() -> None:
    outbox, done, loop = Outbox(1.0), list[int](), asyncio.new_event_loop()

    def last() -> None:
        outbox.put(lambda: done.append(1), 0.0)
        loop.stop()  # before it comes to what was put

    async def another() -> None:
        outbox.put(lambda: done.append(2), 0.0)
        await asyncio.sleep(0)

    loop.call_soon(last)
    loop.run_forever()
    loop.close()
    assert done == []

    asyncio.run(another())
    assert done == [1, 2]
