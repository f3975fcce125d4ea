/* corpus_folder.h - may a corpus be written into this folder?
 *
 * Only into a folder that is new, empty, or attnlab's own: one whose manifest says so, complete or
 * not.  Everything else is somebody's.
 */
#ifndef TRAINER_CORPUS_CORPUS_FOLDER_H
#define TRAINER_CORPUS_CORPUS_FOLDER_H

#include "core/base/error.h"

typedef enum corpus_folder {
    FOLDER_NEW,    /* it is missing or empty                        */
    FOLDER_BEGUN,  /* a corpus that was not completed               */
    FOLDER_CORPUS, /* a corpus                                      */
} corpus_folder;

/* What the folder is.  Fails (STATUS_FAILED) if it is no folder, or holds what is not attnlab's. */
bool corpus_folder_look(corpus_folder *what, const char *path, error *e);

/* Can files be written there, or the folder be made?  Nothing is made.  Fails with the reason. */
bool corpus_folder_writable(const char *path, error *e);

#endif
