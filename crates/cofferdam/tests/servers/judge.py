"""A judge for tests. Its first argument says how it judges; what it is shown is added to the file that its second names."""

import json
import os
import sys
import time

how, seen = sys.argv[1:]
if how == "deaf":
    print('{"verdict": "allow"}')
    sys.exit()
document = json.load(sys.stdin)
with open(seen, "a") as file:
    print(json.dumps({**document, "environment": sorted(os.environ)}), file=file)
match how:
    case "words":
        text = document["program"] if document["stage"] == "before" else document["outcome"]["text"]
        verdict = "block" if "SECRET-PLAN" in text else "allow"
        print(json.dumps({"verdict": verdict, "reason": "because of SECRET-PLAN"}))
    case "slow":
        time.sleep(600)
    case "crash":
        print('{"verdict": "allow"}')
        sys.exit(3)
    case "nonsense":
        print("Sure, I would allow it.")
    case "maybe":
        print('{"verdict": "maybe"}')
    case "huge":
        print(json.dumps({"verdict": "allow", "reason": "x" * 10_000_000}))
