/* sizes.c: whether every member can go on with states of one size, and which have none. */
#include <sys/stat.h>

#include "base/error.h"
#include "study/inside.h"

/* The start checkpoint of a member that has trained nothing yet; false if there is none. One
 * that cannot be found is the claim's to complain of. */
static bool find_start(const pbt_spec *spec, int32_t m, pbt__start *out)
{
    char path[PBT__PATH_SIZE];
    struct stat status;
    const char *name = m < spec->search.start_count ? spec->search.starts[m].checkpoint : NULL;
    if (name == NULL || pbt__path_join(spec->folder, name, path, NULL) != PBT_OK ||
        stat(path, &status) != 0 || !S_ISREG(status.st_mode)) {
        return false;
    }
    *out = (pbt__start){.member = m, .from = PBT_NO_SEGMENT, .size_bytes = status.st_size};
    return true;
}

pbt_err pbt__spec_other_size(const pbt_spec *spec, int64_t size_bytes, pbt__start *out)
{
    pbt__start found;
    *out = (pbt__start){.member = -1};
    for (int32_t m = 0; m < spec->search.start_count && out->member < 0; m++) {
        if (find_start(spec, m, &found) && found.size_bytes != size_bytes) {
            *out = found;
        }
    }
    return PBT_OK;
}

/* What a member's open segment starts from. Errors: PBT_ERR_MEMORY. */
static pbt_err find_from(const pbt__study *study, int32_t m, bool *is_found, pbt__start *out)
{
    pbt_segment newest;
    *is_found = false;
    if (!pbt__population_newest(study->view.population, m, &newest) ||
        newest.state != PBT_SEGMENT_OPEN) {
        return PBT_OK;
    }
    if (newest.parent.member < 0) {
        *is_found = find_start(study->view.facts.spec, m, out);
        return PBT_OK;
    }
    const pbt__ledger_entry *entry = pbt__ledger_entry_of(study->view.ledger, newest.parent);
    if (entry == NULL) {
        return PBT_ERR_MEMORY;
    }
    *out = (pbt__start){m, newest.parent, entry->checkpoint.size_bytes};
    *is_found = entry->checkpoint.kind != PBT__CHECKPOINT_NONE && !entry->is_gone;
    return PBT_OK;
}

static pbt_err find_other(const pbt__study *study, int64_t size_bytes, pbt__start *out)
{
    pbt__start found;
    for (int32_t m = 0; m < study->view.facts.spec->search.population; m++) {
        bool is_found = false;
        const pbt_err err = find_from(study, m, &is_found, &found);
        if (err != PBT_OK) {
            return err;
        }
        if (is_found && found.size_bytes != size_bytes) {
            *out = found;
            return PBT_OK;
        }
    }
    *out = (pbt__start){.member = -1};
    return PBT_OK;
}

pbt_err pbt__study_other_size(pbt__study *study, int64_t size_bytes, pbt__start *out,
                              pbt_error *error)
{
    pbt_err err = pbt__study_look(study, error);
    if (err != PBT_OK) {
        return err;
    }
    err = find_other(study, size_bytes, out);
    pthread_mutex_unlock(&study->view_lock);
    return err == PBT_OK ? PBT_OK : pbt__fail_memory(error);
}

/* ---- checkpoints without bytes ---- */

static pbt_err fail_full(const pbt__study *study, const pbt__checkpoint *checkpoint,
                         pbt_error *error)
{
    (void)pbt__fail(error, PBT_ERR_IO, "the file system of the checkpoints of '%s' is full",
                    study->row.name);
    pbt__error_detail(error, "what the trainer saved there has %lld bytes, and may be cut short",
                      (long long)checkpoint->size_bytes);
    pbt__error_hint(error, "free space on it, or lower checkpoints.keep_best with `amend`");
    return PBT_ERR_IO;
}

static pbt_err fail_empty(pbt_error *error)
{
    (void)pbt__fail(error, PBT_ERR_CHECKPOINT, "the checkpoint is empty; is the disk full?");
    pbt__error_detail(error, "checkpoints of this study had bytes before");
    pbt__error_hint(error, "a trainer that cannot write must fail: 'set -e' in a shell script");
    return PBT_ERR_CHECKPOINT;
}

pbt_err pbt__study_check_bytes(const pbt__study *study, const pbt__checkpoint *checkpoint,
                               pbt_error *error)
{
    const bool is_first = pbt__population_tally(study->view.population).best.member < 0;
    const bool is_empty = checkpoint->size_bytes == 0;
    if (checkpoint->kind == PBT__CHECKPOINT_INLINE || (!is_empty && !is_first)) {
        return PBT_OK;
    }
    if (pbt__vault_is_full(study->vault)) {
        return fail_full(study, checkpoint, error);
    }
    /* The best one is always kept, so there are bytes where there ever were. */
    return is_empty && pbt__ledger_bytes(study->view.ledger) > 0 ? fail_empty(error) : PBT_OK;
}
