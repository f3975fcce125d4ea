/* style.h - how figures look: colours, fonts, sizes and line widths, from a file people can edit.
 *
 * A style file has lines "key: value"; a line that starts with "#" is a comment.  Keys that are
 * left out keep their defaults, which `attnlab plot --print-style` prints.  Values are checked when
 * they are read, since they end up in gnuplot's scripts: a colour is #RRGGBB, a font consists of
 * letters, digits, spaces and hyphens, and everything else is a number or one word of a list.
 */
#ifndef ANALYSIS_FIGURES_STYLE_H
#define ANALYSIS_FIGURES_STYLE_H

#include "core/base/error.h"

#include <stdio.h>

enum { STYLE_COLOURS = 24, STYLE_COLOUR = 8, STYLE_FONT = 64 };

typedef struct style {
    int colours;
    char colour[STYLE_COLOURS][STYLE_COLOUR]; /* of arms, in their order */
    char ink[STYLE_COLOUR], quiet[STYLE_COLOUR], grid[STYLE_COLOUR], margin[STYLE_COLOUR];
    char better[STYLE_COLOUR], worse[STYLE_COLOUR], most[STYLE_COLOUR]; /* of heat maps */
    char font[STYLE_FONT], tex_font[STYLE_FONT];
    double font_size, small_size; /* sizes and widths are pixels of the SVG, 96 per inch */
    double mean_width, seed_width, bar_width, point_size;
    double seed_opacity, band_opacity;
    double panel_width, panel_height;
    double png_scale, tex_scale;
} style;

void style_default(style *s);

/* Change what the file at `path` sets; fails, with the line number, on an unknown key or a bad
 * value. */
bool style_read(style *s, const char *path, error *e);

/* Print a style file with all keys and their meaning. */
void style_print(FILE *out, const style *s);

/* The colour of the i-th arm; after the last colour the first one comes again. */
const char *style_colour(const style *s, int i);

/* The same colour, dark enough for small text on white (contrast 4.5 : 1). */
void style_ink(char ink[STYLE_COLOUR], const char *colour);

/* The size of tex_font in points, in LaTeX's standard classes. */
double style_tex_points(const style *s);

/* A mixture of two colours: t of the way from one to the other. */
void style_blend(char out[STYLE_COLOUR], const char *from, const char *to, double t);

/* Relative luminance, 0 black to 1 white (WCAG 2.1). */
double style_luminance(const char *colour);

#endif
