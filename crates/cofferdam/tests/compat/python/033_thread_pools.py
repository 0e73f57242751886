# concurrent.futures: map keeps order, submit, exceptions, as_completed, wait.
import queue
import threading
from concurrent.futures import ThreadPoolExecutor, as_completed, wait


def square(n):
    if n == 13:
        raise ValueError("unlucky")
    return n * n


with ThreadPoolExecutor(max_workers=4) as pool:
    print(list(pool.map(square, range(10))))
    futures = {pool.submit(square, n): n for n in (3, 13, 5)}
    for future in as_completed(futures):
        pass
    for future, n in futures.items():
        print(n, future.done(), repr(future.exception()) if future.exception() else future.result())
    done, rest = wait([pool.submit(pow, 2, 10)])
    print(len(done), len(rest), done.pop().result(timeout=1))
    called = []
    pool.submit(square, 4).add_done_callback(lambda f: called.append(f.result()))
print(called)
try:
    pool.submit(square, 1)
except RuntimeError as error:
    print(error)
q = queue.Queue()
for item in "abc":
    q.put(item)
collected = []


def drain():
    while True:
        try:
            collected.append(q.get_nowait())
        except queue.Empty:
            return
        q.task_done()


thread = threading.Thread(target=drain)
thread.start()
thread.join()
q.join()
print(collected, q.empty(), queue.LifoQueue().qsize())
