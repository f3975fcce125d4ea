/* checkpoint.c - see checkpoint.h. */
#include "trainer/model/checkpoint.h"

#include "core/base/safetensors.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { KINDS = 3, NAME = MODEL_NAME + 16 }; /* weights, m, v */

static const char *const PREFIX[KINDS] = { "", "optimizer.m.", "optimizer.v." };

/* One entry of the file for each tensor of each kind, names in a block of their own. */
static safetensors_tensor *list_of(const train_step *l, int kinds, char **names)
{
    const size_t n = (size_t)l->m.n * (size_t)kinds;
    const float *const block[KINDS] = { l->w, l->m1, l->m2 };
    safetensors_tensor *list = calloc(n, sizeof *list);
    *names = malloc(n * NAME);
    if (!list || !*names) {
        free(list), free(*names);
        *names = NULL;
        return NULL;
    }
    for (size_t i = 0; i < n; i++) {
        const model_tensor *t = &l->m.tensor[i % (size_t)l->m.n];
        const size_t kind = i / (size_t)l->m.n;
        char *name = *names + i * NAME;
        snprintf(name, NAME, "%s%s", PREFIX[kind], t->name);
        list[i] = (safetensors_tensor){ .name = name, .type = "F32", .data = block[kind] + t->at };
        while (list[i].rank < TENSOR_RANK && t->spec.dim[list[i].rank] > 0) {
            list[i].dim[list[i].rank] = (size_t)t->spec.dim[list[i].rank];
            list[i].rank++;
        }
    }
    return list;
}

bool checkpoint_save(checkpoint_file *f, const char *path, const train_step *l, const char *uid,
                     int64_t step, bool moments, error *e)
{
    const int kinds = moments ? KINDS : 1;
    char *names, at[24];
    safetensors_tensor *list = list_of(l, kinds, &names);
    if (!list) return error_set(e, "%s: no memory", path);
    snprintf(at, sizeof at, "%" PRId64, step);
    const char *const metadata[] = { "format", "pt", "attnlab_run", uid, "attnlab_step", at, NULL };
    const bool ok = safetensors_save(path, list, kinds * l->m.n, metadata, f->sha256, &f->bytes, e);
    free(list), free(names);
    return ok;
}

static bool copy(float *to, const safetensors *s, const char *path, const safetensors_tensor *want,
                 error *e)
{
    const safetensors_tensor *t = safetensors_find(s, want->name);
    if (!t || strcmp(t->type, want->type) != 0 || safetensors_bytes(t) != safetensors_bytes(want))
        return error_set(e, "%s: has no %s of this model's shape", path, want->name);
    memcpy(to, t->data, safetensors_bytes(t));
    return true;
}

bool checkpoint_load(train_step *l, const char *path, const char *sha256, int64_t step, error *e)
{
    safetensors s;
    char *names, at[24];
    if (!safetensors_open(&s, path, e)) return false;
    snprintf(at, sizeof at, "%" PRId64, step);
    const char *said = safetensors_metadata(&s, "attnlab_step");
    bool ok = true;
    if (strcmp(s.sha256, sha256) != 0)
        ok = error_set(e, "%s: is not the file that was recorded (SHA-256 %.12s..., not %.12s...)",
                       path, s.sha256, sha256);
    else if (!said || strcmp(said, at) != 0)
        ok = error_set(e, "%s: is of step %s, not %s", path, said ? said : "(none)", at);
    safetensors_tensor *list = ok ? list_of(l, KINDS, &names) : NULL;
    if (ok && !list) ok = error_set(e, "%s: no memory", path);
    float *const block[KINDS] = { l->w, l->m1, l->m2 };
    for (int i = 0; ok && i < KINDS * l->m.n; i++)
        ok = copy(block[i / l->m.n] + l->m.tensor[i % l->m.n].at, &s, path, &list[i], e);
    if (list) free(list), free(names);
    safetensors_close(&s);
    return ok;
}

void checkpoint_hash(char hex[HASH_HEX], const train_step *l)
{
    hash h;
    hash_open(&h);
    for (int i = 0; i < l->m.n; i++)
        hash_add(&h, l->w + l->m.tensor[i].at, l->m.tensor[i].n * sizeof *l->w);
    hash_close(&h, hex);
}
