# asyncio: TaskGroup, timeouts, cancellation, exception groups.
import asyncio


async def step(n, fail=False):
    try:
        await asyncio.sleep(n / 100)
    except asyncio.CancelledError:
        print("cancelled", n)
        raise
    if fail:
        raise RuntimeError(f"step {n}")
    return n * n


async with asyncio.TaskGroup() as group:
    tasks = [group.create_task(step(n)) for n in (3, 1, 2)]
print([task.result() for task in tasks])
try:
    async with asyncio.TaskGroup() as group:
        group.create_task(step(1, fail=True))
        group.create_task(step(500))
except* RuntimeError as errors:
    print(errors.exceptions)
try:
    async with asyncio.timeout(0.02):
        await step(700)
except TimeoutError:
    print("timed out")
try:
    await asyncio.wait_for(step(900), timeout=0.01)
except asyncio.TimeoutError as error:
    print("wait_for", type(error).__name__)
print(await asyncio.wait_for(asyncio.shield(step(1)), 5))
async with asyncio.timeout(None) as scope:
    print(scope.expired(), scope.when())
