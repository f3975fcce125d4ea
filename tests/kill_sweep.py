#!/usr/bin/env python3
"""kill_sweep.py ATTNLAB SEEDS TOKENS EVERY - a study that is killed again and again ends as if it had not been.

3 variants x 2 contexts x SEEDS tiny cells.  First undisturbed; then by two drivers at once (-j 2 and -j 1)
on one database, while a random attnlab process (driver, child or reader) gets SIGKILL about every EVERY seconds,
drivers are restarted when they end, and a reader queries all the time.  In the end: every cell done, none
completed twice, every number in the database (except times) and every hash of weights the same, the database
intact, no process and no half-written file left.
"""
import collections
import os
import random
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time

from faults import attnlab, corpus, fail, failures

STUDY = """\
model: {{n_layers: 2, dim: 32, n_heads: 4, ffn_dim: 64, context: 32}}
data: {{corpus: corpus}}
train: {{tokens: {tokens}, batch_tokens: 512, lr: 3e-3, save_every_tokens: 4096, threads: 1}}
eval: {{every_tokens: 32k, tokens: 1024, context: 64}}
sweep:
  name: kill
  axes: {{model.attention: [mha, gqa:n_kv_heads=2, "window:size=8"], model.context: [32, 64]}}
  baseline: {{model.attention: mha}}
  metric: val_loss@64
  seeds: {seeds}
"""

NUMBERS = """
SELECT c.canon_json, r.seed_init, 'step', t.step, t.tokens, t.loss, t.grad_norm, t.lr, t.flags
  FROM train_step t JOIN run r USING(run_id) JOIN config c USING(config_id)
UNION ALL SELECT c.canon_json, r.seed_init, 'eval', e.step, e.context, e.n_tok, e.n_bytes, e.nll_sum, e.last_nll_sum
  FROM eval e JOIN run r USING(run_id) JOIN config c USING(config_id)
UNION ALL SELECT c.canon_json, r.seed_init, 'seq', e.context, s.seq, s.n, s.nll_sum, NULL, NULL
  FROM eval_seq s JOIN eval e USING(eval_id) JOIN run r USING(run_id) JOIN config c USING(config_id)
UNION ALL SELECT c.canon_json, r.seed_init, 'pos', e.context, s.pos, s.n, s.nll_sum, NULL, NULL
  FROM eval_pos s JOIN eval e USING(eval_id) JOIN run r USING(run_id) JOIN config c USING(config_id)
UNION ALL SELECT c.canon_json, r.seed_init, 'run', r.status, r.last_step, r.final_hash, k.sha256, k.bytes, NULL
  FROM run r JOIN config c USING(config_id) LEFT JOIN ckpt k USING(run_id)
ORDER BY 1, 2, 3, 4, 5
"""

seeds, tokens, every = int(sys.argv[2]), sys.argv[3], float(sys.argv[4])
cells = 6 * seeds
started = []


def rows(db):
    c = sqlite3.connect(f"file:{db}?mode=ro", uri=True)
    result = c.execute(NUMBERS).fetchall()
    c.close()
    return result


def one(db, sql):
    c = sqlite3.connect(f"file:{db}?mode=ro", uri=True, timeout=30)
    result = c.execute(sql).fetchall()
    c.close()
    return result


def sweep(db, jobs, log):
    started.append(subprocess.Popen([attnlab, "sweep", "study.yaml", "--db", db, f"-j{jobs}"],
                                    stdin=subprocess.DEVNULL, stdout=log, stderr=log))
    return started[-1]


def family(drivers):
    """The processes at work on the database: drivers, their children, those of dead drivers, readers."""
    found = []
    for entry in os.listdir("/proc"):
        if not entry.isdigit():
            continue
        try:
            words = open(f"/proc/{entry}/cmdline", "rb").read().split(b"\0")
            state = open(f"/proc/{entry}/stat").read().rsplit(")", 1)[1].split()[0]
            if state != "Z" and b"killed.db" in b" ".join(words) and os.readlink(f"/proc/{entry}/cwd") == os.getcwd():
                found.append((int(entry), "driver" if int(entry) in drivers else
                              "child" if words[1] == b"train" else "reader"))
        except (OSError, IndexError):
            pass
    return found


class Reader(threading.Thread):
    """Queries without a pause; any answer but rows is a failure."""

    def __init__(self, stop):
        super().__init__(daemon=True)
        self.stop, self.queries, self.worst = stop, 0, 0.0

    def run(self):
        while not self.stop.is_set():
            if not os.path.exists("killed.db"):
                time.sleep(0.01)
                continue
            began = time.time()
            sql = random.choice(["SELECT count(*), sum(loss) FROM train_step", "SELECT * FROM v_arm", "SELECT * FROM v_missing",
                                 "SELECT status, count(*) FROM run GROUP BY 1"])
            r = subprocess.run([attnlab, "query", sql, "--db", "killed.db", "-o", "csv"], capture_output=True, text=True)
            if r.returncode not in (0, -signal.SIGKILL) and "is empty" not in r.stderr:
                fail(f"query: status {r.returncode}: {r.stderr.strip()}")
            self.queries += 1
            self.worst = max(self.worst, time.time() - began)
            time.sleep(0.02)


