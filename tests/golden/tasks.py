#!/usr/bin/env python3
"""tasks.py ATTNLAB >tasks.json - what lm-evaluation-harness finds on tests/golden/tasks.

The model is exported for Transformers, and every task of the suite is given to the harness as a task
of its own, with the prompts that `attnlab tasks --show` prints (so the examples of few-shot tasks
are those that attnlab draws).  For each item it keeps the harness's numbers:

    choice    log-likelihoods of the options, acc, acc_norm, acc_bytes      output_type multiple_choice
    cloze     log-likelihood, is it greedy                                  loglikelihood
    exact     exact_match                                                   generate_until
    lm        log-likelihood of the text                                    loglikelihood_rolling

Items in which an option has no token of its own, because it merges with the end of the prompt, are
only listed (`merged`): the harness gives such an option a log-likelihood of 0, so it always wins;
attnlab scores its last token.

Needs lm-eval, torch and transformers.
"""
import json
import os
import pathlib
import subprocess
import sys
import tempfile

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("HF_DATASETS_OFFLINE", "1")
try:
    import lm_eval
    import torch
    from lm_eval.models.huggingface import HFLM
    from lm_eval.utils import setup_logging
except ImportError as missing:
    sys.exit(f"tasks.py: this needs lm-eval, torch and transformers: {missing}")

HERE = pathlib.Path(__file__).resolve().parent / "tasks"
METRICS = {"choice": ["acc", "acc_norm", "acc_bytes"], "cloze": ["perplexity", "acc"], "exact": ["exact_match"],
           "lm": ["bits_per_byte"]}
TYPES = {"choice": "multiple_choice", "cloze": "loglikelihood", "exact": "generate_until",
         "lm": "loglikelihood_rolling"}


def run(attnlab, *words):
    return subprocess.run([attnlab, *map(str, words)], check=True, capture_output=True, text=True).stdout


def lines(text):
    return [json.loads(line) for line in text.splitlines()]


def documents(attnlab, suite):
    """Of each task: its row, and a document for each item."""
    tasks = {row["task"]: row | {"docs": {}} for row in lines(run(attnlab, "tasks", suite, "-o", "jsonl"))}
    for row in lines(run(attnlab, "tasks", suite, "--show", 1000000, "-o", "jsonl")):
        doc = tasks[row["task"]]["docs"].setdefault(
            row["item"], {"id": row["item"], "prompt": row["prompt"], "options": [], "text": row["option"]})
        if row["answer"] == "yes":
            doc["answer"] = len(doc["options"])
        doc["options"].append(row["option"])
        if tasks[row["task"]]["kind"] == "exact":  # white space in front doesn't count
            doc["text"] = doc["text"].strip()
    return tasks


def task_config(name, kind, path, settings):
    config = {"task": name, "dataset_path": "json", "dataset_kwargs": {"data_files": {"test": str(path)}},
              "test_split": "test", "output_type": TYPES[kind], "doc_to_text": "prompt", "doc_to_target": "text",
              "target_delimiter": settings.get("delimiter", ""), "num_fewshot": 0,
              "metric_list": [{"metric": m} for m in METRICS[kind]]}
    if kind == "choice":
        config |= {"doc_to_choice": "options", "doc_to_target": "answer"}
    if kind == "lm":
        config |= {"doc_to_text": "", "doc_to_target": "text"}
    if kind == "exact":
        config["generation_kwargs"] = {"until": [settings["until"]], "do_sample": False, "max_gen_toks": 16}
    return config


def numbers(kind, sample):
    found = sample["filtered_resps"]
    if kind == "choice":
        return {"ll": [round(ll, 5) for ll, _ in found], "acc": sample["acc"], "acc_norm": sample["acc_norm"],
                "acc_bytes": sample["acc_bytes"]}
    if kind == "cloze":
        ll, greedy = found[0]
        return {"ll": [round(ll, 5)], "acc": float(greedy)}
    if kind == "exact":
        return {"acc": float(sample["exact_match"])}
    ll = found[0][0] if isinstance(found[0], (list, tuple)) else found[0]
    return {"ll": [round(ll, 5)]}


def evaluate(model, name, kind, docs, settings, scratch):
    path = pathlib.Path(scratch) / f"{name}.json"
    path.write_text("".join(json.dumps(doc) + "\n" for doc in docs.values()))
    result = lm_eval.simple_evaluate(model=model, tasks=[task_config(name, kind, path, settings)], log_samples=True,
                                     bootstrap_iters=0, verbosity="ERROR")
    samples = sorted(result["samples"][name], key=lambda s: s["doc_id"])
    scores = {k.split(",")[0]: v for k, v in result["results"][name].items()
              if isinstance(v, float) and "stderr" not in k}
    items = {s["doc"]["id"]: numbers(kind, s) for s in samples}
    merged = sorted(i for i, x in items.items() if kind == "choice" and 0 in x["ll"])
    return {"kind": kind, "mean": scores, "merged": merged,
            "items": {i: x for i, x in items.items() if i not in merged}}


def print_numbers(out):
    """As JSON, an item a line."""
    tasks = []
    for name, task in out["tasks"].items():
        items = ",\n".join(f"  {json.dumps(i)}: {json.dumps(x)}" for i, x in task["items"].items())
        head = ", ".join(f"{json.dumps(k)}: {json.dumps(task[k])}" for k in ("kind", "mean", "merged"))
        tasks.append(f' {json.dumps(name)}: {{{head}, "items": {{\n{items}}}}}')
    print(f'{{"lm_eval": {json.dumps(out["lm_eval"])}, "tasks": {{\n' + ",\n".join(tasks) + "}}")


def main():
    attnlab = str(pathlib.Path(sys.argv[1]).resolve())
    setup_logging("ERROR")
    torch.set_num_threads(1)
    settings = {"shots": {"delimiter": " "}, "write": {"until": "e"}}  # as in tasks/suite/suite.yaml
    out = {"lm_eval": lm_eval.__version__, "tasks": {}}
    with tempfile.TemporaryDirectory() as scratch:
        os.environ["HF_DATASETS_CACHE"] = scratch + "/cache"
        run(attnlab, "export", HERE, "--to", scratch + "/hf")
        common = dict(pretrained=scratch + "/hf", device="cpu", dtype="float32", batch_size=1)
        models = {True: HFLM(add_bos_token=True, **common), False: HFLM(add_bos_token=False, **common)}
        for name, task in documents(attnlab, HERE / "suite").items():
            kind = task["kind"]  # rolling windows put BOS in front by themselves
            out["tasks"][name] = evaluate(models[kind != "lm"], name, kind, task["docs"], settings.get(name, {}), scratch)
    print_numbers(out)


if __name__ == "__main__":
    main()
