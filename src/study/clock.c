/*
 * clock.c: how long a study has been trained, which stop.seconds limits.
 *
 * The clock runs while somebody holds a claim. Claims are not in the log, so `timed` events say
 * when it starts and when it stops; between them the events' own times tell how far it is. Only a
 * study with a limit has them. What a crash leaves is a clock that runs: whoever finds the leases
 * ended, or opens the study, cuts it back to the last sign of life.
 *
 *     timed (runs, 0 s)   reported at 10 s   reported at 25 s   [killed at 31 s, beat at 30 s]
 *                                     ... a night later: timed (runs, 30 s)   reported ...
 *
 * No decision depends on it: when the time is over is an event of its own.
 */
#include <math.h>

#include "base/clock.h"
#include "base/error.h"
#include "study/inside.h"

static bool is_limited(const pbt__study *study)
{
    return study->view.facts.spec->stop_seconds > 0;
}

/* When the newest lease ends; 0: nobody holds one. O(N) */
static int64_t latest_lease_us(const pbt__study *study)
{
    int64_t latest_us = 0;
    for (int32_t m = 0; m < study->view.facts.spec->search.population; m++) {
        const pbt__claim *claim = &study->claims[m];
        const bool is_later = claim->lease_until_us > latest_us;
        latest_us =
            is_later && pbt__claim_is_current(study, claim) ? claim->lease_until_us : latest_us;
    }
    return latest_us;
}

/* Trained up to `until_us`, of the wall's clock. */
static int64_t trained_until(const pbt__study *study, int64_t until_us)
{
    const pbt__facts *facts = &study->view.facts;
    const int64_t since_us = until_us - facts->time_us;
    return facts->trained_us + (facts->is_training && since_us > 0 ? since_us : 0);
}

bool pbt__study_is_out_of_time(const pbt__study *study)
{
    const double limit_us = study->view.facts.spec->stop_seconds * 1e6;
    return is_limited(study) && (double)trained_until(study, study->transaction.now_us) >= limit_us;
}

pbt_err pbt__study_turn_clock(pbt__study *study, pbt_error *error)
{
    const bool is_training = is_limited(study) && latest_lease_us(study) > 0;
    if (!is_limited(study) || is_training == study->view.facts.is_training) {
        return PBT_OK;
    }
    return pbt__study_log_time(study, trained_until(study, study->transaction.now_us), is_training,
                               error);
}

pbt_err pbt__study_cut_clock(pbt__study *study, bool is_opening, pbt_error *error)
{
    if (!is_limited(study) || !study->view.facts.is_training) {
        return PBT_OK;
    }
    const int64_t latest_us = latest_lease_us(study);
    const int64_t lease_us = (int64_t)(study->view.facts.spec->lease_seconds * 1e6);
    if (!is_opening && latest_us > study->transaction.now_us) {
        return PBT_OK;
    }
    return pbt__study_log_time(study, trained_until(study, latest_us - lease_us), true, error);
}

double pbt__study_seconds_trained(const pbt__study *study, int64_t now_us)
{
    const int64_t latest_us = latest_lease_us(study);
    const int64_t lease_us = (int64_t)(study->view.facts.spec->lease_seconds * 1e6);
    const int64_t until_us = latest_us < now_us ? latest_us - lease_us : now_us;
    return (double)trained_until(study, until_us) / 1e6;
}

/* ---- for whoever watches ---- */

double pbt__study_seconds_left(pbt__study *study)
{
    double left = INFINITY;
    pthread_mutex_lock(&study->view_lock);
    if (is_limited(study)) {
        left = study->view.facts.spec->stop_seconds -
               (double)trained_until(study, pbt__clock_now_us()) / 1e6;
    }
    pthread_mutex_unlock(&study->view_lock);
    return left;
}
