# logging: levels, handlers, formats, filters, exceptions, capture in memory.
import io
import logging
import logging.handlers

out = io.StringIO()
handler = logging.StreamHandler(out)
handler.setFormatter(logging.Formatter("%(levelname)-8s %(name)s:%(funcName)s %(message)s"))
log = logging.getLogger("shop.orders")
log.setLevel(logging.DEBUG)
log.addHandler(handler)
log.propagate = False


def act():
    log.debug("value %d of %s", 3, {"a": 1})
    log.warning("careful")
    try:
        1 / 0
    except ZeroDivisionError:
        log.error("failed", exc_info=False, extra={"k": "v"})


act()
log.addFilter(lambda record: "secret" not in record.getMessage())
log.info("a secret")
log.log(logging.CRITICAL, "done")
print(out.getvalue())
print(logging.getLevelName(30), log.isEnabledFor(5), log.parent.name, logging.getLogger("shop.orders") is log)
memory = logging.handlers.MemoryHandler(10, target=handler)
log.handlers = [memory]
log.warning("buffered")
print(len(memory.buffer), memory.buffer[0].getMessage())
record = logging.makeLogRecord({"msg": "x %s", "args": ("y",), "levelname": "INFO"})
print(logging.Formatter("{levelname}:{message}", style="{").format(record))
