/* output.c: lines out of pieces. */
#include "executor/output.h"

#include <string.h>

pbt__output pbt__output_init(void)
{
    return (pbt__output){
        .line = pbt__text_init(PBT__OUTPUT_LINE_MAXIMUM),
        .last = pbt__text_init(PBT__OUTPUT_LINE_MAXIMUM),
    };
}

void pbt__output_fini(pbt__output *output)
{
    pbt__text_fini(&output->line);
    pbt__text_fini(&output->last);
}

static bool is_blank(const pbt__text *line)
{
    size_t i = 0;
    while (i < line->length && strchr(" \t\r", line->bytes[i]) != NULL) {
        i++;
    }
    return !line->failed && i == line->length;
}

/* The line is whole: it becomes the last one, whose memory the next line uses. */
static void end_line(pbt__output *output)
{
    if (!is_blank(&output->line)) {
        const pbt__text last = output->last;
        output->last = output->line;
        output->line = last;
    }
    output->line.length = 0;
    output->line.failed = false;
}

void pbt__output_take(pbt__output *output, const char *bytes, size_t length)
{
    while (length > 0) {
        const char *end = memchr(bytes, '\n', length);
        const size_t part = end != NULL ? (size_t)(end - bytes) : length;
        pbt__text_append(&output->line, bytes, part);
        if (end == NULL) {
            return;
        }
        end_line(output);
        bytes += part + 1;
        length -= part + 1;
    }
}

bool pbt__output_is_within_line(const pbt__output *output)
{
    return output->line.length > 0 || output->line.failed;
}

const pbt__text *pbt__output_last(pbt__output *output)
{
    end_line(output);
    return &output->last;
}
