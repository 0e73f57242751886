# Async generators, comprehensions, iterators and their clean-up.
import asyncio


async def countdown(n):
    try:
        while n:
            yield n
            n -= 1
            await asyncio.sleep(0)
    finally:
        print("finally")


class Pages:
    def __init__(self, pages):
        self.pages = list(pages)

    def __aiter__(self):
        return self

    async def __anext__(self):
        if not self.pages:
            raise StopAsyncIteration
        await asyncio.sleep(0)
        return self.pages.pop(0)


async for n in countdown(2):
    print(n)
print([n async for n in countdown(3) if n != 2], {n: n * n async for n in countdown(2)})
print([page async for page in Pages("abc")], [await c for c in [asyncio.sleep(0, "x")]])
g = countdown(5)
print(await anext(g), await g.asend(None))
await g.aclose()
print(await anext(g, "default"))
async for page in Pages([1, 2, 3]):
    if page == 2:
        break
else:
    print("not reached")


async def total(source):
    return sum([x async for x in source])


print(await asyncio.gather(total(countdown(3)), total(Pages([4, 5]))))
