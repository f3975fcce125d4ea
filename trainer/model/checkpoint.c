/* checkpoint.c - which tensors a checkpoint holds, and in what order: all weights, then the first
 * state of every weight tensor, then the second, and so on.
 */
#include "trainer/model/checkpoint.h"

#include "trainer/model/weights.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NAME = MODEL_NAME + 32 };

/* A tensor of the file, and where it lies in memory. */
typedef struct entry {
    char name[NAME];
    float *data;
} entry;

typedef struct entries {
    int n;
    entry *item;
    safetensors_tensor *list; /* (n) the same, for safetensors_save */
} entries;

static void entries_close(entries *all)
{
    free(all->item), free(all->list);
    *all = (entries){ 0 };
}

static void add(entries *all, const char *prefix, const char *name, const tensor_spec *spec,
                float *data)
{
    entry *x = &all->item[all->n];
    x->data = data;
    snprintf(x->name, sizeof x->name, "%s%s", prefix, name);
    all->list[all->n++] = weights_entry(x->name, spec, data);
}

static bool entries_open(entries *all, const train_step *train, bool state)
{
    const model *m = &train->m;
    const size_t most = (size_t)m->n * (1 + OPTIMIZER_STATES);
    *all = (entries){ .item = calloc(most, sizeof *all->item),
                      .list = calloc(most, sizeof *all->list) };
    if (!all->item || !all->list) {
        entries_close(all);
        return false;
    }
    for (int i = 0; i < m->n; i++)
        add(all, "", m->tensor[i].name, &m->tensor[i].spec, train->w + m->tensor[i].at);
    for (int j = 0; state && j < OPTIMIZER_STATES; j++)
        for (int i = 0; i < m->n; i++) {
            tensor_spec spec;
            float *at;
            char prefix[32];
            if (!optimizer_state(&spec, &at, &train->optimizer, i, j)) continue;
            snprintf(prefix, sizeof prefix, "optimizer.%s.", spec.name);
            add(all, prefix, m->tensor[i].name, &spec, at);
        }
    return true;
}

bool checkpoint_save(checkpoint_file *f, const char *path, const train_step *train, const char *uid,
                     int64_t step, bool state, error *e)
{
    entries all;
    char at[24];
    if (!entries_open(&all, train, state)) return error_set(e, "%s: out of memory", path);
    snprintf(at, sizeof at, "%" PRId64, step);
    const char *const metadata[] = { "format", "pt", "attnlab_run", uid, "attnlab_step", at, NULL };
    const bool ok = safetensors_save(path, all.list, all.n, metadata, f->sha256, &f->bytes, e);
    entries_close(&all);
    return ok;
}

static bool copy(float *to, const safetensors *s, const char *path, const safetensors_tensor *want,
                 error *e)
{
    const safetensors_tensor *t = safetensors_find(s, want->name);
    if (!t || !safetensors_alike(t, want))
        return error_set(e, "%s: has no tensor %s of this model's shape", path, want->name);
    memcpy(to, t->data, safetensors_bytes(t));
    return true;
}

bool checkpoint_load(train_step *train, const char *path, const char *sha256, int64_t step,
                     error *e)
{
    safetensors s;
    entries all;
    char at[24];
    if (!safetensors_open(&s, path, e)) return false;
    snprintf(at, sizeof at, "%" PRId64, step);
    const char *said = safetensors_metadata(&s, "attnlab_step");
    bool ok = true;
    if (strcmp(s.sha256, sha256) != 0)
        ok = error_set(e, "%s: is not the file that was recorded (SHA-256 %.12s..., not %.12s...)",
                       path, s.sha256, sha256);
    else if (!said || strcmp(said, at) != 0)
        ok = error_set(e, "%s: is of step %s, not %s", path, said ? said : "(none)", at);
    else if (!entries_open(&all, train, true))
        ok = error_set(e, "%s: out of memory", path);
    else {
        for (int i = 0; ok && i < all.n; i++)
            ok = copy(all.item[i].data, &s, path, &all.list[i], e);
        entries_close(&all);
    }
    safetensors_close(&s);
    return ok;
}

void checkpoint_hash(char hex[HASH_HEX], const train_step *train)
{
    hash h;
    hash_open(&h);
    for (int i = 0; i < train->m.n; i++) {
        const model_tensor *t = &train->m.tensor[i];
        hash_add(&h, train->w + t->at, t->n * sizeof *train->w);
    }
    hash_close(&h, hex);
}
