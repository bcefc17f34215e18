"""What a raw socket has in place of asyncio's queue and event behaves as those do."""

import asyncio

import pytest

from app.web.raw import Gate, Mailbox


async def test_a_mailbox_gives_in_order_and_waits_for_more() -> None:
    box = Mailbox()
    reading = asyncio.create_task(box.get())
    await asyncio.sleep(0)
    assert box.empty()

    box.put_nowait("a")
    box.put_nowait("b")
    assert await reading == "a"
    assert await box.get() == "b"
    assert box.empty()


async def test_a_cancelled_reader_takes_nothing_with_it() -> None:
    box = Mailbox()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01):
            await box.get()
    box.put_nowait("a")
    reading = asyncio.create_task(box.get())
    reading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reading
    assert await box.get() == "a"


async def test_a_gate_holds_everyone_until_it_opens() -> None:
    gate = Gate()
    assert await gate.wait()
    gate.clear()
    waiting = [asyncio.create_task(gate.wait()) for _ in range(3)]
    await asyncio.sleep(0)
    waiting[0].cancel()
    assert not gate.is_set()
    assert not any(one.done() for one in waiting[1:])

    gate.set()

    assert await asyncio.gather(*waiting[1:]) == [True, True]
