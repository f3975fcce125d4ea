/* published.c - read a table of a paper, and a user's own models beside it. */
#include "analysis/data/published.h"

#include "analysis/data/csv.h"
#include "core/base/file.h"
#include "core/base/growing.h"
#include "core/base/utf8.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MOST = 1 << 24 }; /* bytes of a file */

enum { METRIC, SHOTS, ITEMS, CHANCE, MEAN_OF, KEYS };
static const char *const KEY[KEYS] = { "@metric", "@shots", "@items", "@chance", "@mean_of" };

/* A record that is read, and where. */
typedef struct record {
    const char *path;
    int line, n;
    char **field; /* (n) */
} record;

static char *copy(const char *text)
{
    char *out = strdup(text);
    if (!out) error_memory();
    return out;
}

char *published_names(void)
{
    growing words;
    growing_open(&words);
    for (const published_file *f = published_files; f->name; f++)
        fprintf(words.f, "%s%s", f == published_files ? "" : ", ", f->name);
    return growing_close(&words);
}

static bool is_share(const char *metric)
{
    static const char *const SHARE[] = { "accuracy", "EM", "pass@1", "maj@1" };
    for (size_t i = 0; i < sizeof SHARE / sizeof *SHARE; i++)
        if (strcmp(metric, SHARE[i]) == 0) return true;
    return false;
}

/* A number from lo to hi; NaN for an empty field. */
static bool take_number(double *x, const char *text, double lo, double hi)
{
    char *end;
    *x = NAN;
    if (!*text) return true;
    if (text[strspn(text, "0123456789.")]) return false;
    *x = strtod(text, &end);
    return !*end && *x >= lo && *x <= hi;
}

static int column_of(const published *p, const char *name)
{
    int c = 0;
    while (c < p->columns && strcmp(p->column[c].name, name) != 0) c++;
    return c;
}

/* --- lines before the table ------------------------------------------------------------------- */

/* The lines that begin with #; *at is moved past them. */
static void take_remarks(published *p, char **baseline, char **at, int *line)
{
    *baseline = NULL;
    while (**at == '#') {
        char *text = *at + 1 + strspn(*at + 1, " \t"), *end = *at + strcspn(*at, "\n");
        *at = *end ? end + 1 : end;
        *end = '\0', ++*line;
        text[strcspn(text, "\r")] = '\0';
        const size_t key = strcspn(text, ":");
        char *value = text[key] ? text + key + 1 + strspn(text + key + 1, " ") : text;
        if (strncmp(text, "source:", 7) == 0)
            free(p->source), p->source = copy(value);
        else if (strncmp(text, "note:", 5) == 0)
            notes_add(&p->notes, NOTE_INFO, "%s", value);
        else if (strncmp(text, "baseline:", 9) == 0)
            free(*baseline), *baseline = copy(value);
        else if (!p->title)
            p->title = copy(text);
    }
}

/* --- records ---------------------------------------------------------------------------------- */

static bool read_names(published *p, const record *r, error *e)
{
    if (r->n < 2)
        return error_usage(e, "%s:%d: the first line names the model and at least one benchmark",
                           r->path, r->line);
    p->column = error_zeroed((size_t)r->n, sizeof *p->column);
    for (int c = 1; c < r->n; c++) {
        if (!*r->field[c] || column_of(p, r->field[c]) < p->columns)
            return error_usage(e, "%s:%d: column %d, '%.40s', has no name or one that is taken",
                               r->path, r->line, c + 1, r->field[c]);
        p->column[p->columns++] = (published_column){ .name = copy(r->field[c]),
                                                      .metric = copy(""),
                                                      .shots = copy(""),
                                                      .mean_of = copy(""),
                                                      .chance = NAN };
    }
    return true;
}

/* The columns that "A + B" names. */
static bool read_parts(published *p, int c, const record *r, error *e)
{
    published_column *k = &p->column[c];
    char *text = copy(k->mean_of), *save = NULL;
    bool ok = true;
    k->part = error_zeroed((size_t)p->columns, sizeof *k->part);
    for (char *w = strtok_r(text, "+", &save); ok && w; w = strtok_r(NULL, "+", &save)) {
        w += strspn(w, " ");
        for (size_t n = strlen(w); n && w[n - 1] == ' ';) w[--n] = '\0';
        const int part = column_of(p, w);
        ok = part < p->columns && part != c && k->parts < p->columns;
        if (ok)
            k->part[k->parts++] = part;
        else
            error_usage(e, "%s:%d: @mean_of of %s: there is no other column '%.40s'", r->path,
                        r->line, k->name, w);
    }
    free(text);
    return ok;
}

