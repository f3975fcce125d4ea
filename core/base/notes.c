/* notes.c - a growing list of remarks, printed as lines or as a JSON array. */
#include "core/base/notes.h"

#include "core/base/error.h"
#include "core/base/growing.h"
#include "core/base/table.h"

#include <stdlib.h>

void notes_add_list(notes *list, note_level level, const char *fmt, va_list args)
{
    growing words;
    growing_open(&words);
    vfprintf(words.f, fmt, args);
    char *text = growing_close(&words);
    list->item = realloc(list->item, ((size_t)list->n + 1) * sizeof *list->item);
    if (!list->item) error_memory();
    list->item[list->n++] = (note){ level, text };
}

void notes_add(notes *list, note_level level, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    notes_add_list(list, level, fmt, args);
    va_end(args);
}

void notes_print(const notes *list, FILE *out)
{
    for (int i = 0; i < list->n; i++)
        fprintf(out, "%s%s\n", list->item[i].level == NOTE_WARNING ? "! " : "", list->item[i].text);
}

void notes_print_json(const notes *list, FILE *out)
{
    fputc('[', out);
    for (int i = 0; i < list->n; i++) {
        char *text = table_json_string(list->item[i].text);
        fprintf(out, "%s{\"level\": \"%s\", \"text\": %s}", i ? ",\n  " : "",
                list->item[i].level == NOTE_WARNING ? "warning" : "info", text);
        free(text);
    }
    fputc(']', out);
}

void notes_close(notes *list)
{
    for (int i = 0; i < list->n; i++) free(list->item[i].text);
    free(list->item);
    *list = (notes){ 0 };
}
