/* sink.c: lines are gathered before a write. */
#include "export/sink.h"

#include "base/error.h"

enum { PIECE = 1 << 16, TEXT_MAXIMUM = 1 << 30 }; /* Units: bytes */

pbt__sink pbt__sink_init(void)
{
    return (pbt__sink){.file = -1, .text = pbt__text_init(TEXT_MAXIMUM)};
}

pbt_err pbt__sink_open(pbt__sink *sink, const char *folder, const char *name, pbt_error *error)
{
    pbt_err err = pbt__path_join(folder, name, sink->path, error);
    return err == PBT_OK ? pbt__file_create(sink->path, &sink->file, error) : err;
}

static pbt_err write_text(pbt__sink *sink, pbt_error *error)
{
    if (sink->text.failed) {
        return pbt__fail_memory(error);
    }
    pbt_err err = pbt__file_put(sink->file, sink->path, pbt__text_string(&sink->text),
                                sink->text.length, error);
    pbt__text_fini(&sink->text);
    return err;
}

pbt_err pbt__sink_flow(pbt__sink *sink, pbt_error *error)
{
    bool is_due = sink->text.failed || sink->text.length >= PIECE;
    return is_due ? write_text(sink, error) : PBT_OK;
}

pbt_err pbt__sink_end(pbt__sink *sink, pbt_error *error)
{
    pbt_err err = write_text(sink, error);
    return err == PBT_OK ? pbt__file_end(&sink->file, sink->path, error) : err;
}

void pbt__sink_fini(pbt__sink *sink)
{
    pbt__file_abandon(&sink->file);
    pbt__text_fini(&sink->text);
}
