/* hardware.c - machines as YAML: one table of keys drives reading, checking and writing. */
#include "trainer/decode/hardware.h"

#include "core/base/number.h"
#include "core/base/yaml_node.h"

#include <math.h>
#include <stddef.h>
#include <string.h>

const char *const hardware_types[] = { "float32", "bfloat16", NULL };
const int hardware_bytes[HARDWARE_TYPES] = { 4, 2 };

typedef struct key {
    const char *name;
    size_t at;
    double initial, min, max; /* initial NaN: must be given */
    const char *help;
} key;

#define AT(field) offsetof(hardware, field)

// clang-format off
static const key KEYS[] = {
    { "devices",              AT(devices),                 1,    1,    4096, "devices that share a model" },
    { "threads",              AT(threads),                 0,    0,    4096, "threads of the processor; 0: not a processor" },
    { "memory",               AT(memory),                  NAN,  1,    1e18, "bytes of a device" },
    { "bandwidth",            AT(bandwidth),               NAN,  1,    1e18, "bytes a second that a device reads from memory" },
    { "cache",                AT(cache),                   0,    0,    1e15, "bytes of the last-level cache; 0: not modelled" },
    { "cache_bandwidth",      AT(cache_bandwidth),         0,    0,    1e18, "bytes a second from that cache" },
    { "flops_float32",        AT(flops[HARDWARE_FLOAT32]), 0,    0,    1e21, "FLOPs a second in float32" },
    { "flops_bfloat16",       AT(flops[HARDWARE_BFLOAT16]), 0,   0,    1e21, "FLOPs a second in bfloat16; 0: not supported" },
    { "link",                 AT(link),                    0,    0,    1e18, "bytes a second that a device sends to others" },
    { "link_latency",         AT(link_latency),            0,    0,    10,   "seconds of an empty all-reduce" },
    { "overhead",             AT(overhead),                0,    0,    10,   "seconds for each layer of a walk through the model" },
    { "score_bytes",          AT(score_bytes),             0,    0,    64,   "bytes kept for each attention score while a prompt is read; 0: fused" },
    { "efficiency_flops",     AT(efficiency_flops),        1,    1e-6, 1,    "part of the FLOPs a second that products reach" },
    { "efficiency_bandwidth", AT(efficiency_bandwidth),    1,    1e-6, 2,    "part of the bandwidth that reading weights and cache reaches" },
    { "efficiency_link",      AT(efficiency_link),         1,    1e-6, 1,    "part of the link's bandwidth that an all-reduce reaches" },
    { "efficiency_attention", AT(efficiency_attention),    1,    1e-6, 100,  "part of the FLOPs a second that attention reaches" },
    { NULL },
};
// clang-format on

static double *field(hardware *h, const key *k)
{
    return (double *)(void *)((char *)h + k->at);
}

static bool real_between(double *out, const char *name, double min, double max, const yaml_node *at,
                         error *e)
{
    if (at->kind == YAML_SCALAR && number_real(out, at->text) && *out >= min && *out <= max)
        return true;
    return yaml_error(at, e, "%s: expected a number from %g to %g", name, min, max);
}

static bool read_rows(hardware *h, const yaml_node *map, error *e)
{
    if (map->kind != YAML_MAP || map->n > HARDWARE_ROWS)
        return yaml_error(map, e, "rows: expected a map of at most %d entries, such as {1: 0.1}",
                          HARDWARE_ROWS);
    for (int i = 0; i < map->n; i++) {
        if (!real_between(&h->curve[i].rows, "rows", 1, 1e9, &map->key[i], e) ||
            !real_between(&h->curve[i].part, "rows", 1e-6, 100, &map->item[i], e))
            return false;
        if (i && h->curve[i].rows <= h->curve[i - 1].rows)
            return yaml_error(&map->key[i], e, "rows: numbers of rows must ascend");
    }
    h->rows = map->n;
    return true;
}

