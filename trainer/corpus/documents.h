/* documents.h - a list of documents, read from files, folders, lists of files or standard input.
 *
 *     a file = one document, or one for each line of JSON, or one between two separators
 *
 * The order is that of the arguments; in a folder, that of the names, byte by byte.
 */
#ifndef TRAINER_CORPUS_DOCUMENTS_H
#define TRAINER_CORPUS_DOCUMENTS_H

#include "core/base/error.h"
#include "trainer/corpus/meter.h"
#include "trainer/corpus/text.h"

/* How files are read.  Zeroed: a file is one document, unchanged. */
typedef struct document_source {
    const char *field;     /* a file is lines of JSON; this field of each is a document; or NULL */
    const char *separator; /* what stands between the documents of a file; or NULL               */
    bool one_space;        /* normalize white space                                              */
    const char *skip;      /* a folder to leave out of the folders that hold it; or NULL         */
    meter *meter;          /* counts the bytes; or NULL                                          */
    bool input_read;       /* standard input has been read, which works once                     */
} document_source;

typedef struct documents {
    text *item;    /* (n) checked, not yet hashed     */
    int n, blank;  /* documents; blank ones left out  */
    void **memory; /* (blocks) what the texts point to */
    int blocks;
} documents;

/* Append the documents of a file, of all files in and below a folder (hidden ones left out), or of
 * standard input ("-").  Fails if a file cannot be read or a document cannot be used; the message
 * names file and line.  Blank documents are left out, unless a file is one document. */
bool documents_add(documents *d, const char *path, document_source *source, error *e);

/* The same of every file that a file ("-": standard input) names, one on each line. */
bool documents_add_list(documents *d, const char *list, document_source *source, error *e);

/* Append one document, whose memory belongs to another list. */
void documents_put(documents *d, const text *t);

void documents_close(documents *d);

#endif
