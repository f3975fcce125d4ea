"""faults.py - shared by the programs that inject faults: a small run, faults, and what must hold after each.

The database opens and is intact, every checkpoint in it exists and has the stored hash, and the same command, now
undisturbed, ends with the numbers of an undisturbed run (every loss, norm, rate, evaluation sum and the hash of the
weights), with no file left over.  A run that fails says so in one line, with status 1.
"""
import hashlib
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile

attnlab, full = os.path.realpath(sys.argv[1]), sys.argv[3:] == ["all"]
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


def corpus(words):
    """Makes a folder "corpus" of made-up text."""
    open("train.txt", "w").write(text(1, words))
    open("held.txt", "w").write(text(2, 1500))
    run([attnlab, "prepare", "train.txt", "--holdout", "held.txt", "--vocab-size", "300", "--out", "corpus"]).check_returncode()


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


def main(tests):
    """Runs the test that the command line names, in a temporary folder with a corpus and a configuration."""
    with tempfile.TemporaryDirectory() as place:
        os.chdir(place)
        open("small.yaml", "w").write(CONFIG)
        corpus(5000)
        tests["test_" + sys.argv[2]]()
        os.chdir("/")
    sys.exit(1 if failures else 0)
