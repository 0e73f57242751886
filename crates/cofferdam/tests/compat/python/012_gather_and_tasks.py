# asyncio: gather, tasks, exceptions in gather, order of completion.
import asyncio

log = []


async def work(name, seconds, fail=False):
    log.append(f"start {name}")
    await asyncio.sleep(seconds)
    log.append(f"end {name}")
    if fail:
        raise ValueError(name)
    return name.upper()


print(await asyncio.gather(work("a", 0.03), work("b", 0.01), work("c", 0.02)))
print(log)
print(await asyncio.gather(work("d", 0), work("e", 0, fail=True), return_exceptions=True))
try:
    await asyncio.gather(work("f", 0, fail=True), work("g", 0))
except ValueError as error:
    print("raised", error)
task = asyncio.create_task(work("h", 0.01), name="the-task")
print(task.done(), task.get_name())
print(await task, task.done(), task.result())
for next_one in asyncio.as_completed([work("x", 0.03), work("y", 0.01)]):
    print(await next_one)
done, pending = await asyncio.wait([asyncio.create_task(work("p", 0.001)), asyncio.create_task(work("q", 5))], return_when=asyncio.FIRST_COMPLETED)
print(len(done), len(pending))
for rest in pending:
    rest.cancel()
print(await asyncio.gather(*pending, return_exceptions=True))
