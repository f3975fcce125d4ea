/* weights.c - the tensors of a safetensors file against those of a model, by name, type and shape.
 *
 * All are compared before any is copied.  Names and shapes are Hugging Face's: a matrix is
 * (outputs, inputs), row-major.
 */
#include "trainer/model/weights.h"

#include <stdio.h>
#include <string.h>

enum { SHAPE = 24 * SAFETENSORS_RANK };

/* "(96, 32)" */
static void shape_text(char out[SHAPE], const safetensors_tensor *t)
{
    size_t n = (size_t)snprintf(out, SHAPE, "(");
    for (int i = 0; i < t->rank; i++)
        n += (size_t)snprintf(out + n, SHAPE - n, "%s%zu", i ? ", " : "", t->dim[i]);
    snprintf(out + n, SHAPE - n, ")");
}

safetensors_tensor weights_entry(const char *name, const tensor_spec *spec, const float *data)
{
    safetensors_tensor t = { .name = name, .type = "F32", .data = data };
    for (; t.rank < TENSOR_RANK && spec->dim[t.rank] > 0; t.rank++)
        t.dim[t.rank] = (size_t)spec->dim[t.rank];
    return t;
}

static bool check_tensor(const safetensors *file, const char *path, const model *m, int i,
                         bool convert, error *e)
{
    const safetensors_tensor entry = weights_entry(m->tensor[i].name, &m->tensor[i].spec, NULL),
                             *want = &entry, *have = safetensors_find(file, want->name);
    char has[SHAPE], needs[SHAPE];
    if (have && safetensors_alike(have, want)) return true;
    if (have && convert && convert_heads(m, i, have)) return true;
    shape_text(needs, want);
    if (!have)
        return error_usage(e, "%s: has no tensor %s, which this model needs with shape %s", path,
                           want->name, needs);
    shape_text(has, have);
    if (strcmp(have->type, want->type) != 0)
        return error_usage(e, "%s: %s is %s %s, but this model needs %s %s: convert it", path,
                           want->name, have->type, has, want->type, needs);
    return error_usage(e, "%s: %s has shape %s, but this model needs %s", path, want->name, has,
                       needs);
}

static bool is_weight(const model *m, const char *name)
{
    for (int i = 0; i < m->n; i++)
        if (strcmp(m->tensor[i].name, name) == 0) return true;
    return false;
}

/* "optimizer.STATE.NAME", the state of one of the model's tensors. */
static bool is_state(const model *m, const char *name)
{
    static const char PREFIX[] = "optimizer.";
    if (strncmp(name, PREFIX, strlen(PREFIX)) != 0) return false;
    const char *dot = strchr(name + strlen(PREFIX), '.');
    return dot && is_weight(m, dot + 1);
}

static bool check_rest(const safetensors *file, const char *path, const model *m, error *e)
{
    for (int i = 0; i < file->n; i++) {
        const safetensors_tensor *t = &file->tensor[i];
        char has[SHAPE];
        if (is_weight(m, t->name) || is_state(m, t->name)) continue;
        shape_text(has, t);
        return error_usage(e,
                           "%s: has a tensor %.100s with shape %s, which this model has no place "
                           "for",
                           path, t->name, has);
    }
    return true;
}

/* Copy a tensor that has the model's shape; convert any other. */
static void take(float *w, const model *m, int i, const safetensors_tensor *have,
                 const conversion *how)
{
    const model_tensor *t = &m->tensor[i];
    const safetensors_tensor want = weights_entry(t->name, &t->spec, NULL);
    if (safetensors_alike(have, &want))
        memcpy(w + t->at, have->data, t->n * sizeof *w);
    else
        convert_tensor(w, m, i, have, how);
}

bool weights_convert(float *w, const model *m, const weights_source *from, const conversion *how,
                     error *e)
{
    safetensors file;
    const char *path = from->file, *sha256 = from->sha256;
    if (!safetensors_open(&file, path, e)) return false;
    bool ok = !*sha256 || strcmp(file.sha256, sha256) == 0 ||
              error_set(e,
                        "%s: these are not the weights that were chosen (SHA-256 %.12s..., not "
                        "%.12s...): the file has changed",
                        path, file.sha256, sha256);
    for (int i = 0; i < m->n && ok; i++) ok = check_tensor(&file, path, m, i, how != NULL, e);
    ok = ok && check_rest(&file, path, m, e);
    for (int i = 0; i < m->n && ok && w; i++)
        take(w, m, i, safetensors_find(&file, m->tensor[i].name), how);
    safetensors_close(&file);
    return ok;
}

bool weights_load(float *w, const model *m, const char *path, error *e)
{
    const weights_source from = { .file = path, .sha256 = "" };
    return weights_convert(w, m, &from, NULL, e);
}

bool weights_check(const run_spec *spec, error *e)
{
    model m;
    const char *path = spec->config.train.init_from;
    const conversion how = { .kind = spec->config.train.convert };
    const weights_source from = { .file = path, .sha256 = spec->config.init_sha256 };
    if (!*path || run_source_is(path)) return true;
    if (!model_open(&m, &spec->model, e)) return false;
    const bool ok = weights_convert(NULL, &m, &from, &how, e);
    model_close(&m);
    return ok || error_where(e, "train.init_from");
}
