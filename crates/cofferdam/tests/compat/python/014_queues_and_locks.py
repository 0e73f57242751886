# asyncio: Queue with producers and consumers, Semaphore, Lock, Event, Condition.
import asyncio


async def produce(queue, n):
    for i in range(n):
        await queue.put(i)
        await asyncio.sleep(0)
    await queue.put(None)


async def consume(queue):
    total = 0
    while (item := await queue.get()) is not None:
        total += item
        queue.task_done()
    return total


queue = asyncio.Queue(maxsize=2)
print(await asyncio.gather(produce(queue, 10), consume(queue)))

running = peak = 0
gate = asyncio.Semaphore(3)


async def limited(n):
    global running, peak
    async with gate:
        running += 1
        peak = max(peak, running)
        await asyncio.sleep(0.005)
        running -= 1
    return n


print(sum(await asyncio.gather(*(limited(n) for n in range(12)))), peak)
event, lock, seen = asyncio.Event(), asyncio.Lock(), []


async def waiter(name):
    await event.wait()
    async with lock:
        seen.append(name)


tasks = [asyncio.create_task(waiter(n)) for n in "abc"]
await asyncio.sleep(0)
event.set()
await asyncio.gather(*tasks)
print(seen, lock.locked())
ranked = asyncio.PriorityQueue()
for item in [(3, "c"), (1, "a"), (2, "b")]:
    ranked.put_nowait(item)
print([ranked.get_nowait()[1] for _ in range(3)], ranked.empty())
try:
    ranked.get_nowait()
except asyncio.QueueEmpty:
    print("empty")
