/* test_command.c - the option parser on a command made up for it, and the table of all commands. */
#include "cli/help.h"
#include "cli/parse.h"
#include "tests/fixture.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct values {
    bool flag, extra;
    const char *text;
    option_texts texts;
    int64_t integer, count, choice;
    double real;
    option_numbers reals, numbers;
    uint64_t choices;
} values;

static const char *const WORDS[] = { "red", "green", "blue", NULL };

// clang-format off
#define AT(field) offsetof(values, field)
static const option OPTIONS[] = {
    { "flag",    'f', OPTION_FLAG,    NULL,   AT(flag),    "a flag" },
    { "extra",   'e', OPTION_FLAG,    NULL,   AT(extra),   "another" },
    { "text",    't', OPTION_TEXT,    "TEXT", AT(text),    "a text" },
    { "texts",   0,   OPTION_TEXTS,   "TEXT", AT(texts),   "texts" },
    { "integer", 'i', OPTION_INTEGER, "N",    AT(integer), "a whole number", "9", -5, 10 },
    { "count",   0,   OPTION_COUNT,   "N",    AT(count),   "a count", NULL, 1, 1e9 },
    { "real",    'r', OPTION_REAL,    "X",    AT(real),    "a number", "(the study's)", -2, 0.5 },
    { "reals",   0,   OPTION_REALS,   "X",    AT(reals),   "numbers", NULL, 0, 1 },
    { "numbers", 0,   OPTION_NUMBERS, "N",    AT(numbers), "whole numbers", NULL, 2, 24 },
    { "choice",  0,   OPTION_CHOICE,  "WORD", AT(choice),  "a word", "green", 0, 0, WORDS },
    { "choices", 0,   OPTION_CHOICES, "WORD", AT(choices), "words", NULL, 0, 0, WORDS },
    { 0 },
};
// clang-format on

static const command COMMAND = {
    .name = "try",
    .arguments = "STUDY [KEY=VALUE...]",
    .shared = SHARED_DB | SHARED_OUTPUT,
    .options = OPTIONS,
    .size = sizeof(values),
};

static command_call call;
static values got;
static error why;

/* Read the words up to NULL; what was read before is freed. */
static bool read(const char *const *word)
{
    char *copy[16];
    int n = 0;
    for (; word[n]; n++) copy[n] = (char *)word[n];
    if (call.command) parse_close(&call, &got);
    call = (command_call){ .command = &COMMAND };
    got = (values){ 0 };
    parse_init(&call, &got);
    return parse_words(&call, &got, copy, n, &why);
}

#define READ(...) read((const char *const[]){ __VA_ARGS__, NULL })

/* The message, which must be that of a wrong command line. */
static void refused(bool ok, const char *message)
{
    if (ok) fail_msg("not refused: %s", message);
    assert_int_equal(why.status, STATUS_USAGE);
    assert_string_equal(why.msg, message);
}

static void defaults(void **state)
{
    (void)state;
    assert_true(READ("heads"));
    assert_false(got.flag);
    assert_null(got.text);
    assert_int_equal(got.texts.n, 0);
    assert_int_equal(got.integer, 9);
    assert_int_equal(got.count, OPTION_UNSET);
    assert_true(isnan(got.real));
    assert_int_equal(got.choice, 1);
    assert_int_equal(got.choices, 0);
    assert_int_equal(call.output, TABLE_TEXT);
    assert_int_equal(call.arguments, 1);
}

static void kinds(void **state)
{
    (void)state;
    assert_true(READ("--flag", "--text=a=b", "heads", "--integer", "-3", "--count", "4k", "-r-0.25",
                     "--choice=blue", "--output=json"));
    assert_true(got.flag && !got.extra);
    assert_string_equal(got.text, "a=b");
    assert_int_equal(got.integer, -3);
    assert_int_equal(got.count, 4000);
    assert_true(got.real == -0.25);
    assert_int_equal(got.choice, 2);
    assert_int_equal(call.output, TABLE_JSON);
    assert_true(READ("heads", "--count=2M", "-fe", "-d", "x.db"));
    assert_int_equal(got.count, 2000000);
    assert_true(got.flag && got.extra);
    assert_string_equal(call.db, "x.db");
    assert_true(READ("-fty", "heads", "-dx.db", "-ojson")); /* a flag, then -t with its value */
    assert_true(got.flag);
    assert_string_equal(got.text, "y");
    assert_string_equal(call.db, "x.db");
    assert_int_equal(call.output, TABLE_JSON);
}

static void repeated(void **state)
{
    (void)state;
    assert_true(READ("--texts", "a", "--texts=b", "heads", "--reals=0", "--reals", "1",
                     "--numbers=2", "--numbers=24", "--choices=red", "--choices=blue"));
    assert_int_equal(got.texts.n, 2);
    assert_string_equal(got.texts.item[0], "a");
    assert_string_equal(got.texts.item[1], "b");
    assert_int_equal(got.reals.n, 2);
    assert_true(got.reals.item[0] == 0 && got.reals.item[1] == 1);
    assert_int_equal(got.numbers.n, 2);
    assert_true(got.numbers.item[1] == 24);
    assert_int_equal(got.choices, 5);
    assert_true(READ("heads", "--integer=1", "--integer=2")); /* the last one holds */
    assert_int_equal(got.integer, 2);
}

