#!/usr/bin/env python3
"""faults.py ATTNLAB TEST quick|all - one kind of fault, injected again and again; what must hold after each:

the database opens and is intact, every checkpoint in it exists and has the stored hash, and the same command, now
undisturbed, ends with the numbers of an undisturbed run (every loss, norm, rate, evaluation sum and the hash of the
weights), with no file left over.  A run that fails says so in one line, with status 1.

    A1 killed at each system call that changes a file       A2 full disk, quota, I/O errors at each write
    A3 fsync fails                                          A5 files cut short and bits flipped
    A9 the disk of the database is full                     B1 signals at random moments
    B6 out of memory                                        B10 closed and broken outputs
    C1 killed in every variant, moments compared            C6 weights that are NaN

Exit status 77 (skipped) if strace is missing or may not trace.
"""
import hashlib
import json
import os
import random
import shutil
import signal
import sqlite3
import struct
import subprocess
import sys
import tempfile
import time

attnlab, test, full = os.path.realpath(sys.argv[1]), sys.argv[2], sys.argv[3] == "all"
shim = os.environ.get("FAIL_MALLOC", "")
failures = []
signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # which removes the folder
random.seed(int(os.environ.get("SEED", "1")))

CONFIG = """\
model: {n_layers: 2, dim: 32, n_heads: 4, ffn_dim: 64, context: 32, attention: mha}
data: {corpus: corpus}
train: {tokens: 10k, batch_tokens: 512, lr: 3e-3, save_every_tokens: 2048, threads: 1}
eval: {every_tokens: 4k, tokens: 1024}
"""

NUMBERS = """
SELECT 'step', step, tokens, loss, grad_norm, lr, flags FROM train_step
UNION ALL SELECT 'eval', step, context, n_tok, n_bytes, nll_sum, last_nll_sum FROM eval
UNION ALL SELECT 'seq', seq, s.n, s.nll_sum, NULL, NULL, NULL FROM eval_seq s JOIN eval USING(eval_id)
UNION ALL SELECT 'run', status, last_step, final_hash, NULL, NULL, NULL FROM run ORDER BY 1, 2, 3
"""


def fail(what):
    print("FAILED:", what)
    failures.append(what)


def text(seed, words):
    r = random.Random(seed)
    w, out = 0, []
    for i in range(words):
        w = (w * 7 + r.randrange(5)) % 97
        out.append(chr(97 + w % 26) + chr(97 + w * 5 % 26) + ("er" if w % 3 else "ing") + (".\n" if i % 12 == 11 else " "))
    return "".join(out)


def run(words, before=(), **more):
    more.setdefault("stderr", subprocess.PIPE)
    return subprocess.run([*before, *words], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, timeout=900, **more)


def train(db, *settings, before=(), **more):
    return run([attnlab, "train", "small.yaml", "--quiet", "--db", db, *settings], before, **more)


def strace(*inject, paths=()):
    """The words in front of a command that make its system calls fail."""
    calls = ",".join(i.split(":")[0] for i in inject)
    fast = [] if any("signal" in i for i in inject) else ["--seccomp-bpf"]  # which delivers no signals
    return ["strace", "-f", *fast, "-qqq", "-o", "/dev/null", "-e", f"trace={calls}",
            *[w for i in inject for w in ("-e", "inject=" + i)], *[w for p in paths for w in ("-P", p)]]


def need_strace():
    if not shutil.which("strace") or run(["true"], strace("write:error=EIO:when=1000")).returncode != 0:
        print("strace is missing, or may not trace")
        sys.exit(77)


def query(db, sql):
    c = sqlite3.connect(db, timeout=30)
    c.execute("PRAGMA wal_autocheckpoint=0")
    try:
        return c.execute(sql).fetchall()
    finally:
        c.close()


def wipe(db):
    for name in os.listdir("."):
        if name.startswith(db):
            shutil.rmtree(name) if os.path.isdir(name) else os.remove(name)


def copy(old, new):
    wipe(new)
    for name in os.listdir("."):
        if name.startswith(old):
            (shutil.copytree if os.path.isdir(name) else shutil.copy)(name, new + name[len(old):])


def folder(db):
    return os.path.join(db + ".runs", os.listdir(db + ".runs")[0])


def check_checkpoints(db, what, fewest=0):
    """Every checkpoint in the database exists; returns how many there are."""
    if not os.path.exists(db) or not query(db, "SELECT count(*) FROM sqlite_schema")[0][0]:
        return 0
    if query(db, "PRAGMA integrity_check") != [("ok",)] or query(db, "PRAGMA foreign_key_check"):
        fail(f"{what}: the database is not intact")
    rows = query(db, "SELECT file, sha256 FROM ckpt ORDER BY step DESC")
    for name, sha in rows:
        path = os.path.join(folder(db), name)
        if not os.path.exists(path) or hashlib.sha256(open(path, "rb").read()).hexdigest() != sha:
            fail(f"{what}: {name} is not what was recorded")
    if len(rows) < fewest:
        fail(f"{what}: {len(rows)} checkpoints")
    return len(rows)


def check_end(db, what, whole, *settings):
    """The same command again, to the end, with the same numbers and nothing left over."""
    r = train(db, *settings)
    if r.returncode != 0:
        fail(f"{what}: then status {r.returncode}: {r.stderr.strip()}")
        return
    if query(db, NUMBERS) != whole:
        fail(f"{what}: other numbers")
    left = set(os.listdir(folder(db))) - {"lock", "config.yaml", "weights.safetensors", "config.yaml.part"}
    if left:
        fail(f"{what}: left behind: {left}")


def check_said(r, what, silent=False):
    """Done, or failed with one clear line (and lines about checkpoints that were passed over)."""
    if r.returncode not in (0, 1):
        fail(f"{what}: status {r.returncode}: {r.stderr}")
    last = [l for l in r.stderr.splitlines() if not l.startswith("attnlab: ")]
    if r.returncode == 1 and not silent and (len(last) != 1 or not last[0].startswith("attnlab train: ")):
        fail(f"{what}: said {r.stderr!r}")


def undisturbed(db="whole.db", *settings, **more):
    r = train(db, *settings, **more)
    if r.returncode:
        fail("undisturbed: " + r.stderr)
    return query(db, NUMBERS)


# --- storage ---------------------------------------------------------------------------------------------------------

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


# --- processes -------------------------------------------------------------------------------------------------------

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


# --- numbers ---------------------------------------------------------------------------------------------------------

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


with tempfile.TemporaryDirectory() as place:
    os.chdir(place)
    open("small.yaml", "w").write(CONFIG)
    open("train.txt", "w").write(text(1, 5000))
    open("held.txt", "w").write(text(2, 1500))
    run([attnlab, "prepare", "train.txt", "--holdout", "held.txt", "--vocab-size", "300", "--out", "corpus"])
    globals()["test_" + test]()
    os.chdir("/")
sys.exit(1 if failures else 0)
