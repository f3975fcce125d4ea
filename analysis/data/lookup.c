/* lookup.c - see find.h. */
#include "analysis/data/lookup.h"

#include "core/base/file.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { LIMIT = 1 << 20 }; /* bytes of a study.yaml */

/* The scalar that starts at `text`, without quotes, comment and blanks. */
static char *scalar(const char *text)
{
    const char quote = *text == '"' || *text == '\'' ? *text : 0;
    if (quote) text++;
    size_t n = 0;
    while (text[n] && text[n] != '\n' && text[n] != '\r') {
        if (quote ? text[n] == quote
                  : text[n] == ',' || text[n] == '}' || (text[n] == '#' && n && text[n - 1] == ' '))
            break;
        n++;
    }
    while (!quote && n && isspace((unsigned char)text[n - 1])) n--;
    return strndup(text, n);
}

/* sweep.name of a YAML file, from the line that holds it: this side of the street has no YAML
 * reader, and needs none.  NULL where there is no such line. */
static char *name_in(const char *text)
{
    bool in_sweep = false;
    for (const char *line = text; line; line = strchr(line, '\n'), line += line != NULL) {
        if (strncmp(line, "sweep:", 6) == 0) {
            in_sweep = true;
            line += 6;
            if (*(line + strspn(line, " \t")) != '{') continue;
        } else if (*line != ' ' && *line != '\n' && *line != '\r' && *line != '#') {
            in_sweep = false;
        }
        if (!in_sweep) continue;
        const char *key = line + strspn(line, " {");
        if (strncmp(key, "name:", 5) != 0) continue;
        key += 5;
        return scalar(key + strspn(key, " \t"));
    }
    return NULL;
}

/* The name of the study: itself, or what the file says.  The caller frees it. */
static bool study_name(char **name, const char *text, error *e)
{
    struct stat s;
    char path[4096];
    const size_t n = strlen(text);
    const bool like_path = strchr(text, '/') || (n > 5 && strcmp(text + n - 5, ".yaml") == 0) ||
                           (n > 4 && strcmp(text + n - 4, ".yml") == 0);
    if (!like_path) return (*name = strdup(text)) || error_set(e, "no memory");
    if (stat(text, &s) == 0 && S_ISDIR(s.st_mode))
        snprintf(path, sizeof path, "%s/study.yaml", text);
    else
        snprintf(path, sizeof path, "%s", text);
    char *bytes;
    size_t size;
    if (!file_read(&bytes, &size, path, LIMIT, e)) return false;
    *name = name_in(bytes);
    free(bytes);
    return *name && **name ? true : error_usage(e, "%s: has no sweep.name", path);
}

bool lookup_study_maybe(db *d, int64_t *sweep_id, const char *name, error *e)
{
    char *known;
    if (!study_name(&known, name, e)) return false;
    const bool ok =
        db_integer(d, sweep_id, 0, e, "SELECT sweep_id FROM sweep WHERE name=?", "t", known);
    free(known);
    return ok;
}

bool lookup_study(db *d, int64_t *sweep_id, const char *name, error *e)
{
    if (!lookup_study_maybe(d, sweep_id, name, e)) return false;
    if (*sweep_id) return true;
    char *known, *others;
    if (!study_name(&known, name, e)) return false;
    if (!db_text(d, &others, e, "SELECT group_concat(name, ', ') FROM sweep", NULL)) {
        free(known);
        return false;
    }
    if (others)
        error_usage(e, "%s: no study '%s' (there is %.300s)", d->path, known, others);
    else
        error_usage(e, "%s: no study '%s', nor any other", d->path, known);
    free(known), free(others);
    return false;
}

bool lookup_run_maybe(db *d, int64_t *run_id, const char *prefix, error *e)
{
    *run_id = 0;
    const size_t n = strlen(prefix);
    if (n == 0 || prefix[strspn(prefix, "0123456789abcdef")]) return true;
    int64_t found;
    if (!db_integer(d, &found, 0, e, "SELECT count(*) FROM run WHERE substr(run_uid, 1, ?)=?", "nt",
                    (int)n, prefix))
        return false;
    if (found > 1)
        return error_usage(e, "%s: %lld runs start with '%s': write more of it", d->path,
                           (long long)found, prefix);
    return db_integer(d, run_id, 0, e, "SELECT run_id FROM run WHERE substr(run_uid, 1, ?)=?", "nt",
                      (int)n, prefix);
}