/* Both ends of a range are allowed. */
static void ranges(void **state)
{
    (void)state;
    assert_true(READ("heads", "--integer=-5", "--real=-2"));
    assert_true(READ("heads", "--integer=10", "--real=0.5"));
    refused(READ("heads", "--integer=11"), "--integer: 11 is outside -5..10");
    refused(READ("heads", "--integer=-6"), "--integer: -6 is outside -5..10");
    refused(READ("heads", "--real=0.51"), "--real: 0.51 is outside -2..0.5");
    refused(READ("heads", "--numbers=1"), "--numbers: 1 is outside 2..24");
    refused(READ("heads", "--choice=pink"), "--choice: 'pink' is not one of red, green, blue");
    refused(READ("heads", "-oxml"),
            "--output: 'xml' is not one of table, md, csv, json, jsonl, latex, html");
    assert_false(READ("heads", "--integer=4.5"));
    assert_non_null(strstr(why.msg, "--integer: '4.5' is not a whole number"));
    assert_false(READ("heads", "--integer=4k")); /* as a count is written */
    assert_non_null(strstr(why.msg, "--integer: 4k is outside -5..10"));
    assert_false(READ("heads", "--count=4q"));
    assert_non_null(strstr(why.msg, "--count: '4q' is not a count"));
    assert_false(READ("heads", "--real=nan"));
    assert_false(READ("heads", "--real=0x1"));
    assert_false(READ("heads",
                      "--real="
                      "0.00000000000000000000000000000000000000000000000000000000000000001"));
    assert_non_null(strstr(why.msg, "too long"));
}

static void unknown(void **state)
{
    (void)state;
    refused(READ("heads", "--out", "x"), "unknown option --out; did you mean --output?");
    refused(READ("heads", "--fla"), "unknown option --fla; did you mean --flag?");
    refused(READ("heads", "--flga"), "unknown option --flga; did you mean --flag?");
    refused(READ("heads", "--nosuchoption"), "unknown option --nosuchoption");
    refused(READ("heads", "--metric=x"), "unknown option --metric"); /* not one that it shares */
    refused(READ("heads", "-z"), "unknown option -z");
    refused(READ("heads", "-fz"), "unknown option -z");
    refused(READ("heads", "-1"), "unknown option -1");
    refused(READ("heads", "--=x"), "unknown option --");
}

static void values_of_options(void **state)
{
    (void)state;
    refused(READ("heads", "--text"), "--text: missing value: TEXT");
    refused(READ("heads", "-t"), "-t: missing value: TEXT");
    refused(READ("heads", "--text="), "--text: the value is empty: give TEXT");
    refused(READ("heads", "--text", ""), "--text: the value is empty: give TEXT");
    refused(READ("heads", "--flag=yes"), "--flag takes no value, and 'yes' is given");
    refused(READ("heads", "--flag="), "--flag takes no value, and '' is given");
    assert_true(READ("heads", "--text", "--flag")); /* what follows is the value, whatever it is */
    assert_string_equal(got.text, "--flag");
    assert_false(got.flag);
}

static void arguments(void **state)
{
    (void)state;
    refused(READ("--flag"), "missing argument: STUDY");
    assert_true(READ("a.yaml", "k=-1", "--flag", "l=2"));
    assert_int_equal(call.arguments, 3);
    assert_string_equal(call.argument[2], "l=2");
    assert_true(READ("-f", "--", "--flag", "-x"));
    assert_int_equal(call.arguments, 2);
    assert_string_equal(call.argument[0], "--flag");
    assert_true(READ("-")); /* a dash alone is an argument */
    assert_true(READ("--help"));
    assert_true(call.help);
    char *out, *err;
    assert_int_equal(
        fixture_command("schema", &out, &err, (const char *[]){ "attnlab", "too", "many", NULL }),
        STATUS_USAGE);
    assert_string_equal(err, "attnlab schema: unexpected argument 'too' (try `attnlab help "
                             "schema`)\n");
    free(out), free(err);
}

/* Every command describes itself, and its defaults and choices can be read. */
static void table_of_commands(void **state)
{
    (void)state;
    for (const command *const *c = commands; *c; c++) {
        char *out, *err, letters[64] = "";
        assert_ptr_equal(command_find((*c)->name), *c);
        assert_int_equal(
            fixture_command((*c)->name, &out, &err, (const char *[]){ "attnlab", "--help", NULL }),
            0);
        assert_string_equal(err, "");
        fixture_expect(out, "usage: attnlab ");
        const option *o;
        for (int i = 0; (o = command_option(*c, i)); i++) {
            char name[64];
            snprintf(name, sizeof name, "--%s", o->name);
            fixture_expect(out, name);
            assert_int_equal(o->kind == OPTION_FLAG, o->value == NULL);
            if (!o->letter) continue;
            assert_null(strchr(letters, o->letter)); /* each letter once */
            letters[strlen(letters)] = o->letter;
        }
        free(out), free(err);
    }
    assert_null(command_find("nosuchcommand"));
}

/* Lines on stderr in a table; the last line, or a field, for programs. */
static void notes_of_an_answer(void **state)
{
    (void)state;
    notes list = { 0 };
    char *text;
    size_t size;
    FILE *f = open_memstream(&text, &size);
    notes_add(&list, NOTE_INFO, "one \"%d\"", 1);
    notes_add(&list, NOTE_WARNING, "two");
    notes_print(&list, f);
    notes_print_json(&list, f);
    fclose(f);
    assert_string_equal(text, "one \"1\"\n! two\n"
                              "[{\"level\": \"info\", \"text\": \"one \\\"1\\\"\"},\n"
                              "  {\"level\": \"warning\", \"text\": \"two\"}]");
    free(text);
    notes_close(&list);
    assert_int_equal(list.n, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults),
        cmocka_unit_test(kinds),
        cmocka_unit_test(repeated),
        cmocka_unit_test(ranges),
        cmocka_unit_test(unknown),
        cmocka_unit_test(values_of_options),
        cmocka_unit_test(arguments),
        cmocka_unit_test(table_of_commands),
        cmocka_unit_test(notes_of_an_answer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