def undisturbed():
    open("study.yaml", "w").write(STUDY.format(tokens=tokens, seeds=seeds))
    began = time.time()
    with open("whole.log", "w") as log:
        if sweep("whole.db", 2, log).wait() != 0:
            fail("undisturbed: " + open("whole.log").read()[-500:])
    return time.time() - began


def disturbed(patience):
    log = open("killed.log", "w")
    stop = threading.Event()
    reader = Reader(stop)
    reader.start()
    drivers, ends, kills = {}, collections.Counter(), collections.Counter()
    began, next_kill = time.time(), time.time() + every
    while time.time() < began + patience:
        for jobs in (2, 1):
            if not any(j == jobs for _, j in drivers.values()) and not ends[jobs, 0]:
                p = sweep("killed.db", jobs, log)
                drivers[p.pid] = (p, jobs)
        time.sleep(0.05)
        for pid, (p, jobs) in list(drivers.items()):
            if p.poll() is not None:
                ends[jobs, p.returncode] += 1
                del drivers[pid]
        if not drivers and ends[1, 0] and ends[2, 0]:
            break
        if time.time() >= next_kill:
            next_kill = time.time() + random.uniform(0.5, 1.5) * every
            victims = family(drivers)
            if victims:
                pid, what = random.choice(victims)
                try:
                    os.kill(pid, signal.SIGKILL)
                    kills[what] += 1
                except OSError:
                    pass
    else:
        fail("it did not come to an end")
        for p, _ in drivers.values():
            p.kill()
    took = time.time() - began
    stop.set()
    reader.join()
    log.close()
    return kills, ends, reader, took


def main():
    corpus(9000)
    whole = undisturbed()
    kills, ends, reader, took = disturbed(600 + 20 * whole)

    finished = one("killed.db", "SELECT count(*) FROM run WHERE status='done'")[0][0]
    if finished != cells or one("killed.db", "SELECT count(*) FROM run")[0][0] != cells:
        fail(f"{finished} finished runs, not {cells}: {one('killed.db', 'SELECT status, count(*) FROM run GROUP BY 1')}")
    completed = one("killed.db", "SELECT run_id, count(*) FROM attempt WHERE exit_code=0 GROUP BY 1 HAVING count(*)<>1")
    if completed:
        fail(f"completed more than once: {completed}")
    if one("killed.db", "SELECT count(*) FROM attempt WHERE exit_code=0")[0][0] != cells:
        fail("not one completed attempt for each cell")
    if rows("whole.db") != rows("killed.db"):
        differ = [(a, b) for a, b in zip(rows("whole.db"), rows("killed.db")) if a != b]
        fail(f"other numbers: {len(differ)} of {len(rows('whole.db'))} rows, first {differ[:1]}")
    if one("killed.db", "PRAGMA integrity_check") != [("ok",)] or one("killed.db", "PRAGMA foreign_key_check"):
        fail(f"the database is not whole: {one('killed.db', 'PRAGMA integrity_check')} {one('killed.db', 'PRAGMA foreign_key_check')}")
    # Files left by a process that was killed between a commit and an unlink are removed by doctor.
    subprocess.run([attnlab, "doctor", "--fix", "--db", "killed.db"], capture_output=True)
    for folder, _, files in os.walk("killed.db.runs"):
        extra = set(files) - {"lock", "log", "config.yaml", "weights.safetensors"}
        if extra:
            fail(f"left behind in {folder}: {extra}")
    left = family({})
    if left:
        fail(f"processes outlive it: {left}")
    # Each attempt resumes from the checkpoint of the attempt before it, or from a later one.
    back = one("killed.db", "SELECT run_id, a.attempt FROM attempt a JOIN attempt b USING(run_id)"
                            " WHERE b.attempt = a.attempt + 1 AND b.from_step < a.from_step")
    if back:
        fail(f"a checkpoint was lost: {back}")
    middle = one("killed.db", "SELECT count(*) FROM attempt WHERE from_step > 0")[0][0]
    attempts, redone = one("killed.db", "SELECT count(*), coalesce(sum(ended_ms IS NULL), 0) FROM attempt")[0]
    print(f"{cells} cells, undisturbed in {whole:.0f} s; disturbed in {took:.0f} s: {sum(kills.values())} kills {dict(kills)},"
          f" {attempts} attempts ({redone} cut off without a word, {middle} went on from a checkpoint), 0 checkpoints lost, at"
          f" most 8 steps of 512 tokens redone each time, drivers ended"
          f" {dict((f'-j{j} status {s}', n) for (j, s), n in sorted(ends.items()))};"
          f" {reader.queries} queries, slowest {reader.worst:.2f} s; rows compared {len(rows('whole.db'))}; {len(failures)} failures")
    if sum(kills.values()) < 3:
        fail("hardly anything was killed: no test")


with tempfile.TemporaryDirectory() as folder:
    os.chdir(folder)
    try:
        main()
    finally:
        for p in started:
            if p.poll() is None:
                p.kill()
                p.wait()
    if failures and os.environ.get("KEEP"):
        subprocess.run(["cp", "-r", folder, os.environ["KEEP"]])
sys.exit(1 if failures else 0)
