# threading: start, join, locks, locals, events that are set before they are waited for, daemon, names.
import threading
import time

results, lock = [], threading.Lock()


def work(n):
    time.sleep(0.001)
    with lock:
        results.append((n, threading.current_thread().name))


threads = [threading.Thread(target=work, args=(n,), name=f"worker-{n}") for n in range(4)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print(sorted(results), [thread.is_alive() for thread in threads], threading.current_thread().name, threading.active_count())
local = threading.local()
local.x = 1


def look():
    results.append(hasattr(local, "x"))


thread = threading.Thread(target=look, daemon=True)
thread.start()
thread.join(timeout=5)
print(results[-1], thread.daemon)
event = threading.Event()
threading.Thread(target=event.set).start()
print(event.wait(5), event.is_set())


class Counter(threading.Thread):
    def run(self):
        self.total = sum(range(100))


counter = Counter()
counter.start()
counter.join()
print(counter.total)
reentrant = threading.RLock()
with reentrant, reentrant:
    print("twice")
