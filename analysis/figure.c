/* figure.c - see figure.h. */
#include "analysis/figure.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *const FORMAT[] = { "svg", "png", "pdf" };

enum { LIMIT = 1 << 28, PATH_SIZE = 4096 };

static bool path_of(char path[PATH_SIZE], const figure *f, const char *ending, error *e)
{
    if (snprintf(path, PATH_SIZE, "%s/%s.%s", f->folder, f->name, ending) < PATH_SIZE) return true;
    return error_usage(e, "%s: the name is too long", f->folder);
}

bool figure_open(figure *f, const char *folder, const char *name, int width, int height, error *e)
{
    *f = (figure){ .folder = folder, .name = name };
    char gp[PATH_SIZE], dat[PATH_SIZE];
    if (!path_of(gp, f, "gp", e) || !path_of(dat, f, "dat", e)) return false;
    if (!file_draft_open(&f->gp, gp, e)) return false;
    if (!file_draft_open(&f->dat, dat, e)) {
        file_draft_drop(&f->gp);
        return false;
    }
    fprintf(f->gp.f,
            "# gnuplot -d -c %s.gp svg   (or png, or pdf) makes %s.svg of %s.dat\n"
            "if (ARG1 eq 'svg') {\n  small = ',10'\n"
            "  set terminal svg size %d,%d background 'white' font 'DejaVu Sans,12' noenhanced\n"
            "}\n"
            "if (ARG1 eq 'png') {\n  small = ',15'\n"
            "  set terminal pngcairo size %d,%d font 'DejaVu Sans,18' linewidth 2 pointscale 2 "
            "noenhanced\n"
            "}\n"
            "if (ARG1 eq 'pdf') {\n  small = ',7.5'\n"
            "  set terminal pdfcairo size %.3fin,%.3fin font 'DejaVu Sans,9' noenhanced\n"
            "}\n"
            "set output '%s.'.ARG1\n"
            "set encoding utf8\n"
            "set border 3 lw 0.8 lc rgb '#404040'\n"
            "set tics nomirror out scale 0.6\n"
            "set grid lw 0.5 lc rgb '#e0e0e0'\n"
            "data = '%s.dat'\n",
            name, name, name, width, height, 2 * width, 2 * height, width / 96.0, height / 96.0,
            name, name);
    return true;
}

void figure_drop(figure *f)
{
    file_draft_drop(&f->gp), file_draft_drop(&f->dat);
}

/* The child: gnuplot in the folder of the figure, its complaints into `errors`. */
static void start(const figure *f, const char *format, int errors)
{
    char script[256];
    snprintf(script, sizeof script, "%s.gp", f->name);
    const int nothing = open("/dev/null", O_RDWR);
    if (nothing < 0 || chdir(f->folder) != 0) _exit(126);
    dup2(nothing, 0), dup2(nothing, 1), dup2(errors, 2);
    execlp("gnuplot", "gnuplot", "-d", "-c", script, format, (char *)NULL);
    _exit(errno == ENOENT ? 127 : 126);
}

static bool run_gnuplot(const figure *f, const char *format, error *e)
{
    FILE *errors = tmpfile();
    if (!errors) return error_set(e, "no temporary file: %s", strerror(errno));
    const pid_t child = fork();
    if (child == 0) start(f, format, fileno(errors));
    int status = -1;
    while (child > 0 && waitpid(child, &status, 0) < 0 && errno == EINTR) continue;
    char line[256] = "";
    rewind(errors);
    while (fgets(line, sizeof line, errors) && line[strspn(line, " ^\n")] == '\0') continue;
    line[strcspn(line, "\n")] = '\0';
    fclose(errors);
    if (child > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0) return true;
    if (child > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 127)
        return error_set(e, "gnuplot is not installed (Debian: gnuplot-nox)");
    return error_set(e, "%s/%s.%s: gnuplot failed%s%s", f->folder, f->name, format,
                     *line ? ": " : "", line);
}

/* Where the n bytes of `what` are in `bytes`; NULL if nowhere. */
static char *find(char *bytes, size_t size, const char *what)
{
    const size_t n = strlen(what);
    for (size_t i = 0; i + n <= size; i++)
        if (memcmp(bytes + i, what, n) == 0) return bytes + i;
    return NULL;
}

/* /CreationDate (D:20260131...) becomes the year 2000, in place: the length of a PDF's objects must
 * not change. */
