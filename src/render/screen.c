/* screen.c: ANSI sequences: up, clear to the end of line, clear below, cursor off and on. */
#include "render/screen.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/text.h"
#include "render/table.h"

enum { FRAME_MAXIMUM = 1 << 20 }; /* Units: bytes */

static const char CUT[] = "..."; /* what ends a line that was cut */

bool pbt__screen_is_usable(int descriptor)
{
    const char *kind = getenv("TERM");
    return isatty(descriptor) && kind != NULL && kind[0] != '\0' && strcmp(kind, "dumb") != 0;
}

pbt__screen pbt__screen_init(int descriptor)
{
    pbt__screen screen = {.descriptor = descriptor};
    pbt__screen_measure(&screen);
    return screen;
}

void pbt__screen_measure(pbt__screen *screen)
{
    struct winsize size = {0};
    bool is_known = ioctl(screen->descriptor, TIOCGWINSZ, &size) == 0;
    screen->columns = is_known && size.ws_col > 0 ? size.ws_col : 80;
    screen->rows = is_known && size.ws_row > 1 ? size.ws_row : 24;
    if (screen->rows > PBT__SCREEN_ROWS_MAXIMUM) {
        screen->rows = PBT__SCREEN_ROWS_MAXIMUM;
    }
}

/* Rows the shown frame takes at the present width: a narrowed terminal has wrapped its lines. */
static size_t shown_rows(const pbt__screen *screen)
{
    size_t rows = 0;
    for (size_t i = 0; i < screen->line_count; i++) {
        size_t width = screen->widths[i] > 0 ? screen->widths[i] : 1;
        rows += (width + screen->columns - 1) / screen->columns;
    }
    return rows < screen->rows ? rows : screen->rows - 1;
}

/* Measure what of a line fits: its bytes, and in `*width` its code points. */
static size_t fit(const char *line, size_t length, size_t columns, size_t *width)
{
    size_t at = 0;
    *width = 0;
    for (; at < length; at++) {
        bool is_start = ((unsigned char)line[at] & 0xc0) != 0x80;
        if (is_start && *width == columns) {
            break;
        }
        *width += is_start;
    }
    return at;
}

/* Append a line; of one that is too long, what fits before "...". Returns its columns. */
static size_t add_line(const char *line, size_t length, size_t columns, pbt__text *out)
{
    size_t width = 0;
    size_t fitting = fit(line, length, columns, &width);
    if (fitting == length || columns <= sizeof CUT) {
        pbt__text_append(out, line, fitting);
        return width;
    }
    fitting = fit(line, length, columns - (sizeof CUT - 1), &width);
    pbt__text_append(out, line, fitting);
    pbt__text_add(out, CUT);
    return columns;
}

/* The start of the last `count` lines of a frame. */
static const char *last_lines(const char *frame, size_t count)
{
    const char *at = frame + strlen(frame);
    while (at > frame) {
        const char *before = at - 1;
        while (before > frame && before[-1] != '\n') {
            before--;
        }
        if (count-- == 0) {
            return at;
        }
        at = before;
    }
    return frame;
}

static void write_whole(int descriptor, const char *bytes, size_t length)
{
    while (length > 0) {
        ssize_t written = write(descriptor, bytes, length);
        if (written <= 0) {
            return;
        }
        bytes += written;
        length -= (size_t)written;
    }
}

void pbt__screen_draw(pbt__screen *screen, const char *frame)
{
    pbt__text out = pbt__text_init(FRAME_MAXIMUM);
    pbt__text_add(&out, "\033[?25l\r");
    size_t up = shown_rows(screen);
    if (up > 0) {
        pbt__text_format(&out, "\033[%zuA", up);
    }
    screen->line_count = 0;
    for (const char *line = last_lines(frame, screen->rows - 1); *line != '\0';) {
        size_t length = strcspn(line, "\n");
        pbt__text_add(&out, "\033[K");
        screen->widths[screen->line_count++] = add_line(line, length, screen->columns, &out);
        pbt__text_add(&out, "\n");
        line += length + (line[length] == '\n');
    }
    pbt__text_add(&out, "\033[J\033[?25h");
    if (!out.failed) {
        write_whole(screen->descriptor, pbt__text_string(&out), out.length);
    }
    pbt__text_fini(&out);
}
