#!/usr/bin/env python3
"""faults_process.py ATTNLAB TEST quick|all - one fault of a process or of numbers, again and again; faults.py says what must hold.

    B1 signals at random moments                            B6 out of memory
    B10 closed and broken outputs                           C1 killed in every variant, moments compared
    C6 weights that are NaN
"""
import json
import os
import random
import signal
import struct
import subprocess
import sys
import time

from faults import (CONFIG, NUMBERS, attnlab, check_checkpoints, check_end, fail, folder, full, main, query,
                    run, train, undisturbed, wipe)


def test_B1():
    settings = ["train.tokens=40k", "train.save_every_tokens=20k"]
    whole, slowest, early, again = undisturbed("whole.db", *settings), 0.0, 0, 0
    began = time.time()
    train("time.db", *settings)
    length = time.time() - began
    for i in range(200 if full else 8):
        wipe("a.db")
        number = random.choice([signal.SIGTERM, signal.SIGINT])
        p = subprocess.Popen([attnlab, "train", "small.yaml", "--quiet", "--db", "a.db", *settings], stderr=subprocess.PIPE, text=True)
        time.sleep(random.uniform(0, 0.9 * length))
        p.send_signal(number)
        twice = i % 4 == 3
        if twice:
            time.sleep(random.uniform(0, 0.01))
            p.send_signal(number)
        began = time.time()
        said = p.communicate()[1]
        slowest = max(slowest, time.time() - began)
        again += twice
        what = f"signal {number} {'twice ' if twice else ''}({p.returncode})"
        if p.returncode == 5:
            at, status = query("a.db", "SELECT last_step, status FROM run")[0]
            if status != "preempted" or query("a.db", "SELECT max(step) FROM ckpt") != [(at,)] or said.count("\n") != 1:
                fail(f"{what}: {status} at step {at}, {said}")
        elif p.returncode == -number:
            early += not twice  # before it listens: nothing has been done yet
            if not twice and os.path.exists("a.db") and query("a.db", "SELECT count(*) FROM sqlite_schema")[0][0] and \
                    query("a.db", "SELECT count(*) FROM attempt")[0][0]:
                fail(f"{what}: ended by the first signal though an attempt had begun")
        elif p.returncode != 0:
            fail(f"{what}: {said}")
        check_checkpoints("a.db", what)
        check_end("a.db", what, whole, *settings)
    if slowest > 10:
        fail(f"it took {slowest} s to stop")
    print(f"signals at {200 if full else 8} random moments ({again} of them twice): the slowest stop took {slowest:.2f} s; "
          f"{early} came before it listened; lost: nothing")