static bool read_entry(hardware *h, const yaml_node *name, const yaml_node *value, error *e)
{
    if (strcmp(name->text, "rows") == 0) return read_rows(h, value, e);
    if (strcmp(name->text, "name") == 0) {
        if (value->kind != YAML_SCALAR) return yaml_error(value, e, "name: expected a text");
        snprintf(h->name, sizeof h->name, "%s", value->text);
        return true;
    }
    for (const key *k = KEYS; k->name; k++)
        if (strcmp(k->name, name->text) == 0)
            return real_between(field(h, k), k->name, k->min, k->max, value, e);
    return yaml_error(name, e, "unknown key '%.60s' of a machine", name->text);
}

static bool read_machine(hardware *h, const yaml_node *root, const char *name, error *e)
{
    *h = (hardware){ 0 };
    snprintf(h->name, sizeof h->name, "%s", name);
    for (const key *k = KEYS; k->name; k++) *field(h, k) = k->initial;
    if (root->kind != YAML_MAP) return yaml_error(root, e, "expected keys of a machine");
    for (int i = 0; i < root->n; i++)
        if (!read_entry(h, &root->key[i], &root->item[i], e)) return false;
    for (const key *k = KEYS; k->name; k++)
        if (isnan(*field(h, k)))
            return error_usage(e, "%s: missing key '%s': %s", name, k->name, k->help);
    if (h->devices != floor(h->devices))
        return error_usage(e, "%s: devices: expected a whole number", name);
    if (!(h->flops[HARDWARE_FLOAT32] > 0) && !(h->flops[HARDWARE_BFLOAT16] > 0))
        return error_usage(e, "%s: missing key 'flops_float32' or 'flops_bfloat16'", name);
    if (h->devices > 1 && !(h->link > 0))
        return error_usage(e, "%s: missing key 'link': devices that share a model need one", name);
    return true;
}

const hardware_text *hardware_find(const hardware_text *list, const char *name)
{
    for (; list->name; list++)
        if (strcmp(list->name, name) == 0) return list;
    return NULL;
}

bool hardware_open(hardware *h, const char *name, error *e)
{
    const hardware_text *own = hardware_find(hardware_machines, name);
    yaml_node *root = NULL;
    const bool ok = (own ? yaml_parse(&root, own->text, e) : yaml_read(&root, name, e)) &&
                    read_machine(h, root, name, e);
    yaml_close(root);
    return ok;
}

void hardware_write(FILE *f, const hardware *h)
{
    fprintf(f, "# A machine for `attnlab roofline --machine`.  Rates are of one device.\n");
    fprintf(f, "name: \"");
    for (const char *c = h->name; *c; c++)
        if (*c != '"' && *c != '\\') fputc(*c, f);
    fprintf(f, "\"\n");
    for (const key *k = KEYS; k->name; k++) {
        const double x = *(const double *)(const void *)((const char *)h + k->at);
        if (x != k->initial) fprintf(f, "%s: %.4g  # %s\n", k->name, x, k->help);
    }
    if (!h->rows) return;
    fprintf(f, "# Linear layers of so many rows reach this part of the FLOPs a second.\nrows:\n");
    for (int i = 0; i < h->rows; i++)
        fprintf(f, "  %.10g: %.4g\n", h->curve[i].rows, h->curve[i].part);
}

double hardware_part(const hardware *h, double rows)
{
    if (!h->rows) return h->efficiency_flops;
    int i = 0;
    while (i < h->rows && h->curve[i].rows < rows) i++;
    if (i == 0) return h->curve[0].part;
    if (i == h->rows) return h->curve[i - 1].part;
    const double share =
        log(rows / h->curve[i - 1].rows) / log(h->curve[i].rows / h->curve[i - 1].rows);
    return h->curve[i - 1].part + share * (h->curve[i].part - h->curve[i - 1].part);
}
