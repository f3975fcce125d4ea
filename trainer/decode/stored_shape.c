/* stored_shape.c - the canonical form is a map of dotted keys in JSON, which YAML includes. */
#include "trainer/decode/stored_shape.h"

#include <string.h>

bool stored_shape_read(run_spec *spec, const char *json, error *e)
{
    yaml_node *root = NULL;
    config_init(&spec->config);
    bool ok = yaml_parse(&root, json, e);
    for (int i = 0; ok && i < root->n; i++) {
        const char *name = root->key[i].text;
        const config_key *key = config_find(name);
        if (strncmp(name, "model.", 6) != 0) continue;
        ok = key ? config_set(&spec->config, key, &root->item[i], e)
                 : error_set(e,
                             "a stored configuration has the key '%.60s', which this build does "
                             "not know",
                             name);
    }
    yaml_close(root);
    return ok && run_spec_model(&spec->model, &spec->config, e);
}