def test_B6():
    shim = os.environ.get("FAIL_MALLOC")
    if not shim:
        sys.exit(77)
    whole, faults, ends = undisturbed(), 0, {}
    verbs = {
        "train": ["train", "small.yaml", "--quiet", "--db", "a.db"],
        "describe": ["describe", "small.yaml"],
        "query": ["query", "SELECT step, loss FROM train_step LIMIT 3", "--db", "whole.db"],
        "show": ["show", query("whole.db", "SELECT run_uid FROM run")[0][0], "--db", "whole.db"],
        "doctor": ["doctor", "--db", "whole.db"],
        "variants": ["variants"],
        "ls": ["ls", "--db", "whole.db", "-o", "json"],
    }
    for name, words in verbs.items():
        k = 1
        while True:
            wipe("a.db")
            r = run([attnlab, *words], env={**os.environ, "LD_PRELOAD": shim, "FAIL_AT": str(k), "OPENBLAS_NUM_THREADS": "1"})
            if "allocation failed on purpose" not in r.stderr:
                break
            faults += 1
            ends[r.returncode] = ends.get(r.returncode, 0) + 1
            said = [l for l in r.stderr.splitlines() if l != "allocation failed on purpose"]
            if r.returncode not in (0, 1) or r.returncode and (len(said) != 1 or not said[0].startswith("attnlab")):
                fail(f"{name}, allocation {k}: status {r.returncode}: {r.stderr[-300:]}")
            if name == "train":
                check_checkpoints("a.db", f"allocation {k}")
                if k % 20 == 1:
                    check_end("a.db", f"allocation {k}", whole)
            k = k + 1 if full else int(k * 1.4) + 1
    print(f"{faults} allocations refused: statuses {ends}, each failure with one line; nothing lost")

    # A limit on the address space: OpenBLAS would retry forever to map its buffer.
    ends = {}
    for kernels, threads in [("", 1), ("", 2), ("openblas", 1), ("openblas", 2)]:
        for size in range(20, 640, 10 if full else 62):
            wipe("a.db")
            env = {**os.environ, "ATTNLAB_KERNELS": kernels}
            r = train("a.db", f"train.threads={threads}", before=["prlimit", f"--as={size}000000"], env=env)
            ends[r.returncode] = ends.get(r.returncode, 0) + 1
            if r.returncode == 127 and "loading shared libraries" in r.stderr:
                continue  # not yet ours
            if size < 24 and r.stderr.startswith("terminate called"):
                continue  # the libraries are there, and one of them can't start
            if r.returncode not in (0, 1, 2) or r.returncode and (r.stderr.count("\n") != 1 or not r.stderr.startswith("attnlab")):
                fail(f"{size} MB, {threads} threads, {kernels}: status {r.returncode}: {r.stderr[-300:]}")
            if r.returncode == 0 and not kernels and query("a.db", NUMBERS) != whole:
                fail(f"{size} MB: other numbers")
    if not ends.get(0) or not ends.get(2):
        fail(f"no limit mattered: {ends}")
    print(f"limits on the address space: statuses {ends}, each failure with one line")


def test_B10():
    whole = undisturbed()
    shell = f'exec "{attnlab}" train small.yaml --db a.db'
    ways = {"closed": f"{shell} <&- >&- 2>&-", "full": f"{shell} >/dev/full 2>/dev/full"}
    for name, command in ways.items():
        wipe("a.db")
        r = run(["sh", "-c", command])
        if r.returncode != 0 or query("a.db", NUMBERS) != whole:
            fail(f"{name}: status {r.returncode}")
        check_checkpoints("a.db", name)
    wipe("a.db")
    p = subprocess.Popen([attnlab, "train", "small.yaml", "--db", "a.db"], stdin=subprocess.DEVNULL, stderr=subprocess.PIPE)
    p.stderr.close()  # a reader that has gone
    if p.wait() != 0 or query("a.db", NUMBERS) != whole:
        fail(f"a broken pipe: status {p.returncode}")
    open("study.yaml", "w").write(CONFIG + "sweep: {name: s, axes: {train.lr: [1e-3, 3e-3]}, baseline: {train.lr: 1e-3}, seeds: 1}\n")
    wipe("a.db")
    p = subprocess.Popen([attnlab, "sweep", "study.yaml", "--db", "a.db"], stdin=subprocess.DEVNULL, stderr=subprocess.PIPE)
    p.stderr.close()
    if p.wait() != 0 or query("a.db", "SELECT count(*) FROM run WHERE status = 'done'") != [(2,)]:
        fail(f"a sweep with a broken pipe: status {p.returncode}")
    for words in (["query", "SELECT * FROM train_step"], ["ls"], ["doctor"]):
        with open("/dev/full", "w") as out:
            r = subprocess.run([attnlab, *words, "--db", "whole.db"], stdout=out, stderr=subprocess.PIPE, text=True)
        if r.returncode != 1 or "No space left" not in r.stderr.splitlines()[-1]:
            fail(f"{words[0]} to a full disk: status {r.returncode}, {r.stderr}")
    print("outputs closed, full and broken: the numbers are the same")


