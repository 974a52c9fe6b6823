#!/usr/bin/env python3
"""A study of autosim on a Ray cluster.

    pip install ray
    python distributed/ray_study.py study.toml --shards 64 --out answer

Shards are tasks. What a task has finished comes home to --cells, so nothing has to be shared but the study and what it
reads; a task whose worker dies runs again, elsewhere. At the end `autosim merge` makes the answer of one machine.
The same command goes on where it was stopped. Needs the same autosim on every machine; `docs/distributed.md` says more.
"""

import argparse
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

import ray


class Killed(Exception):
    """autosim was ended from outside: it is worth another try."""


class Refused(Exception):
    """autosim refused its input, or could not leave its output."""


def run_shard(asked, folder, shard, known):
    """Runs one shard in a folder of its own that holds what is known; returns its files."""
    with tempfile.TemporaryDirectory() as cells:
        for name, content in known.items():
            pathlib.Path(cells, name).write_bytes(content)
        ended = subprocess.run(
            [*asked, "--shard", shard, "--cells", cells, "--quiet"],
            cwd=folder,
            capture_output=True,
            text=True,
        )
        if ended.returncode < 0:
            raise Killed(f"shard {shard}: signal {-ended.returncode}")
        if ended.returncode != 0:
            raise Refused(f"shard {shard}: {ended.stderr.strip()}")
        return {path.name: path.read_bytes() for path in pathlib.Path(cells).iterdir()}


def bring_home(files, home):
    """A file is whole or not there."""
    home.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        half = home / f"{name}.{os.getpid()}.half"
        half.write_bytes(content)
        half.replace(home / name)


def known(home):
    return {path.name: path.read_bytes() for path in home.glob("*") if not path.name.endswith(".half")}


def sweep(asked, folder, homes, cpus):
    """Runs every shard, as many at once as the cluster has room for, and says how far it is."""
    task = ray.remote(run_shard).options(num_cpus=cpus, max_retries=10, retry_exceptions=[Killed])
    shards, begun = len(homes), time.monotonic()
    waiting = {
        task.remote([*asked, "--jobs", str(cpus)], folder, f"{at}/{shards}", known(home)): home
        for at, home in homes.items()
    }
    while waiting:
        [done], _ = ray.wait(list(waiting), num_returns=1)
        home = waiting.pop(done)
        bring_home(ray.get(done), home)
        finished, elapsed = shards - len(waiting), time.monotonic() - begun
        left = elapsed / finished * len(waiting)
        print(f"{finished} of {shards} shards, {elapsed:.0f} s, about {left:.0f} s left", file=sys.stderr)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("study", help="a study; its folder is where tasks run")
    parser.add_argument("--shards", type=int, default=64, help="parts of the study, several for each worker [64]")
    parser.add_argument("--cells", default="output/shards", help="where finished cells come home to [output/shards]")
    parser.add_argument("--out", help="folder of the answer, as of `autosim merge`")
    parser.add_argument("--autosim", default="autosim", help="the program [autosim]")
    parser.add_argument("--cpus", type=int, default=1, help="processors, and cells at once, of a task [1]")
    parser.add_argument("--workers", type=int, help="a cluster of so many workers on this machine, not one there is")
    parser.add_argument("--ship", action="store_true", help="send the study's folder to every worker")
    args = parser.parse_args()
    if args.shards < 1 or args.cpus < 1:
        parser.error("--shards and --cpus are at least 1")

    study = pathlib.Path(args.study).resolve()
    if not study.is_file():
        parser.error(f"{args.study}: there is no such study")
    home = shutil.which(args.autosim, path=f"{study.parent}{os.pathsep}{os.environ.get('PATH', '')}")
    if home is None:
        parser.error(f"--autosim {args.autosim}: there is no such program; cargo install --path .")
    here = str(pathlib.Path(home).resolve())
    cells = pathlib.Path(args.cells).resolve()
    homes = {at: cells / f"shard-{at}-of-{args.shards}" for at in range(1, args.shards + 1)}

    environment = {"working_dir": str(study.parent)} if args.ship else None
    ray.init(num_cpus=args.workers, runtime_env=environment, log_to_driver=False)
    # What is shipped has the program in it if its folder has.
    shipped = args.ship and pathlib.Path(here).is_relative_to(study.parent)
    program = f"./{pathlib.Path(here).relative_to(study.parent)}" if shipped else here
    folder = None if args.ship else str(study.parent)
    try:
        sweep([program, "tune", study.name, "--whole"], folder, homes, args.cpus)
    except (ray.exceptions.RayTaskError, ray.exceptions.RayError) as error:
        print(f"error: {getattr(error, 'cause', None) or error}", file=sys.stderr)
        return 2
    finally:
        ray.shutdown()
    merge = [here, "merge", *map(str, homes.values()), "--cells", str(cells / "all")]
    if args.out:
        merge += ["--out", str(pathlib.Path(args.out).resolve())]
    return subprocess.run(merge, cwd=study.parent).returncode


if __name__ == "__main__":
    sys.exit(main())
