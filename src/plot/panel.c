/* panel.c: what panels are written with. */
#include <math.h>

#include "plot/picture.h"

void pbt__line_of_many(const pbt__picture *picture, pbt__text *script)
{
    const int32_t count = picture->trace->member_count;
    const char *style = count <= 16    ? "lw 1.2 lc rgb '#506b8ba4'"
                        : count <= 100 ? "lw 0.7 lc rgb '#906b8ba4'"
                                       : "lw 0.4 lc rgb '#d06b8ba4'";
    pbt__text_add(script, style);
}

void pbt__data_line(pbt__text *script, const double *numbers, int count)
{
    for (int i = 0; i < count; i++) {
        pbt__text_format(script, isfinite(numbers[i]) ? "%s%.9g" : "%sNaN", i > 0 ? " " : "",
                         numbers[i]);
    }
    pbt__text_add(script, "\n");
}
