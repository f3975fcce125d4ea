"""interchange_check.py - attnlab against the programs whose formats it reads and writes.

Run by tools/check_interchange ATTNLAB MODEL_PROBE.  Needs torch, transformers and sentencepiece;
gguf, llama_cpp and pandas are used where they are installed, and llama2.c's program where LLAMA2C_RUN
names it.  Each line says what was compared and the largest difference; the exit status is 1 if any is
too large.
"""
import json, os, struct, subprocess, sys, tempfile

import numpy as np
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from transformers import (AutoModelForCausalLM, AutoTokenizer, LlamaConfig, LlamaForCausalLM, MistralConfig,
                          MistralForCausalLM)

attnlab, probe = map(os.path.abspath, sys.argv[1:3])
failures = 0

TRAINED = ['model.attention=mha', 'model.attention=gqa:n_kv_heads=2', 'model.attention=mqa',
           'model.attention=window:size=7', 'model.attention=window:size=9:n_kv_heads=2',
           'model.tie_embeddings=true', 'model.head_dim=16',
           'model.rope_scaling=linear model.rope_factor=2', 'model.rope_scaling=ntk model.rope_factor=3',
           'model.rope_scaling=yarn model.rope_factor=4 model.rope_original_context=32',
           'model.rope_scaling=llama3 model.rope_factor=4 model.rope_original_context=64',
           'model.rope_theta=500000 model.norm_eps=1e-6']
SHAPE = dict(vocab_size=300, hidden_size=32, intermediate_size=64, num_hidden_layers=2, num_attention_heads=4,
             max_position_embeddings=128, initializer_range=0.3, rms_norm_eps=1e-5)
ROPE = {'linear': dict(rope_type='linear', factor=2.0),
        'yarn': dict(rope_type='yarn', factor=4.0, original_max_position_embeddings=32),
        'llama3': dict(rope_type='llama3', factor=4.0, original_max_position_embeddings=64, low_freq_factor=1.0,
                       high_freq_factor=4.0)}
MADE = {'mha': (LlamaConfig, {}), 'gqa': (LlamaConfig, dict(num_key_value_heads=2)),
        'mqa': (LlamaConfig, dict(num_key_value_heads=1)), 'tied': (LlamaConfig, dict(tie_word_embeddings=True)),
        'wide': (LlamaConfig, dict(head_dim=24)), 'window': (MistralConfig, dict(sliding_window=7, num_key_value_heads=2)),
        'mistral without window': (MistralConfig, dict(sliding_window=None, num_key_value_heads=2)),
        'theta': (LlamaConfig, dict(rope_parameters=dict(rope_type='default', rope_theta=5e5)))}
MADE |= {name: (LlamaConfig, dict(rope_parameters=dict(rope_theta=10000.0, **rope))) for name, rope in ROPE.items()}
NASTY = ['', ' ', '  two  blanks ', 'a', '\n', '\t\t x\r\n', 'naïve café', '日本語と中文', '🤗👩‍👩‍👧', '\u2581 \u2581\u2581', '<0x0A>', 'aaaaaaaaaaaaaaaa',
         '0123456789 1e-5', 'e\u0301', '\u00a0nbsp', 'x' * 3000, 'lawning xerx ' * 40, '\x01\x7f', '\u202eright', "don't; \"q\"",
         'erererererer inging', '\ufeffbom', '</>', '[INST]']


def say(what, ok, detail=''):
    global failures
    failures += not ok
    print(f"{'ok    ' if ok else 'WRONG '} {what}{': ' + detail if detail else ''}", flush=True)


def run(*command):
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{' '.join(command)}: {done.stderr}")
    return done.stdout


def probe_logits(folder, ids, V):
    out = subprocess.run([probe, folder, 'logits', *map(str, ids)], capture_output=True, check=True).stdout
    return np.frombuffer(out, np.float32).reshape(len(ids), V)


def probe_greedy(folder, n, ids):
    return [int(x) for x in run(probe, folder, 'greedy', str(n), *map(str, ids)).split()]


def compare_logits(what, model, folder, ids):
    """The largest difference of logits, relative to the largest logit; greedy continuations."""
    model = model.float().eval()
    with torch.no_grad():
        theirs = model(torch.tensor([ids])).logits[0].numpy()
        own = probe_logits(folder, ids, theirs.shape[1])
        off = np.abs(theirs - own).max() / np.abs(theirs).max()
        say(f'{what}: logits', off < 1e-4, f'{off:.1e} of the largest')
        new = model.generate(torch.tensor([ids[:16]]), max_new_tokens=100, min_new_tokens=100, do_sample=False,
                             eos_token_id=None)[0, 16:].tolist()
    say(f'{what}: 100 tokens, greedy', new == probe_greedy(folder, 100, ids[:16]))


