/* source.c - a source's study opened and its arm chosen; then what a run may change of it.
 *
 * A study that starts from a study is opened with it, so a chain is followed to its end; one that
 * comes back to itself is cut off.
 */
#include "experiments/source.h"

#include "core/base/file.h"
#include "core/db/db.h"
#include "experiments/study_stored.h"
#include "trainer/corpus/manifest.h"
#include "trainer/model/weights.h"
#include "trainer/run/run_config.h"

#include <dirent.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { DEEPEST = 8 };
static const char STUDY[] = "study:", RUN[] = "run:";

/* --- where the study is ----------------------------------------------------------------------- */

/* Has this file a study of that name? */
static bool names_study(const char *path, const char *name)
{
    error ignored;
    char found[STUDY_NAME] = "";
    yaml_node *root;
    if (access(path, R_OK) != 0 || !yaml_read(&root, path, &ignored)) return false;
    const bool same = study_name_read(found, root, &ignored) && strcmp(found, name) == 0;
    yaml_close(root);
    return same;
}

/* The file of the study, for free; NULL: none. */
static char *find_file(const char *beside, const char *name)
{
    char *folder = file_folder(beside), *found = NULL;
    if (!folder) error_memory();
    DIR *dir = opendir(folder);
    for (struct dirent *f; !found && dir && (f = readdir(dir));) {
        if (!file_ends_in(f->d_name, ".yaml")) continue;
        char *path = file_path(folder, f->d_name);
        if (names_study(path, name))
            found = path;
        else
            free(path);
    }
    if (dir) closedir(dir);
    if (!found) {
        char place[STUDY_NAME + 32];
        snprintf(place, sizeof place, "../%s/study.yaml", name);
        found = file_path(folder, place);
        if (!names_study(found, name)) free(found), found = NULL;
    }
    free(folder);
    return found;
}

static bool is_stored(bool *stored, const char *db_path, const char *name, error *e)
{
    db d;
    int64_t known = 0;
    *stored = false;
    if (!db_path || access(db_path, F_OK) != 0) return true;
    if (!db_open(&d, db_path, DB_READ, e)) return false;
    const bool ok = db_integer(&d, &known, 0, e, "SELECT 1 FROM sweep WHERE name=?", "t", name);
    db_close(&d);
    *stored = known != 0;
    return ok;
}

/* "data.corpus=DIR", if the settings have it; the caller frees it. */
static char *corpus_setting(const char *settings)
{
    static const char KEY[] = "data.corpus=";
    json_t *list = settings ? json_loads(settings, 0, NULL) : NULL, *item;
    char *found = NULL;
    size_t i;
    json_array_foreach(list, i, item)
    {
        const char *text = json_string_value(item);
        if (strncmp(text, KEY, strlen(KEY)) != 0) continue;
        free(found);
        found = strdup(text);
        if (!found) error_memory();
    }
    json_decref(list);
    return found;
}

static bool read_study(source *x, const source_place *place, bool stored, error *e)
{
    if (stored) return study_stored_recall(&x->study, x->name, place->db, NULL, 0, e);
    char *path = place->file ? find_file(place->file, x->name) : NULL;
    if (!path)
        return error_usage(e,
                           "train.init_from: there is no study '%s': %s%s has none, and no .yaml "
                           "file beside this one, nor ../%s/study.yaml, has this sweep.name",
                           x->name, place->db ? place->db : "the database",
                           place->db && access(place->db, F_OK) ? " does not exist, so it" : "",
                           x->name);
    char *corpus = corpus_setting(place->settings);
    const bool ok = study_file_read(&x->study, path, &corpus, corpus != NULL, e);
    free(path), free(corpus);
    return ok;
}

static bool open_study(source *x, const source_place *place, error *e)
{
    bool stored;
    if (place->depth >= DEEPEST)
        return error_usage(e,
                           "train.init_from: more than %d studies start from one another, or they "
                           "go round in a circle: '%s'",
                           DEEPEST, x->name);
    if (!is_stored(&stored, place->db, x->name, e) || !read_study(x, place, stored, e))
        return false;
    x->study.db = place->db;
    x->study.depth = place->depth + 1;
    return arms_open(&x->arms, &x->study, e) ||
           error_where(e, "train.init_from: the study '%s'", x->name);
}

/* The entry of this name, opened unless it is there. */
static source *take(source **list, const char *name, const source_place *place, error *e)
{
    for (source *x = *list; x; x = x->next)
        if (strcmp(x->name, name) == 0) return x;
    source *x = error_zeroed(1, sizeof *x);
    snprintf(x->name, sizeof x->name, "%s", name);
    x->next = *list;
    *list = x;
    return open_study(x, place, e) ? x : NULL;
}

void source_close(source *list)
{
    while (list) {
        source *next = list->next;
        arms_close(&list->arms);
        study_file_close(&list->study);
        free(list);
        list = next;
    }
}

/* --- which arm -------------------------------------------------------------------------------- */

