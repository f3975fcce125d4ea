/* manual.c - the man page attnlab(1) from the table of commands, in man(7) macros. */
#include "cli/help.h"

#include "trainer/run/fingerprint.h"

#include <string.h>

/* `text` with what roff gives a meaning escaped: backslashes, hyphens, quotes, and at the start of
 * a line the dot. */
static void put(FILE *out, const char *text, size_t n)
{
    if (n && (*text == '.' || *text == '\'')) fputs("\\&", out);
    for (size_t i = 0; i < n; i++) switch (text[i]) {
        case '\\':
            fputs("\\e", out);
            break;
        case '-':
            fputs("\\-", out);
            break;
        case '\'':
            fputs("\\(aq", out);
            break;
        case '`':
            fputs("\\(ga", out);
            break;
        case '^':
            fputs("\\(ha", out);
            break;
        case '~':
            fputs("\\(ti", out);
            break;
        default:
            fputc(text[i], out);
        }
}

static void put_all(FILE *out, const char *text)
{
    put(out, text, strlen(text));
}

/* Paragraphs; lines that start with a blank stay as they are. */
static void put_text(FILE *out, const char *text)
{
    bool verbatim = false;
    while (*text) {
        const size_t n = strcspn(text, "\n");
        if (n && (*text == ' ') != verbatim) {
            verbatim = !verbatim;
            fputs(verbatim ? ".PP\n.nf\n" : ".fi\n", out);
        }
        if (!n && text[1] && text[1] != ' ')
            fputs(verbatim ? ".fi\n.PP\n" : ".PP\n", out), verbatim = false;
        put(out, text, n);
        if (n) fputc('\n', out);
        text += n + (text[n] == '\n');
    }
    if (verbatim) fputs(".fi\n", out);
}

static void put_option(FILE *out, const option *o)
{
    char text[HELP_TEXT];
    fputs(".TP\n", out);
    if (o->letter) fprintf(out, "\\fB\\-%c\\fR, ", o->letter);
    fputs("\\fB\\-\\-", out), put_all(out, o->name), fputs("\\fR", out);
    if (o->value) fputs(" \\fI", out), put_all(out, o->value), fputs("\\fR", out);
    fputc('\n', out);
    help_option(text, o);
    put_all(out, text), fputc('\n', out);
}

static void put_command(FILE *out, const command *c)
{
    const option *o;
    fprintf(out, ".SS \"attnlab %s\"\n", c->name);
    fprintf(out, "\\fBattnlab %s\\fR [\\fIOPTION\\fR...]", c->name);
    if (c->arguments) fputc(' ', out), put_all(out, c->arguments);
    fputs("\n.PP\n", out);
    put_text(out, c->summary);
    for (int i = 0; (o = command_option(c, i)); i++)
        if (o != &option_help) put_option(out, o);
    if (!c->text) return;
    fputs(".PP\n", out);
    put_text(out, c->text);
}

static const char HEAD[] =
    ".SH NAME\n"
    "attnlab \\- compare attention variants of small language models\n"
    ".SH SYNOPSIS\n"
    "\\fBattnlab\\fR [\\fB\\-\\-db\\fR \\fIFILE\\fR] \\fICOMMAND\\fR [\\fIOPTION\\fR...] "
    "[\\fIARGUMENT\\fR...]\n"
    ".SH DESCRIPTION\n"
    "attnlab trains small Llama\\-2\\-style models on the CPU, stores every run in an SQLite "
    "database,\n"
    "and says which differences between attention variants are larger than the noise.\n"
    "A study is one YAML file: it states a question, its arms and its seeds.\n"
    ".PP\n"
    "Options and arguments may stand in any order.\n"
    "Long options cannot be abbreviated, and their value may follow after a blank or after "
    "\\(aq=\\(aq.\n"
    "After \\fB\\-\\-\\fR all words are arguments.\n"
    "Every command takes \\fB\\-h\\fR, \\fB\\-\\-help\\fR.\n"
    "\\fBattnlab \\-\\-version\\fR prints the version.\n"
    ".PP\n"
    "Results go to standard output, notes and progress to standard error.\n"
    "With \\fB\\-o json\\fR the output is an object with the fields \\fIrows\\fR and "
    "\\fInotes\\fR;\n"
    "with \\fB\\-o jsonl\\fR the notes, if there are any, are the last line.\n";

static const char TAIL[] =
    ".SH ENVIRONMENT\n"
    ".TP\n\\fBATTNLAB_DB\\fR\nThe database, where no \\fB\\-\\-db\\fR is given.\n"
    ".TP\n\\fBATTNLAB_KERNELS\\fR\nThe backend of the kernels: \\fIplain\\fR, \\fIopenblas\\fR, "
    "\\fIavx2\\fR or \\fIavx512\\fR.\n"
    ".SH FILES\n"
    ".TP\n\\fIattnlab.db\\fR\nThe database, in the current folder.\n"
    ".TP\n\\fIattnlab.db.runs/\\fR\nLogs, checkpoints and weights, a folder for each run.\n"
    ".TP\n\\fIattnlab.db.lock\\fR\nThe lock that keeps two processes from writing checkpoints of "
    "the database at once.\n"
    ".SH EXIT STATUS\n"
    ".TP\n0\nDone.\n"
    ".TP\n1\nFailed; also data that are missing or damaged.\n"
    ".TP\n2\nA wrong command line, configuration or study.\n"
    ".TP\n3\n\\fBcompare\\fR found what \\fB\\-\\-fail\\-if\\fR names.\n"
    ".TP\n4\nThe run diverged.\n"
    ".TP\n5\nStopped by a signal; the same command resumes.\n"
    ".SH EXAMPLES\n"
    "Make a corpus, run a study, and read the answer:\n"
    ".PP\n.nf\n"
    "attnlab prepare book1.txt book2.txt \\-\\-holdout book3.txt \\-\\-vocab\\-size 4096 \\-\\-out "
    "corpus\n"
    "attnlab sweep study.yaml \\-\\-dry\\-run\n"
    "attnlab sweep study.yaml\n"
    "attnlab compare study.yaml\n"
    "attnlab plot study.yaml \\-\\-out figures\n"
    ".fi\n"
    ".PP\n"
    "The same with another database:\n"
    ".PP\n.nf\n"
    "attnlab \\-\\-db night.db compare study.yaml \\-o json\n"
    ".fi\n"
    ".SH SEE ALSO\n"
    "\\fBsqlite3\\fR(1), \\fBgnuplot\\fR(1)\n";

void help_manual(FILE *out)
{
    fprintf(out, ".TH ATTNLAB 1 \"\" \"attnlab %s\" \"User Commands\"\n", fingerprint_version);
    fputs(HEAD, out);
    for (int g = 0; g < COMMAND_GROUPS; g++) {
        bool any = false;
        for (const command *const *c = commands; *c; c++) {
            if ((int)(*c)->group != g) continue;
            if (!any) {
                fputs(".SH \"", out);
                for (const char *at = command_groups[g]; *at; at++)
                    fputc(*at >= 'a' && *at <= 'z' ? *at - 32 : *at, out);
                fputs(" COMMANDS\"\n", out);
            }
            any = true;
            put_command(out, *c);
        }
    }
    fputs(TAIL, out);
}
