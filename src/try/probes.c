/* probes.c: the table of probes, and what they trained. */
#include "try/probes.h"

#include <stddef.h>

const pbt__probe_row pbt__probe_rows[PBT__PROBE_COUNT] = {
    [PBT__PROBE_SCRATCH] = {"scratch", "from scratch", 1, 1, .start = PBT__PROBE_COUNT},
    [PBT__PROBE_LOADED] = {"loaded", "on from its checkpoint", 1, 2, .reload_always = true,
                           .start = PBT__PROBE_SCRATCH},
    [PBT__PROBE_AGAIN] = {"again", "the same again", 1, 2, .reload_always = true,
                          .start = PBT__PROBE_SCRATCH},
    [PBT__PROBE_OTHER] = {"other", "from scratch, with other hyperparameters", 1, 1,
                          .is_other = true, .start = PBT__PROBE_COUNT},
    [PBT__PROBE_COPIED] = {"copied", "on from that one's checkpoint", 1, 2, .reload_always = true,
                           .start = PBT__PROBE_OTHER},
    [PBT__PROBE_CHANGED] = {"changed", "on from its own, with other hyperparameters", 1, 2,
                            .is_other = true, .reload_always = true, .start = PBT__PROBE_SCRATCH},
    [PBT__PROBE_SECOND] = {"second", "a second member from scratch", 2, 1,
                           .start = PBT__PROBE_SCRATCH},
    [PBT__PROBE_TURNS] = {"turns", "both in turns, in one process", 2, 2, .reload_always = true,
                          .start = PBT__PROBE_COUNT},
    [PBT__PROBE_MEMORY] = {"memory", "one without a stop, in one process", 1, 2,
                           .start = PBT__PROBE_COUNT},
    [PBT__PROBE_WHOLE] = {"whole", "one segment as long as two", 1, 1, .start = PBT__PROBE_COUNT},
    [PBT__PROBE_LONGER] = {"longer", "longer segments, for the time they take", 1, 2,
                           .start = PBT__PROBE_COUNT},
    [PBT__PROBE_PINNED_MEMORY] = {"pinned-memory", "without a stop, random numbers pinned", 1, 2,
                                  .is_pinned = true, .start = PBT__PROBE_COUNT},
    [PBT__PROBE_PINNED_LOADED] = {"pinned-loaded", "on from its checkpoint, pinned", 1, 2,
                                  .reload_always = true, .is_pinned = true,
                                  .start = PBT__PROBE_PINNED_MEMORY},
    [PBT__PROBE_PINNED_SECOND] = {"pinned-second", "a second member, pinned", 2, 1,
                                  .is_pinned = true, .start = PBT__PROBE_PINNED_MEMORY},
    [PBT__PROBE_PINNED_TURNS] = {"pinned-turns", "both in turns, pinned", 2, 2,
                                 .reload_always = true, .is_pinned = true,
                                 .start = PBT__PROBE_COUNT},
    [PBT__PROBE_SHIFTED] = {"shifted", "with other random numbers", 1, 2, .reload_always = true,
                            .seed_shift = 1, .start = PBT__PROBE_SCRATCH},
    [PBT__PROBE_SHIFTED_AGAIN] = {"shifted-again", "and with others still", 1, 2,
                                  .reload_always = true, .seed_shift = 2,
                                  .start = PBT__PROBE_SCRATCH},
};

const pbt_value *pbt__trial_values(const pbt__trial *trial, pbt__probe_id id, int member)
{
    return (member > 0) != pbt__probe_rows[id].is_other ? trial->high : trial->low;
}

const pbt__trained *pbt__trial_segment(const pbt__trial *trial, pbt__probe_id id, int member,
                                       int number)
{
    return &trial->probed[id].segments[member][number];
}

/* In generational mode `reload: always` is only the default: a trainer may well carry on. */
bool pbt__trial_carries(const pbt__trial *trial)
{
    const pbt_spec *spec = trial->spec;
    return spec->trainer.protocol != PBT__PROTOCOL_COMMAND &&
           (!spec->trainer.reload_always || spec->search.mode == PBT_GENERATIONAL);
}

const pbt__trained *pbt__trial_uninterrupted(const pbt__trial *trial)
{
    return pbt__trial_carries(trial) ? pbt__trial_segment(trial, PBT__PROBE_MEMORY, 0, 1)
                                     : pbt__trial_segment(trial, PBT__PROBE_WHOLE, 0, 0);
}