static bool forget_date(const figure *f, error *e)
{
    static const char KEY[] = "/CreationDate (D:", NEW_YEAR[] = "20000101000000";
    char path[PATH_SIZE], *bytes;
    size_t size;
    if (!path_of(path, f, "pdf", e) || !file_read(&bytes, &size, path, LIMIT, e)) return false;
    char *at = find(bytes, size, KEY), *end = bytes + size;
    if (at) at += strlen(KEY);
    for (size_t i = 0; at && at < end && *at != ')'; at++, i++)
        if (*at >= '0' && *at <= '9') *at = i < sizeof NEW_YEAR - 1 ? NEW_YEAR[i] : '0';
    const bool ok = file_write(path, bytes, size, e);
    free(bytes);
    return ok;
}

bool figure_close(figure *f, error *e)
{
    if (!file_draft_close(&f->dat, e)) {
        file_draft_drop(&f->gp);
        return false;
    }
    if (!file_draft_close(&f->gp, e)) return false;
    for (size_t i = 0; i < sizeof FORMAT / sizeof *FORMAT; i++)
        if (!run_gnuplot(f, FORMAT[i], e)) return false;
    return forget_date(f, e);
}

/* gnuplot's doubled quote is not one at the start of a string, so a quote becomes the typographic
 * one: then nothing inside can end the string. */
static void quote(FILE *gp, const char *text, bool format)
{
    fputc('\'', gp);
    for (; *text; text++) {
        if (*text == '\'')
            fputs("\u2019", gp);
        else if (format && *text == '%')
            fputs("%%", gp);
        else if ((unsigned char)*text >= ' ' && *text != 127)
            fputc(*text, gp);
    }
    fputc('\'', gp);
}

void figure_quote(FILE *gp, const char *text)
{
    quote(gp, text, false);
}

void figure_quote_tic(FILE *gp, const char *text)
{
    quote(gp, text, true);
}

void figure_tics(FILE *gp, char axis, double lo, double hi, int count)
{
    if (!(hi > lo) || !isfinite(hi - lo)) return;
    const double rough = (hi - lo) / count, ten = pow(10, floor(log10(rough)));
    const double step = ten * (rough < 1.5 * ten   ? 1
                               : rough < 3.5 * ten ? 2
                               : rough < 7.5 * ten ? 5
                                                   : 10);
    const int digits = step < 1 ? (int)ceil(-log10(step) - 1e-9) : 0;
    fprintf(gp, "set %ctics %.9g\nset format %c '%%.%df'\n", axis, step, axis, digits);
}

void figure_remark(FILE *gp, const char *text)
{
    fputs("set title ", gp);
    figure_quote(gp, text);
    fputs(" font small textcolor rgb '#404040'\n", gp);
}

int figure_legend(int longest, const char *text)
{
    enum { CHARACTER = 8, SAMPLE = 60 };
    int n = 0;
    for (; *text; text++) n += ((unsigned char)*text & 0xc0) != 0x80;
    n = n * CHARACTER + SAMPLE;
    return n > longest ? n : longest;
}

int figure_block(figure *f, const char *comment)
{
    fprintf(f->dat.f, "%s# ", f->blocks ? "\n\n" : "");
    for (; *comment; comment++)
        fputc((unsigned char)*comment < ' ' || *comment == 127 ? ' ' : *comment, f->dat.f);
    fputc('\n', f->dat.f);
    return f->blocks++;
}

const char *figure_colour(int i, bool faint)
{
    static const char *const FULL[] = { "#0072B2", "#D55E00", "#009E73", "#CC79A7",
                                        "#E69F00", "#56B4E9", "#000000" };
    static const char *const FAINT[] = { "#C80072B2", "#C8D55E00", "#C8009E73", "#C8CC79A7",
                                         "#C8E69F00", "#C856B4E9", "#C8000000" };
    return (faint ? FAINT : FULL)[i % 7];
}

const char *figure_ink(int i)
{
    static const char *const INK[] = { "#005f94", "#a84600", "#00694e", "#9c4578",
                                       "#8a5e00", "#25698f", "#000000" };
    return INK[i % 7];
}

int figure_point(int i)
{
    static const int KIND[] = { 7, 5, 9, 11, 13, 15, 6, 4, 8, 10, 12 };
    return KIND[i % 11];
}
