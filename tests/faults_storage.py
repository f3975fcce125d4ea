#!/usr/bin/env python3
"""faults_storage.py ATTNLAB TEST quick|all - one fault of storage, again and again; faults.py says what must hold.

    A1 killed at each system call that changes a file       A2 full disk, quota, I/O errors at each write
    A3 fsync fails                                          A5 files cut short and bits flipped
    A9 the disk of the database is full

Exit status 77 (skipped) if strace is missing or may not trace, or if no file system may be mounted.
"""
import os
import random
import shutil
import struct
import subprocess
import sys
import time

from faults import (NUMBERS, attnlab, check_checkpoints, check_end, check_said, copy, fail, failures, folder, full,
                    main, need_strace, query, run, strace, train, undisturbed, wipe)

CHANGES = ["openat", "write", "pwrite64", "fsync", "fdatasync", "rename", "unlink", "ftruncate", "close", "mkdir"]


def test_A1():
    need_strace()
    whole, kills, points = undisturbed(), 0, {}
    for call in CHANGES:
        n, step = 1, 1 if full else {"openat": 97, "close": 79, "pwrite64": 71, "write": 61, "fsync": 7}.get(call, 11)
        while True:
            wipe("a.db")
            r = train("a.db", before=strace(f"{call}:signal=KILL:when={n}"))
            if r.returncode == 0:
                break
            kills += 1
            points[call] = points.get(call, 0) + 1
            check_checkpoints("a.db", f"killed at {call} {n}")
            check_end("a.db", f"killed at {call} {n}", whole)
            n += step
    print(f"{kills} kills, at {points}; lost: no checkpoint, no number")


def test_A2():
    need_strace()
    whole, n_faults, ends, events = undisturbed(), 0, {0: 0, 1: 0}, 0
    files = [f"step-{s:09}.safetensors.part" for s in range(0, 24)] + ["weights.safetensors.part"]
    uid = query("whole.db", "SELECT run_uid FROM run")[0][0]
    parts = [os.path.realpath(".") + f"/a.db.runs/{uid}/{f}" for f in files]
    kinds = [("write", parts), ("pwrite64", ()), ("fdatasync", ()), ("ftruncate", ())]
    for call, paths in kinds:
        for error in ["ENOSPC", "EIO", "EDQUOT"] if full else ["ENOSPC"]:
            for forever in ("", "+"):
                n = 1
                while True:
                    wipe("a.db")
                    r = train("a.db", before=strace(f"{call}:error={error}:when={n}{forever}", paths=paths))
                    what = f"{call} {n}{forever} {error}"
                    check_said(r, what)
                    ends[r.returncode] = ends.get(r.returncode, 0) + 1
                    n_faults += 1
                    check_checkpoints("a.db", what)
                    noted = r.returncode == 0 and query("a.db", "SELECT count(*) FROM event WHERE level='warning'")[0][0]
                    events += bool(noted)
                    harmless = r.returncode == 0 and not noted
                    check_end("a.db", what, whole)
                    if harmless and n > 3:
                        break
                    n += 1 if full else {"write": 23, "pwrite64": 83}.get(call, 19)
                    if n > 2000:
                        break
    # A limit on the size of files, which first sends a signal.
    for size in (1000, 30000, 200000):
        wipe("a.db")
        r = train("a.db", before=["prlimit", f"--fsize={size}"])
        check_said(r, f"--fsize={size}")
        check_checkpoints("a.db", f"--fsize={size}")
        check_end("a.db", f"--fsize={size}", whole)
    print(f"{n_faults} faults: {ends[0]} runs went on ({events} with the event on record), {ends[1]} stopped with a line;"
          " lost: no checkpoint")


def test_A3():
    need_strace()
    whole, n, noted = undisturbed(), 0, 0
    while True:
        n += 1
        wipe("a.db")
        r = train("a.db", before=strace(f"fsync:error=EIO:when={n}"))
        check_said(r, f"fsync {n}")
        check_checkpoints("a.db", f"fsync {n}")
        event = os.path.exists("a.db") and query("a.db", "SELECT count(*) FROM event WHERE message LIKE 'no checkpoint at step%'")[0][0]
        clean = r.returncode == 0 and not event
        noted += bool(event)
        check_end("a.db", f"fsync {n}", whole)
        if clean:
            break
    if noted < 3:
        fail(f"only {noted} failed flushes are on record")
    print(f"{n - 1} fsyncs failed one by one: {noted} given up and recorded, the others stopped the run with a line")