def same_tensors(a, b, tied=False):
    a, b = load_file(a), load_file(b)
    if tied:
        a.pop('lm_head.weight', None), b.pop('lm_head.weight', None)
    return a.keys() == b.keys() and all(torch.equal(a[k], b[k]) for k in a)


def text(seed, words):
    w, out = 0, []
    for i in range(words):
        seed = (seed * 1103515245 + 12345) % 2**31
        w = (w * 7 + seed // 65536 % 5) % 97
        out.append(chr(97 + w % 26) + chr(97 + w * 5 % 26) + ('er' if w % 3 else 'ing') + ('.\n' if i % 12 == 11 else ' '))
    return ''.join(out)


def prepare():
    open('train.txt', 'w').write(text(1, 9000))
    open('held.txt', 'w').write(text(2, 1500))
    run(attnlab, 'prepare', 'train.txt', '--holdout', 'held.txt', '--vocab-size', '300', '--out', 'corpus')
    open('small.yaml', 'w').write('model: {n_layers: 2, dim: 32, n_heads: 4, ffn_dim: 64, context: 128}\n'
                                  'data: {corpus: corpus}\ntrain: {tokens: 32k, batch_tokens: 1024, lr: 1e-2}\n'
                                  'eval: {tokens: 1024}\n')


def train(settings):
    run(attnlab, 'train', 'small.yaml', '-q', '--accept', *settings.split())
    rows = json.loads(run(attnlab, 'query', '-o', 'json', 'SELECT run_uid AS uid FROM run ORDER BY run_id DESC LIMIT 1'))
    return (rows['rows'] if isinstance(rows, dict) else rows)[0]['uid']


def check_tokenizer(folder, bundle):
    """The same ids as the tokenizer's own library, from both ways of loading it."""
    import sentencepiece
    own = sentencepiece.SentencePieceProcessor(model_file=os.path.join(folder, 'tokenizer.model'))
    theirs = AutoTokenizer.from_pretrained(folder)
    wrong = [s for s in NASTY + [text(3, 800)] if theirs(s)['input_ids'] != [own.bos_id()] + own.encode(s)]
    say('tokenizer: ids of nasty strings', not wrong, repr(wrong)[:300] if wrong else '')
    lost = [s for s in NASTY if theirs.decode(theirs(s)['input_ids'], skip_special_tokens=True) != own.decode(own.encode(s))]
    say('tokenizer: decoded again', not lost, repr(lost)[:300] if lost else '')
    open('nasty.txt', 'w').write(text(3, 800))
    ids = run(probe, bundle, 'encode', 'nasty.txt').split()
    say('tokenizer: ids of attnlab', [int(x) for x in ids] == theirs(text(3, 800))['input_ids'])


def check_trained():
    ids = [1] + [int(x) for x in np.random.default_rng(0).integers(3, 300, 99)]
    for i, settings in enumerate(TRAINED):
        uid, name = train(settings), settings.replace('model.', '')
        folder = f'hf{i}'
        run(attnlab, 'export', uid, '--to', folder)
        run(attnlab, 'import', folder, '--out', f'back{i}')
        own = f'attnlab.db.runs/{uid}/weights.safetensors'
        compare_logits(name, AutoModelForCausalLM.from_pretrained(folder), own, ids)
        say(f'{name}: import(export) to the bit', same_tensors(own, f'back{i}/weights.safetensors'))
        compare_again = np.array_equal(probe_logits(own, ids, 300), probe_logits(f'back{i}', ids, 300))
        say(f'{name}: the same logits after import(export)', compare_again or 'ntk' in name)
        if i == 0:
            check_tokenizer(folder, own)
            for kind, dtype in (('float16', torch.float16), ('bfloat16', torch.bfloat16)):
                run(attnlab, 'export', uid, '--to', kind, '--type', kind)
                whole, half = load_file(own), load_file(f'{kind}/model.safetensors')
                say(f'{kind}: as PyTorch rounds', all(torch.equal(whole[k].to(dtype), half[k]) for k in half))
                AutoModelForCausalLM.from_pretrained(kind)
        check_llama2c(uid, name, own)
        check_gguf(uid, name, own, ids)


def check_made():
    """Folders that Transformers itself wrote, with weights large enough that attention matters."""
    ids = [1] + [int(x) for x in np.random.default_rng(1).integers(3, 300, 99)]
    for i, (name, (kind, settings)) in enumerate(MADE.items()):
        torch.manual_seed(i)
        config = kind(**(SHAPE | dict(num_key_value_heads=4) | settings))
        model = (LlamaForCausalLM if kind is LlamaConfig else MistralForCausalLM)(config)
        model.save_pretrained(f'made{i}', max_shard_size='60KB' if i % 2 else '5GB')
        run(attnlab, 'import', f'made{i}', '--out', f'in{i}')
        compare_logits(f'Transformers {name}', model, f'in{i}', ids)
        run(attnlab, 'export', f'in{i}', '--to', f'out{i}')
        again = AutoModelForCausalLM.from_pretrained(f'out{i}').state_dict()
        say(f'Transformers {name}: export(import) to the bit',
            all(torch.equal(again[k], v) for k, v in model.state_dict().items()))


def check_llama2c(uid, name, own):
    """The program of llama2.c goes on with the same tokens."""
    program = os.environ.get('LLAMA2C_RUN')
    for version in ('llama2c', 'llama2c-v1'):
        done = subprocess.run([attnlab, 'export', uid, '--to', f'{version}-{uid}', '--format', version], capture_output=True,
                              text=True)
        if done.returncode:
            say(f'{name}: {version} refused', 'window' in name or 'rope' in name or 'eps' in name or 'head_dim' in name,
                done.stderr.strip().split(': ', 2)[-1])
            return
        run(attnlab, 'import', f'{version}-{uid}', '--out', f'{version}-{uid}-back')
        say(f'{name}: {version} import(export) to the bit',
            same_tensors(own, f'{version}-{uid}-back/weights.safetensors'))
    if not program:
        return
    import sentencepiece
    own_pieces = sentencepiece.SentencePieceProcessor(model_file=f'llama2c-{uid}-back/tokenizer.model')
    prompt = text(5, 4).strip()
    out = subprocess.run([os.path.abspath(program), 'model.bin', '-z', 'tokenizer.bin', '-t', '0', '-n', '100', '-i', prompt],
                         capture_output=True, cwd=f'llama2c-{uid}').stdout.decode(errors='replace')
    ids = [1] + own_pieces.encode(prompt)
    new = probe_greedy(own, 101 - len(ids), ids)  # BOS is none of the 100 steps
    if 1 in new:
        new = new[:new.index(1)]
    say(f'{name}: llama2.c goes on with the same text', out.strip('\n') == own_pieces.decode(ids[1:] + new).strip('\n'),
        f'{len(new)} tokens')


def check_gguf(uid, name, own, ids):
    """The gguf package reads the tensors; llama.cpp computes the same logits."""
    try:
        import gguf
    except ImportError:
        return
    done = subprocess.run([attnlab, 'export', uid, '--to', f'{uid}.gguf', '--format', 'gguf'], capture_output=True, text=True)
    if done.returncode:
        say(f'{name}: gguf refused', 'window' in name, done.stderr.strip().split(': ', 2)[-1])
        return
    reader = gguf.GGUFReader(f'{uid}.gguf')
    whole = load_file(own)
    say(f'{name}: gguf has the embedding', np.array_equal(
        next(t for t in reader.tensors if t.name == 'token_embd.weight').data, whole['model.embed_tokens.weight'].numpy()))
    run(attnlab, 'import', f'{uid}.gguf', '--out', f'gguf-{uid}')
    say(f'{name}: gguf import(export) to the bit', same_tensors(own, f'gguf-{uid}/weights.safetensors'))
    run(attnlab, 'export', uid, '--to', f'{uid}-q8.gguf', '--format', 'gguf', '--type', 'q8_0')
    wrong = []
    for t in gguf.GGUFReader(f'{uid}-q8.gguf').tensors:
        if t.tensor_type == gguf.GGMLQuantizationType.Q8_0:
            plain = next(x for x in reader.tensors if x.name == t.name).data
            if not np.array_equal(gguf.quants.quantize(plain, t.tensor_type), t.data):
                wrong.append(t.name)
    say(f'{name}: q8_0 as the gguf package quantizes', not wrong, ', '.join(wrong))
    try:
        import llama_cpp
    except ImportError:
        return
    model = llama_cpp.Llama(f'{uid}.gguf', logits_all=True, n_ctx=256, verbose=False, n_threads=1,
                            type_k=0, type_v=0)  # a cache in float32: its default is float16
    model.eval(ids)
    theirs = np.array(model.scores[:len(ids)])
    mine = probe_logits(own, ids, theirs.shape[1])
    off = np.abs(theirs - mine).max() / np.abs(mine).max()
    say(f'{name}: llama.cpp, logits', off < 1e-4, f'{off:.1e} of the largest')
    s = text(5, 30)
    say(f'{name}: llama.cpp, ids', model.tokenize(s.encode()) == [int(x) for x in encode(own, s)])


def encode(bundle, s):
    open('encode.txt', 'w').write(s)
    return run(probe, bundle, 'encode', 'encode.txt').split()


with tempfile.TemporaryDirectory() as folder:
    os.chdir(folder)
    prepare()
    check_trained()
    check_made()
print(f'{failures} wrong' if failures else 'all the same')
sys.exit(failures > 0)
