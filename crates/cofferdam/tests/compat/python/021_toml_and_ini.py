# tomllib and configparser.
import configparser
import io
import tomllib

text = """
title = "Example"
when = 2025-03-12T14:05:09Z
day = 2025-03-12
[server]
ports = [8000, 8001]
limits = { cpu = 1.5, on = true, hex = 0xff }
[[rules]]
name = 'a\\b'
[[rules]]
name = \"\"\"two
lines\"\"\"
"""
data = tomllib.loads(text)
print(data)
try:
    tomllib.loads("a = 1\na = 2")
except tomllib.TOMLDecodeError as error:
    print(error)
config = configparser.ConfigParser()
config.read_string("[DEFAULT]\nbase = /srv\n[web]\nroot = %(base)s/www\nport: 80\ndebug = yes\n# comment\nmulti = a\n  b\n")
print(config.sections(), dict(config["web"]), config.getint("web", "port"), config.getboolean("web", "debug"), config.get("web", "none", fallback="?"))
config["new"] = {"Key": "value"}
out = io.StringIO()
config.write(out)
print(out.getvalue())
try:
    config["missing"]
except KeyError as error:
    print(repr(error))