def test_C1():
    """Warm-up ends at step 8, an epoch at about step 20, evaluations and checkpoints fall between and together."""
    kills, chains, total = 0, 0, 0
    for spec, precision in [(s, "float32") for s in ("mha", "gqa:n_kv_heads=2", "mqa", "window:size=8", "template",
                                                     "[window:size=8, mha]")] + [("mha", "bfloat16")]:
        settings = [f"model.attention={spec}", "train.keep=all", "train.tokens=20k", "train.warmup_tokens=4096",
                    "train.save_every_tokens=1k", "eval.every_tokens=3k", f"train.precision={precision}"]
        env = {**os.environ, **({"ATTNLAB_KERNELS": "plain"} if precision == "bfloat16" else {})}
        moments = "SELECT step, sha256 FROM ckpt ORDER BY 1"
        wipe("whole.db")
        began = time.time()
        whole = undisturbed("whole.db", *settings, env=env)
        length = time.time() - began
        states, last = query("whole.db", moments), kills + (40 if full else 4)
        while kills < last:
            wipe("a.db")
            chains += 1
            for _ in range(8):  # kills of one run, which then comes to its end
                p = subprocess.Popen([attnlab, "train", "small.yaml", "--quiet", "--db", "a.db", *settings],
                                     stderr=subprocess.DEVNULL, env=env)
                try:
                    p.wait(random.uniform(0.2, 0.8) * length)
                    break
                except subprocess.TimeoutExpired:
                    p.kill()
                    p.wait()
                    kills += 1
            if train("a.db", *settings, env=env).returncode or query("a.db", NUMBERS) != whole:
                fail(f"{spec}, {precision}: other numbers")
            if query("a.db", moments) != states:
                fail(f"{spec}, {precision}: other weights or moments in {set(query('a.db', moments)) ^ set(states)}")
            total += query("a.db", "SELECT count(*) FROM attempt WHERE from_step > 0")[0][0]
    if total < kills / 4:
        fail(f"only {total} of {kills} went on from a checkpoint")
    print(f"{kills} kills in {chains} runs of 7 kinds, {total} of them resumed from a checkpoint: numbers, weights and moments at"
          " every checkpoint are the same")


def test_C6():
    undisturbed()
    weights = open(os.path.join(folder("whole.db"), "weights.safetensors"), "rb").read()
    header = json.loads(weights[8:8 + struct.unpack("<Q", weights[:8])[0]])
    base = 8 + struct.unpack("<Q", weights[:8])[0]
    names = [n for n in header if n != "__metadata__"]
    for value in (float("nan"), float("inf"), -float("inf")):
        for name in names if full else random.sample(names, 5):
            begin, end = header[name]["data_offsets"]
            at = base + begin + 4 * random.randrange((end - begin) // 4)
            if "embed_tokens" in name:  # a piece that the text is sure to have
                at = None
            bent = bytearray(weights)
            if at is None:
                bent[base + begin:base + end] = struct.pack("<f", value) * ((end - begin) // 4)
            else:
                bent[at:at + 4] = struct.pack("<f", value)
            open("bent.safetensors", "wb").write(bent)
            wipe("a.db")
            r = train("a.db", "train.init_from=bent.safetensors")
            what = f"{value} in {name}"
            if r.returncode == 4:
                if query("a.db", "SELECT status, last_step FROM run") != [("diverged", 1)] or r.stderr.count("\n") != 1:
                    fail(f"{what}: {query('a.db', 'SELECT status, last_step FROM run')} {r.stderr}")
                if query("a.db", "SELECT count(*) FROM ckpt") != [(0,)] or query("a.db", "SELECT count(*) FROM v_final") != [(0,)]:
                    fail(f"{what}: it left a checkpoint or a final loss")
            elif r.returncode != 1:
                fail(f"{what}: status {r.returncode}, {r.stderr}")
    print("NaN and infinities in weights: found at the first step")


main(globals())