/* Has the arm all of these values: "key=value, key=value"? */
static bool has_values(const source *x, const arm *a, const char *text)
{
    char copy[ARM_LABEL], *rest = copy;
    snprintf(copy, sizeof copy, "%s", text);
    for (char *word; (word = strtok_r(rest, ",", &rest));) {
        while (*word == ' ') word++;
        char *equals = strchr(word, '=');
        if (!equals) return false;
        *equals = '\0';
        const int axis = study_file_axis_of(&x->study, word);
        if (axis < 0) return false;
        const yaml_node value = { .kind = YAML_SCALAR, .text = equals + 1 };
        const study_file_axis *k = &x->study.axis[axis];
        if (!study_file_same(&x->study, k->key, &value, &k->value[a->at[axis]])) return false;
    }
    return true;
}

static const arm *find_arm(const source *x, const char *text, int *matches)
{
    const arm *found = NULL;
    *matches = 0;
    for (int i = 0; i < x->arms.n; i++)
        if (strcmp(x->arms.arm[i].label, text) == 0) {
            *matches = 1;
            return &x->arms.arm[i];
        }
    for (int i = 0; i < x->arms.n && strchr(text, '='); i++)
        if (has_values(x, &x->arms.arm[i], text)) found = &x->arms.arm[i], (*matches)++;
    return found;
}

/* The arm that "ARM" or "ARM/SEED" names; the seed is cut off. */
static bool choose_arm(arm_source *from, const source *x, char *text, error *e)
{
    int matches;
    char *slash = strrchr(text, '/');
    from->seed = -1;
    from->arm = find_arm(x, text, &matches);
    if (!matches && slash && slash[1] && strspn(slash + 1, "0123456789") == strlen(slash + 1)) {
        *slash = '\0';
        from->seed = atoll(slash + 1);
        from->arm = find_arm(x, text, &matches);
    }
    if (matches == 1) return true;
    if (matches > 1)
        return error_usage(e, "train.init_from: %d arms of the study '%s' have %s: name one",
                           matches, x->name, text);
    char known[320] = "";
    size_t n = 0;
    for (int i = 0; i < x->arms.n && n < sizeof known; i++)
        n += (size_t)snprintf(known + n, sizeof known - n, "%s'%s'", i ? ", " : "",
                              x->arms.arm[i].label);
    return error_usage(e, "train.init_from: the study '%s' has no arm '%s'; it has %s", x->name,
                       text, known);
}

static bool find_study(config *settings, arm_source *from, source **list, const source_place *place,
                       error *e)
{
    char text[CONFIG_PATH], name[STUDY_NAME];
    run_source named = { 0 };
    snprintf(text, sizeof text, "%s", settings->train.init_from + strlen(STUDY));
    if (!run_source_cut_tokens(text, &named.tokens, e)) return false;
    char *slash = strchr(text, '/');
    if (!slash || slash == text || !slash[1] || (size_t)(slash - text) >= sizeof name)
        return error_usage(e, "train.init_from: '%.200s' is not study:NAME/ARM",
                           settings->train.init_from);
    snprintf(name, sizeof name, "%.*s", (int)(slash - text), text);
    const source *x = take(list, name, place, e);
    if (!x || !choose_arm(from, x, slash + 1, e)) return false;
    const run_spec *spec = &from->arm->spec;
    if (named.tokens > spec->config.train.tokens)
        return error_usage(e,
                           "train.init_from: @tokens=%lld, but the arm '%s' of '%s' is trained on "
                           "%lld tokens",
                           (long long)named.tokens, from->arm->label, name,
                           (long long)spec->config.train.tokens);
    memcpy(named.id, spec->id, sizeof named.id);
    named.seed = from->seed, named.replica = spec->config.train.replica;
    run_source_write(settings->train.init_from, &named);
    run_source_settle(settings, &named, spec->config.train.tokens);
    from->spec = spec, from->study = x;
    return true;
}

/* --- a run ------------------------------------------------------------------------------------ */

static bool find_run(config *settings, arm_source *from, source **list, const source_place *place,
                     error *e)
{
    char text[CONFIG_PATH];
    run_source named = { .seed = -1 };
    snprintf(text, sizeof text, "%s", settings->train.init_from + strlen(RUN));
    if (!run_source_cut_tokens(text, &named.tokens, e)) return false;
    if (!place->db || access(place->db, F_OK) != 0)
        return error_usage(e, "train.init_from: run:%.40s: there is no database %s to find it in",
                           text, place->db ? place->db : "");
    source *x = error_zeroed(1, sizeof *x);
    x->next = *list;
    *list = x;
    if (!run_config_read(&x->run, named.uid, place->db, text, NULL, 0, e))
        return error_where(e, "train.init_from");
    run_source_write(settings->train.init_from, &named);
    run_source_settle(settings, &named, x->run.config.train.tokens);
    from->spec = &x->run;
    return true;
}