/* A record of @.  Of models that are set beside a table, only the numbers of items count. */
static bool describe(published *p, double *items, bool own, const record *r, const int *to,
                     error *e)
{
    int key = 0;
    while (key < KEYS && strcmp(KEY[key], r->field[0]) != 0) key++;
    if (key == KEYS)
        return error_usage(e,
                           "%s:%d: '%.40s' is unknown: use @metric, @shots, @items, @chance or "
                           "@mean_of",
                           r->path, r->line, r->field[0]);
    for (int i = 1; i < r->n && (!own || key == ITEMS); i++) {
        if (to[i] < 0) continue;
        published_column *k = &p->column[to[i]];
        double x = NAN;
        char **text = key == METRIC    ? &k->metric
                      : key == SHOTS   ? &k->shots
                      : key == MEAN_OF ? &k->mean_of
                                       : NULL;
        const bool number = key == ITEMS || key == CHANCE;
        if (number && (!take_number(&x, r->field[i], 0, key == ITEMS ? 1e12 : 100) ||
                       (key == ITEMS && (x < 1 || x != floor(x)) && !isnan(x))))
            return error_usage(e, "%s:%d: %s of %s: '%.40s' is not a %s", r->path, r->line,
                               KEY[key], k->name, r->field[i],
                               key == ITEMS ? "number of items" : "percentage");
        if (key == ITEMS && !isnan(x)) items[to[i]] = x;
        if (key == CHANCE) k->chance = x;
        if (text && *r->field[i]) free(*text), *text = copy(r->field[i]);
        if (key == METRIC) k->counts = is_share(k->metric);
        if (key == MEAN_OF && *r->field[i] && !k->parts && !read_parts(p, to[i], r, e))
            return false;
    }
    return true;
}

static bool add_model(published *p, bool own, const record *r, const int *to, error *e)
{
    for (int m = 0; m < p->models; m++)
        if (strcmp(p->model[m].name, r->field[0]) == 0)
            return error_usage(e, "%s:%d: the model '%.80s' is there twice", r->path, r->line,
                               r->field[0]);
    if (!*r->field[0]) return error_usage(e, "%s:%d: the model has no name", r->path, r->line);
    const size_t n = (size_t)p->columns;
    p->model = growing_list(p->model, p->models, sizeof *p->model);
    published_model *m = &p->model[p->models++];
    *m = (published_model){ .name = copy(r->field[0]),
                            .own = own,
                            .score = error_zeroed(n, sizeof *m->score),
                            .items = error_zeroed(n, sizeof *m->items),
                            .digits = error_zeroed(n, sizeof *m->digits) };
    for (int c = 0; c < p->columns; c++) m->score[c] = m->items[c] = NAN;
    for (int i = 1; i < r->n; i++) {
        if (to[i] < 0) continue;
        const char *point = strchr(r->field[i], '.');
        m->digits[to[i]] = point ? (int)strlen(point + 1) : 0;
        if (!take_number(&m->score[to[i]], r->field[i], 0, 100))
            return error_usage(e, "%s:%d: %s of %s: '%.40s' is not a score in percent, 0 to 100",
                               r->path, r->line, p->column[to[i]].name, m->name, r->field[i]);
    }
    return true;
}

/* Which columns of the table those of this file are; -1: none. */
static void match(int *to, notes *list, const published *p, const record *r)
{
    for (int i = 1; i < r->n; i++) {
        to[i] = column_of(p, r->field[i]);
        if (to[i] < p->columns) continue;
        to[i] = -1;
        if (list)
            notes_add(list, NOTE_INFO, "%s: the table has no column %.40s, which is not read.",
                      r->path, r->field[i]);
    }
}

