/* figure.h - figures by gnuplot: NAME.svg, NAME.png and NAME.pdf, with the script NAME.gp and the
 * data NAME.dat that made them beside them.
 *
 * What people called things reaches gnuplot only as data or in single quotes, where it substitutes
 * nothing, and gnuplot is started without a shell.  The same data give the same bytes: the date
 * that cairo writes into a PDF is overwritten.
 */
#ifndef ANALYSIS_FIGURE_H
#define ANALYSIS_FIGURE_H

#include "core/error.h"
#include "core/file.h"

#include <stdio.h>

typedef struct figure {
    const char *folder, *name;
    file_draft gp, dat; /* write to gp.f and dat.f */
    int blocks;         /* of data so far */
} figure;

/* `width` and `height` in pixels of the SVG.  The folder must exist; it and the name must stay. */
bool figure_open(figure *f, const char *folder, const char *name, int width, int height, error *e);

/* Put the two files in place and run gnuplot on them. */
bool figure_close(figure *f, error *e);
void figure_drop(figure *f);

/* A string in the script: quoted, control characters removed. */
void figure_quote(FILE *gp, const char *text);

/* The same for the text at a tic, where gnuplot looks for number formats. */
void figure_quote_tic(FILE *gp, const char *text);

/* About `count` tics on axis 'x' or 'y' from lo to hi, all with the digits that their step needs.
 */
void figure_tics(FILE *gp, char axis, double lo, double hi, int count);

/* A remark above the plot, in small type. */
void figure_remark(FILE *gp, const char *text);

/* Room for a legend whose longest entry is `text`, in pixels of the SVG. */
int figure_legend(int longest, const char *text);

/* Start a block of data, with a comment above it; returns its index. */
int figure_block(figure *f, const char *comment);

/* Okabe and Ito's colours, which people who confuse some can tell apart; with `faint`, they let
 * through what is behind.  "#RRGGBB" or "#AARRGGBB". */
const char *figure_colour(int i, bool faint);

/* The same, dark enough for small text on white. */
const char *figure_ink(int i);

/* A kind of point for the i-th arm. */
int figure_point(int i);

#endif
