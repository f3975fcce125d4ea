/* notes.h - what a reader must know besides the rows of a result: a list of remarks and warnings.
 *
 *     notes n = { 0 };
 *     notes_add(&n, NOTE_WARNING, "%d runs diverged.", diverged);
 *     notes_print(&n, stderr);
 *     notes_close(&n);
 *
 * Functions fill the list; only the caller knows where it goes: a field of the JSON, lines on
 * stderr, or a page.
 */
#ifndef CORE_BASE_NOTES_H
#define CORE_BASE_NOTES_H

#include <stdarg.h>
#include <stdio.h>

typedef enum note_level { NOTE_INFO, NOTE_WARNING } note_level;

typedef struct note {
    note_level level;
    char *text; /* one line, without the newline */
} note;

/* Zeroed, it is an empty list. */
typedef struct notes {
    note *item;
    int n;
} notes;

void notes_add(notes *list, note_level level, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
void notes_add_list(notes *list, note_level level, const char *fmt, va_list args)
    __attribute__((format(printf, 3, 0)));

/* One line for each; a warning starts with "! ". */
void notes_print(const notes *list, FILE *out);

/* [{"level": "info" or "warning", "text": "..."}, ...], without a newline. */
void notes_print_json(const notes *list, FILE *out);

/* Frees the texts and empties the list. */
void notes_close(notes *list);

#endif