/* All records of a text, which is changed.  `own`: models to set beside a table. */
static bool read_table(published *p, notes *list, char *text, const char *path, bool own, error *e)
{
    char *field[CSV_FIELDS], *baseline;
    int line = 1, names = 0, to[CSV_FIELDS] = { 0 };
    const int before = p->models;
    double *items = NULL;
    published ignored = { 0 };
    take_remarks(own ? &ignored : p, &baseline, &text, &line);
    bool ok = true;
    for (record r = { .path = path, .line = line, .field = field };
         ok && csv_record(field, &r.n, &text, &line); r.line = line) {
        if (r.n < 0 || (names && r.n != names)) {
            ok = error_usage(e,
                             "%s:%d: a quote is not closed, or not as many columns as the first "
                             "line has (at most %d)",
                             path, r.line, CSV_FIELDS);
        } else if (!names) {
            names = r.n;
            ok = own || read_names(p, &r, e);
            if (ok) match(to, list, p, &r);
            items = error_zeroed((size_t)p->columns, sizeof *items);
            for (int c = 0; c < p->columns; c++)
                items[c] = own ? p->model[0].items[c] : NAN; /* unless the file says otherwise */
        } else
            ok = *field[0] == '@' ? describe(p, items, own, &r, to, e)
                                  : add_model(p, own, &r, to, e);
    }
    for (int m = before; ok && m < p->models; m++)
        memcpy(p->model[m].items, items, (size_t)p->columns * sizeof *items);
    if (ok && p->models == before) ok = error_usage(e, "%s: there is no model in this file", path);
    if (ok && !own && baseline) ok = published_find(&p->baseline, p, baseline, e);
    free(items), free(baseline), free(ignored.title), free(ignored.source);
    notes_close(&ignored.notes);
    return ok;
}

static bool read_file(char **text, const char *path, error *e)
{
    size_t n;
    if (!file_read(text, &n, path, MOST, e)) return false;
    if (strlen(*text) == n && utf8_is(*text)) return true;
    free(*text);
    return error_usage(e, "%s: not a text file in UTF-8", path);
}

bool published_open(published *p, const char *name, error *e)
{
    *p = (published){ 0 };
    const published_file *f = published_files;
    while (f->name && strcmp(f->name, name) != 0) f++;
    char *text = NULL;
    if (f->name)
        text = copy(f->text);
    else if (access(name, F_OK) != 0) {
        char *names = published_names();
        error_usage(e,
                    "there is no published table '%.100s', and no file of that name; there are %s",
                    name, names);
        free(names);
        return false;
    } else if (!read_file(&text, name, e))
        return false;
    p->name = copy(name);
    const bool ok = read_table(p, NULL, text, name, false, e);
    free(text);
    if (!ok) published_close(p);
    return ok;
}

/* Shares written as 0.71 in place of 71 are read as percent all the same, so say it. */
static void check_percent(notes *list, const published *p, int first)
{
    for (int m = first; m < p->models; m++) {
        double most = 0;
        for (int c = 0; c < p->columns; c++)
            if (p->model[m].score[c] > most) most = p->model[m].score[c];
        if (most <= 1)
            notes_add(list, NOTE_WARNING,
                      "No score of %s is above 1: scores are percent, so write 71 for 0.71.",
                      p->model[m].name);
    }
}

bool published_add(published *p, notes *list, const char *path, error *e)
{
    char *text;
    const int first = p->models;
    if (!read_file(&text, path, e)) return false;
    const bool ok = read_table(p, list, text, path, true, e);
    if (ok) check_percent(list, p, first);
    free(text);
    return ok;
}

bool published_find(int *model, const published *p, const char *name, error *e)
{
    growing words;
    for (*model = 0; *model < p->models; ++*model)
        if (strcmp(p->model[*model].name, name) == 0) return true;
    growing_open(&words);
    for (int m = 0; m < p->models; m++) fprintf(words.f, "%s%s", m ? ", " : "", p->model[m].name);
    char *names = growing_close(&words);
    error_usage(e, "%s has no model '%.80s'; it has %.300s", p->name, name, names);
    free(names);
    return false;
}

void published_close(published *p)
{
    for (int c = 0; c < p->columns; c++) {
        published_column *k = &p->column[c];
        free(k->name), free(k->metric), free(k->shots), free(k->mean_of), free(k->part);
    }
    for (int m = 0; m < p->models; m++)
        free(p->model[m].name), free(p->model[m].score), free(p->model[m].items),
            free(p->model[m].digits);
    free(p->column), free(p->model), free(p->name), free(p->title), free(p->source);
    notes_close(&p->notes);
    *p = (published){ 0 };
}
