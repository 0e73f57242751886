# asyncio.run at the top level, as scripts have it; nested functions, contextvars, callbacks.
import asyncio
import contextvars

user = contextvars.ContextVar("user", default="nobody")


async def child(name):
    user.set(name)
    await asyncio.sleep(0)
    return user.get()


async def main():
    loop = asyncio.get_running_loop()
    order = []
    loop.call_soon(order.append, "soon")
    loop.call_later(0.002, order.append, "later")
    future = loop.create_future()
    loop.call_later(0.004, future.set_result, 42)
    print(await asyncio.gather(child("ann"), child("bo")), user.get())
    print(await future, order)
    return await asyncio.to_thread(sum, [1, 2, 3])


if __name__ == "__main__":
    print(asyncio.run(main()))
    print(asyncio.run(child("again")))
