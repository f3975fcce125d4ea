/* style.c - the keys of a style file, with their defaults and limits, and how they are read. */
#include "analysis/figures/style.h"

#include "core/base/file.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef enum kind { COLOUR, COLOURS, FONT, TEX_FONT, NUMBER } kind;

typedef struct key {
    const char *name;
    kind kind;
    size_t at; /* in a style */
    const char *value, *help;
    double least, most;
} key;

#define AT(x) offsetof(style, x)

/* Okabe and Ito's colours, which colour-blind people can distinguish (2008,
 * https://jfly.uni-koeln.de/color/), without yellow, which is too faint for lines. */
static const char OKABE_ITO[] = "#0072B2 #D55E00 #009E73 #CC79A7 #E69F00 #56B4E9 #000000";

// clang-format off
static const key KEY[] = {
    { "colours",         COLOURS,  0,                OKABE_ITO,      "of the arms, in order; they repeat, with other points and dashes", 0, 0 },
    { "text_colour",     COLOUR,   AT(ink),          "#202020",      "text and axes", 0, 0 },
    { "quiet_colour",    COLOUR,   AT(quiet),        "#606060",      "remarks, and lines in the background", 0, 0 },
    { "grid_colour",     COLOUR,   AT(grid),         "#e0e0e0",      "grid lines", 0, 0 },
    { "margin_colour",   COLOUR,   AT(margin),       "#e4efe4",      "differences within the margin", 0, 0 },
    { "better_colour",   COLOUR,   AT(better),       "#0072B2",      "heat map: the best difference", 0, 0 },
    { "worse_colour",    COLOUR,   AT(worse),        "#D55E00",      "heat map: the worst difference", 0, 0 },
    { "most_colour",     COLOUR,   AT(most),         "#0072B2",      "matrix: the largest value", 0, 0 },
    { "font",            FONT,     AT(font),         "DejaVu Sans",  "of SVG, PNG and PDF", 0, 0 },
    { "font_size",       NUMBER,   AT(font_size),    "12",           "in pixels of the SVG, 96 per inch, like all sizes", 4, 72 },
    { "small_font_size", NUMBER,   AT(small_size),   "10",           "remarks", 4, 72 },
    { "mean_width",      NUMBER,   AT(mean_width),   "2",            "lines of means", 0.1, 20 },
    { "seed_width",      NUMBER,   AT(seed_width),   "1",            "lines of single seeds", 0.1, 20 },
    { "bar_width",       NUMBER,   AT(bar_width),    "1.5",          "intervals", 0.1, 20 },
    { "point_size",      NUMBER,   AT(point_size),   "1",            "a factor", 0.1, 10 },
    { "seed_opacity",    NUMBER,   AT(seed_opacity), "0.25",         "0 to 1", 0, 1 },
    { "band_opacity",    NUMBER,   AT(band_opacity), "0.13",         "0 to 1", 0, 1 },
    { "panel_width",     NUMBER,   AT(panel_width),  "460",          "of a figure with one panel", 100, 4000 },
    { "panel_height",    NUMBER,   AT(panel_height), "290",          "", 80, 4000 },
    { "png_scale",       NUMBER,   AT(png_scale),    "2",            "pixels of the PNG per pixel of the SVG", 0.5, 8 },
    { "tex_font",        TEX_FONT, AT(tex_font),     "footnotesize", "of LaTeX: tiny, scriptsize, footnotesize, small or normalsize", 0, 0 },
    { "tex_scale",       NUMBER,   AT(tex_scale),    "0.6",          "LaTeX: points (1/72 inch) per pixel", 0.1, 5 },
};
// clang-format on
enum { KEYS = sizeof KEY / sizeof *KEY };

static bool is_colour(const char *text)
{
    return text[0] == '#' && strspn(text + 1, "0123456789abcdefABCDEF") == 6 && text[7] == '\0';
}

static bool set_colours(style *s, char *text)
{
    style t = *s;
    t.colours = 0;
    char *rest;
    for (char *word = strtok_r(text, " \t", &rest); word; word = strtok_r(NULL, " \t", &rest)) {
        if (t.colours == STYLE_COLOURS || !is_colour(word)) return false;
        strcpy(t.colour[t.colours++], word);
    }
    if (t.colours) *s = t;
    return t.colours > 0;
}

static const struct {
    const char *name;
    double points;
} TEX_SIZE[] = {
    { "tiny", 5 }, { "scriptsize", 7 }, { "footnotesize", 8 }, { "small", 9 }, { "normalsize", 10 },
};

/* The size in points; 0 if there is no such size. */
static double points_of(const char *name)
{
    for (size_t i = 0; i < sizeof TEX_SIZE / sizeof *TEX_SIZE; i++)
        if (strcmp(name, TEX_SIZE[i].name) == 0) return TEX_SIZE[i].points;
    return 0;
}

double style_tex_points(const style *s)
{
    return points_of(s->tex_font);
}

