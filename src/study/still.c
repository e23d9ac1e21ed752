/* still.c: training that shows no sign of progress. */
#include "study/still.h"

#include <stdlib.h>
#include <string.h>

#include "study/inside.h"

enum { LEAST_US = 60 * 1000 * 1000, TIMES = 20 };

void pbt__pace_add(pbt__pace *pace, int64_t duration_us)
{
    pace->durations_us[pace->count++ % PBT__PACE_WINDOW] = duration_us;
}

static int compare(const void *a, const void *b)
{
    const int64_t *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

int64_t pbt__pace_median(const pbt__pace *pace)
{
    int64_t sorted[PBT__PACE_WINDOW];
    size_t count = pace->count < PBT__PACE_WINDOW ? (size_t)pace->count : PBT__PACE_WINDOW;
    if (count == 0) {
        return 0;
    }
    memcpy(sorted, pace->durations_us, count * sizeof *sorted);
    qsort(sorted, count, sizeof *sorted, compare);
    return sorted[count / 2];
}

bool pbt__is_still(int64_t still_us, int64_t median_us)
{
    return median_us > 0 && still_us > LEAST_US && still_us / TIMES > median_us;
}

/* A lease that has ended is somebody who is gone, not one who hangs. */
static bool is_to_be_told(const pbt__study *study, const pbt__claim *claim, int64_t now_us,
                          int64_t median_us)
{
    return pbt__claim_is_current(study, claim) && claim->lease_until_us > now_us &&
           study->trials[claim->member].told != claim->number + 1 &&
           pbt__is_still(now_us - claim->step_changed_us, median_us);
}

bool pbt__study_find_still(pbt__study *study, int64_t now_us, pbt__still *out)
{
    bool is_found = false;
    pthread_mutex_lock(&study->view_lock);
    const pbt_spec *spec = study->view.facts.spec;
    int64_t median_us = pbt__pace_median(&study->pace);
    int32_t count = spec->stall_seconds > 0 ? 0 : spec->search.population;
    for (int32_t m = 0; !is_found && m < count; m++) {
        const pbt__claim *claim = &study->claims[m];
        is_found = is_to_be_told(study, claim, now_us, median_us);
        if (is_found) {
            study->trials[m].told = claim->number + 1;
            out->segment = (pbt_segment_id){m, claim->number};
            out->seconds = (double)(now_us - claim->step_changed_us) / 1e6;
        }
    }
    pthread_mutex_unlock(&study->view_lock);
    return is_found;
}
