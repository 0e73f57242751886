"""Runs a command on a terminal of its own and types a line at each prompt, with the code that the command last showed in place of CODE.

Usage: terminal.py PROMPT LINES COMMAND...   (LINES: apart by line ends)
"""

import os, pty, re, sys

prompt, lines = sys.argv[1].encode(), sys.argv[2].split("\n")
child, terminal = pty.fork()
if child == 0:
    os.execv(sys.argv[3], sys.argv[3:])
seen = b""
while True:
    try:
        read = os.read(terminal, 65536)
    except OSError:
        break
    if not read:
        break
    seen += read
    if seen.endswith(prompt) and lines:
        codes = re.findall(rb"Type ([0-9]{6}) and", seen)
        os.write(terminal, lines.pop(0).encode().replace(b"CODE", codes[-1] if codes else b"CODE") + b"\n")
sys.stdout.buffer.write(seen)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