/* Set one key; `text` is modified. */
static bool set(style *s, const key *k, char *text)
{
    static const char LETTERS[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789 -";
    char *at = (char *)s + k->at, *end;
    switch (k->kind) {
    case COLOURS:
        return set_colours(s, text);
    case COLOUR:
        if (!is_colour(text)) return false;
        strcpy(at, text);
        return true;
    case FONT:
    case TEX_FONT:
        if (!*text || strlen(text) >= STYLE_FONT || text[strspn(text, LETTERS)]) return false;
        if (k->kind == TEX_FONT && points_of(text) == 0) return false;
        strcpy(at, text);
        return true;
    case NUMBER: {
        const double x = strtod(text, &end);
        if (end == text || *end || !(x >= k->least && x <= k->most)) return false;
        memcpy(at, &x, sizeof x);
        return true;
    }
    }
    return false;
}

static void set_default(style *s, const key *k)
{
    char text[256];
    snprintf(text, sizeof text, "%s", k->value);
    const bool known = set(s, k, text);
    assert(known);
    (void)known;
}

void style_default(style *s)
{
    *s = (style){ 0 };
    for (int i = 0; i < KEYS; i++) set_default(s, &KEY[i]);
}

static bool refuse(const key *k, const char *path, int line, const char *text, error *e)
{
    switch (k->kind) {
    case COLOUR:
        return error_usage(e, "%s:%d: %s: '%.80s' is not a colour such as #0072B2", path, line,
                           k->name, text);
    case COLOURS:
        return error_usage(e, "%s:%d: %s: '%.200s': give 1 to %d colours such as #0072B2 #D55E00",
                           path, line, k->name, text, STYLE_COLOURS);
    case FONT:
        return error_usage(e, "%s:%d: %s: '%.80s': use only letters, digits, spaces and hyphens",
                           path, line, k->name, text);
    case TEX_FONT:
        return error_usage(e, "%s:%d: %s: '%.80s': use %s", path, line, k->name, text,
                           k->help + strlen("of LaTeX: "));
    default:
        return error_usage(e, "%s:%d: %s: '%.80s' is not a number from %g to %g", path, line,
                           k->name, text, k->least, k->most);
    }
}

/* Remove spaces from both ends, in place. */
static char *trimmed(char *text)
{
    text += strspn(text, " \t\r");
    size_t n = strlen(text);
    while (n && strchr(" \t\r", text[n - 1])) text[--n] = '\0';
    return text;
}

static bool read_line(style *s, char *text, const char *path, int line, error *e)
{
    text = trimmed(text);
    if (!*text || *text == '#') return true;
    char *colon = strchr(text, ':');
    if (!colon)
        return error_usage(e, "%s:%d: '%.80s': write \"key: value\" (attnlab plot --print-style)",
                           path, line, text);
    *colon = '\0';
    const char *name = trimmed(text);
    char *value = trimmed(colon + 1), copy[256];
    for (int i = 0; i < KEYS; i++) {
        if (strcmp(KEY[i].name, name) != 0) continue;
        snprintf(copy, sizeof copy, "%s", value);
        return (strlen(value) < sizeof copy && set(s, &KEY[i], copy)) ||
               refuse(&KEY[i], path, line, value, e);
    }
    return error_usage(e, "%s:%d: unknown key '%.80s' (attnlab plot --print-style lists them)",
                       path, line, name);
}

bool style_read(style *s, const char *path, error *e)
{
    enum { LIMIT = 1 << 16 };
    char *text;
    size_t n;
    if (!file_read(&text, &n, path, LIMIT, e)) return false;
    bool ok = strlen(text) == n || error_usage(e, "%s: not a text file", path);
    int number = 1;
    for (char *line = text, *next; ok && line; line = next, number++) {
        next = strchr(line, '\n');
        if (next) *next++ = '\0';
        ok = read_line(s, line, path, number, e);
    }
    free(text);
    return ok;
}

void style_print(FILE *out, const style *s)
{
    fputs("# Style of attnlab's figures: attnlab plot STUDY --out DIR --style FILE\n"
          "# Keys that are left out keep their defaults.\n",
          out);
    for (int i = 0; i < KEYS; i++) {
        const key *k = &KEY[i];
        const char *at = (const char *)s + k->at;
        double x;
        if (*k->help) fprintf(out, "\n# %s\n", k->help);
        fprintf(out, "%s:", k->name);
        switch (k->kind) {
        case COLOURS:
            for (int c = 0; c < s->colours; c++) fprintf(out, " %s", s->colour[c]);
            break;
        case NUMBER:
            memcpy(&x, at, sizeof x);
            fprintf(out, " %.10g", x);
            break;
        default:
            fprintf(out, " %s", at);
        }
        fputc('\n', out);
    }
}

const char *style_colour(const style *s, int i)
{
    return s->colour[i % s->colours];
}

static void parts(unsigned part[3], const char *colour)
{
    const unsigned long rgb = strtoul(colour + 1, NULL, 16);
    for (int i = 0; i < 3; i++) part[i] = (unsigned)(rgb >> (8 * (2 - i))) & 0xff;
}

void style_blend(char out[STYLE_COLOUR], const char *from, const char *to, double t)
{
    unsigned a[3], b[3], c[3];
    parts(a, from), parts(b, to);
    for (int i = 0; i < 3; i++) c[i] = (unsigned)lround(a[i] + t * ((double)b[i] - a[i])) & 0xff;
    snprintf(out, STYLE_COLOUR, "#%02x%02x%02x", c[0], c[1], c[2]);
}

double style_luminance(const char *colour)
{
    static const double WEIGHT[] = { 0.2126, 0.7152, 0.0722 };
    unsigned c[3];
    double sum = 0;
    parts(c, colour);
    for (int i = 0; i < 3; i++) {
        const double x = c[i] / 255.0;
        sum += WEIGHT[i] * (x <= 0.03928 ? x / 12.92 : pow((x + 0.055) / 1.055, 2.4));
    }
    return sum;
}

void style_ink(char ink[STYLE_COLOUR], const char *colour)
{
    enum { TRIES = 20 };
    for (int i = 0; i <= TRIES; i++) {
        style_blend(ink, colour, "#000000", (double)i / TRIES);
        if (1.05 / (style_luminance(ink) + 0.05) >= 4.5) return;
    }
}