def test_A5():
    whole = undisturbed()
    p = subprocess.Popen([attnlab, "train", "small.yaml", "--quiet", "--db", "k.db", "train.tokens=10M"], stderr=subprocess.DEVNULL)
    while not os.path.exists("k.db") or not query("k.db", "SELECT count(*) FROM sqlite_schema")[0][0] or \
            query("k.db", "SELECT count(*) FROM ckpt")[0][0] < 2:
        time.sleep(0.05)
    p.kill()
    p.wait()
    file, step = query("k.db", "SELECT file, step FROM ckpt ORDER BY step DESC LIMIT 1")[0]
    before = query("k.db", "SELECT step FROM ckpt ORDER BY step DESC LIMIT 1 OFFSET 1")[0][0]
    size = os.path.getsize(os.path.join(folder("k.db"), file))
    header = 8 + struct.unpack("<Q", open(os.path.join(folder("k.db"), file), "rb").read(8))[0]

    def damage(path, how, at):
        with open(path, "r+b") as f:
            if how == "cut":
                f.truncate(at)
            else:
                f.seek(at // 8)
                byte = f.read(1)[0]
                f.seek(at // 8)
                f.write(bytes([byte ^ 1 << at % 8]))

    cases = [("cut", n) for n in range(0, header, 1 if full else 400)]
    cases += [("cut", random.randrange(size)) for _ in range(200 if full else 4)]
    cases += [("flip", random.randrange(size * 8)) for _ in range(400 if full else 10)]
    for how, at in cases:
        what = f"checkpoint {how} at {at}"
        copy("k.db", "a.db")
        damage(os.path.join(folder("a.db"), file), how, at)
        p = subprocess.Popen([attnlab, "train", "small.yaml", "--quiet", "--db", "a.db", "train.tokens=10M"],
                             stderr=subprocess.PIPE, text=True)
        while p.poll() is None and not query("a.db", "SELECT 1 FROM attempt WHERE attempt = 2"):
            time.sleep(0.01)
        p.kill()
        said = p.communicate()[1]
        if f"skipped the checkpoint of step {step}" not in said:
            fail(f"{what}: not noticed: {said}")
        elif query("a.db", "SELECT from_step FROM attempt WHERE attempt = 2") != [(before,)]:
            fail(f"{what}: not gone on from step {before}")
    n = 0
    shutil.copytree("corpus", "good")
    for name in sorted(os.listdir("corpus")):
        size = os.path.getsize("corpus/" + name)
        if size == 0:
            continue
        for how, at in [("cut", random.randrange(size)) for _ in range(20 if full else 2)] + \
                [("flip", random.randrange(8 * size)) for _ in range(100 if full else 4)]:
            wipe("a.db")
            damage("corpus/" + name, how, at)
            r = train("a.db")
            n += 1
            if r.returncode == 0:
                if query("a.db", NUMBERS) != whole:
                    fail(f"{name} {how} at {at}: trained on something else")
                elif name.endswith((".bin", ".model")) or how == "cut":
                    fail(f"{name} {how} at {at}: not noticed")
            elif r.returncode not in (1, 2) or "corpus/" not in r.stderr or r.stderr.count("\n") != 1:
                fail(f"{name} {how} at {at}: status {r.returncode}, {r.stderr}")
            shutil.rmtree("corpus")
            shutil.copytree("good", "corpus")
    print(f"{len(cases)} damaged checkpoints and {n} damaged files of a corpus: all noticed" if not failures else "")


def test_A9():
    whole = undisturbed("whole.db", "train.tokens=60k")
    script = r'''
mount -t tmpfs -o size=$1 tmpfs disk || exit 77
"$2" train small.yaml --quiet --db disk/a.db train.tokens=60k 2>err; echo $? >status
cp -r disk full
mount -o remount,size=64m disk
"$2" train small.yaml --quiet --db disk/a.db train.tokens=60k 2>err2; echo $? >status2
cp -r disk/. after
'''
    stopped = 0
    for size in range(160, 1200, 40 if full else 170):
        for d in ("disk", "full", "after"):
            shutil.rmtree(d, ignore_errors=True)
        os.makedirs("disk")
        r = run(["unshare", "-rm", "sh", "-c", script, "sh", f"{size}k", attnlab])
        if r.returncode == 77 or "unshare" in r.stderr:
            print("may not mount:", r.stderr)
            sys.exit(77)
        status, said = int(open("status").read()), open("err").read()
        stopped += status == 1
        if status not in (0, 1) or status == 1 and len([l for l in said.splitlines() if l.startswith("attnlab train")]) != 1:
            fail(f"{size} KiB: status {status}: {said}")
        if open("status2").read().strip() != "0":
            fail(f"{size} KiB: with room again: {open('err2').read()}")
        elif query("after/a.db", NUMBERS) != whole:
            fail(f"{size} KiB: other numbers")
        check_checkpoints("after/a.db", f"{size} KiB", 1)
    if not stopped:
        fail("the disk was never full")
    print(f"{stopped} runs stopped by a full disk, each with a line; with room again they ended with the same numbers")


main(globals())
