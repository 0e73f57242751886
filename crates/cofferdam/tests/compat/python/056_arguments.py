# argparse: options, sub-commands, types, help text, errors.
import argparse
import contextlib
import io

parser = argparse.ArgumentParser(prog="tool", description="Does things.")
parser.add_argument("--verbose", "-v", action="count", default=0, help="say more")
parser.add_argument("--size", type=int, choices=[1, 2], metavar="N", help="how many (default: %(default)s)", default=1)
parser.add_argument("--flag", action=argparse.BooleanOptionalAction, default=True)
commands = parser.add_subparsers(dest="command", required=True)
add = commands.add_parser("add", help="adds numbers")
add.add_argument("numbers", nargs="+", type=float)
print(parser.parse_args(["-vv", "--no-flag", "add", "1", "2.5"]))
print(vars(add.parse_args(["3"])), parser.parse_known_args(["add", "1", "--other"])[1])
print(add.format_usage().strip())
for bad in (["--size", "many", "add", "1"], ["add"], []):
    with contextlib.redirect_stderr(io.StringIO()) as errors:
        try:
            parser.parse_args(bad)
        except SystemExit as stop:
            print(stop.code, errors.getvalue().splitlines()[-1])
import shlex

print(shlex.split("a 'b c' d\\ e"), shlex.quote("it's"), shlex.join(["x", "y z"]))
