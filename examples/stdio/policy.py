#!/usr/bin/env python3
"""A policy in Python: as many replicas as give each `target` requests; fewer only once they have not been
needed for `patience_s`.

autosim writes one line of JSON to standard input, this program answers with one on standard output; docs/stdio.md
has the lines. Only the class is about autoscaling.
"""

import json
import math
import sys


class Policy:
    def __init__(self, hello):
        """The program was started: `hello` says what will be observed, and holds the scenario's `parameters`."""
        self.target = hello["parameters"].get("target", 0.7)
        self.patience_s = hello["parameters"].get("patience_s", 120)

    def reset(self, run):
        """A replication begins: forget what was seen."""
        self.needed_at_s = 0.0

    def observe(self, seen):
        """How many replicas are wanted, and why."""
        load = seen["readings"]["ongoing_requests"]
        if load is None:
            return seen["desired"], "no data"
        wanted = math.ceil(load / self.target - 1e-9)
        if wanted >= seen["desired"]:
            self.needed_at_s = seen["at_s"]
            return wanted, f"{load:.4g} requests, {self.target} each"
        idle_s = seen["at_s"] - self.needed_at_s
        if idle_s < self.patience_s:
            return seen["desired"], f"{wanted} would do, for {idle_s:g} s now"
        return wanted, f"{load:.4g} requests, {self.target} each"


def main():
    policy = None
    for line in sys.stdin:
        message = json.loads(line)
        if message["type"] == "hello":
            policy = Policy(message)
            answer = {"version": 1}
        elif message["type"] == "reset":
            policy.reset(message)
            answer = {}
        else:
            count, reason = policy.observe(message)
            answer = {"count": count, "reason": reason}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
