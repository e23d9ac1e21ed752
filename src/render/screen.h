/*
 * screen.h: redrawing lines in place on a terminal.
 *
 * A frame is a text of lines, written over the one before. It is cut to the terminal's width ("..."
 * ends a line that was cut) and to one line less than its height. The cursor is hidden only while a
 * frame is written, so that whatever ends the process leaves the terminal as it was.
 */
#ifndef PBT_RENDER_SCREEN_H
#define PBT_RENDER_SCREEN_H

#include <stdbool.h>
#include <stddef.h>

enum { PBT__SCREEN_ROWS_MAXIMUM = 256 };

typedef struct pbt__screen {
    int descriptor;
    size_t columns, rows;
    size_t line_count; /* of the frame that is shown */
    size_t
        widths[PBT__SCREEN_ROWS_MAXIMUM]; /* its lines' columns, to find its top after a resize */
} pbt__screen;

/* Say whether a descriptor is a terminal that can be drawn on. */
bool pbt__screen_is_usable(int descriptor);

pbt__screen pbt__screen_init(int descriptor);

/* Ask the terminal for its size; 80 x 24 if it does not say. */
void pbt__screen_measure(pbt__screen *screen);

/* Show a frame over the last one. Where it has too many lines, the last ones are shown. */
void pbt__screen_draw(pbt__screen *screen, const char *frame);

#endif