bool source_find(config *settings, arm_source *from, source **list, const source_place *place,
                 error *e)
{
    const char *text = settings->train.init_from;
    *from = (arm_source){ .seed = -1 };
    if (run_source_is_study(text)) return find_study(settings, from, list, place, e);
    return strncmp(text, RUN, strlen(RUN)) != 0 || find_run(settings, from, list, place, e);
}

/* --- what may change -------------------------------------------------------------------------- */

static const char *const SAME[] = { "model.n_layers",       "model.dim",      "model.n_heads",
                                    "model.head_dim",       "model.ffn_dim",  "model.vocab_size",
                                    "model.tie_embeddings", "model.norm_eps", "model.token_shift" };

static bool check_keys(const config *settings, const config *other, error *e)
{
    for (size_t i = 0; i < sizeof SAME / sizeof *SAME; i++) {
        char own[CONFIG_VALUE], old[CONFIG_VALUE];
        const config_key *k = config_find(SAME[i]);
        config_value(own, sizeof own, settings, k);
        config_value(old, sizeof old, other, k);
        if (strcmp(own, old) != 0)
            return config_error(settings, SAME[i], e,
                                "%s, but the run that it starts from has %s: this can't change",
                                own, old);
    }
    return true;
}

/* Another corpus will do if it was cut into the same pieces. */
static bool check_tokenizer(const config *settings, const config *other, error *e)
{
    manifest own, old;
    if (strcmp(settings->corpus_sha256, other->corpus_sha256) == 0) return true;
    if (!manifest_read(&own, settings->data.corpus, MANIFEST_SIZES, e)) return false;
    if (!manifest_read(&old, other->data.corpus, MANIFEST_SIZES, e)) {
        manifest_close(&own);
        return false;
    }
    const bool same = strcmp(own.pieces, old.pieces) == 0;
    if (!same)
        config_error(
            settings, "data.corpus", e,
            "%.160s has another tokenizer (%.12s...) than %.160s (%.12s...), which the run "
            "that it starts from was trained on",
            settings->data.corpus, own.pieces, other->data.corpus, old.pieces);
    manifest_close(&own), manifest_close(&old);
    return same;
}

static bool refuse_attention(const config *settings, const config *other, const char *what,
                             const char *name, error *e)
{
    char own[CONFIG_VALUE], old[CONFIG_VALUE];
    const config_key *k = config_find("model.attention");
    config_value(own, sizeof own, settings, k);
    config_value(old, sizeof old, other, k);
    return config_error(settings, k->name, e,
                        "%s can't be made of %s, which the run that it starts from has: %s %s", own,
                        old, what, name);
}

/* Each weight must be there, with the same shape or with heads that can be joined; *converted
 * counts the latter. */
static bool check_weights(int *converted, const model *m, const model *old, const config *settings,
                          const config *other, error *e)
{
    *converted = 0;
    for (int i = 0; i < m->n; i++) {
        const model_tensor *t = &m->tensor[i];
        const safetensors_tensor want = weights_entry(t->name, &t->spec, NULL);
        int j = 0;
        while (j < old->n && strcmp(old->tensor[j].name, t->name) != 0) j++;
        if (j == old->n) return refuse_attention(settings, other, "it has no", t->name, e);
        const safetensors_tensor have = weights_entry(t->name, &old->tensor[j].spec, NULL);
        if (safetensors_alike(&have, &want)) continue;
        if (!convert_heads(m, i, &have))
            return refuse_attention(settings, other, "the shapes don't fit:", t->name, e);
        ++*converted;
    }
    for (int j = 0; j < old->n; j++) {
        int i = 0;
        while (i < m->n && strcmp(m->tensor[i].name, old->tensor[j].name) != 0) i++;
        if (i == m->n)
            return refuse_attention(settings, other, "there is no place for", old->tensor[j].name,
                                    e);
    }
    return true;
}

bool source_check(run_spec *spec, const arm_source *from, error *e)
{
    model m, old;
    int converted = 0;
    config *settings = &spec->config;
    if (!from->spec) return true;
    const config *other = &from->spec->config;
    if (!check_keys(settings, other, e) || !check_tokenizer(settings, other, e)) return false;
    if (!model_open(&m, &spec->model, e)) return false;
    bool ok = model_open(&old, &from->spec->model, e);
    if (ok) {
        ok = check_weights(&converted, &m, &old, settings, other, e);
        model_close(&old);
    }
    model_close(&m);
    if (!ok || converted || settings->train.convert == CONVERT_MEAN) return ok;
    settings->train.convert = CONVERT_MEAN; /* nothing reads it */
    return run_spec_resolve(spec, settings, e);
}

bool source_resolve(run_spec *spec, const config *settings, const char *db_path, error *e)
{
    arm_source from;
    source *list = NULL;
    const source_place place = { *settings->file ? settings->file : NULL, db_path, NULL, 0 };
    if (&spec->config != settings) spec->config = *settings;
    const bool ok = source_find(&spec->config, &from, &list, &place, e) &&
                    run_spec_resolve(spec, &spec->config, e) && source_check(spec, &from, e);
    source_close(list);
    return ok;
}
