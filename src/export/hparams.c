/*
 * hparams.c: the messages of TensorBoard's plugins/hparams/{api,plugin_data}.proto.
 *
 * The data are in the value's metadata; its tensor is empty, but required.
 */
#include "export/hparams.h"

#include <string.h>

#include "core/type.h"
#include "export/proto.h"
#include "study/study.h"

/* Field numbers, message by message. */
enum {
    SUMMARY_VALUE = 1,
    VALUE_TAG = 1,
    VALUE_TENSOR = 8,
    VALUE_METADATA = 9,
    METADATA_PLUGIN = 1,
    PLUGIN_NAME = 1,
    PLUGIN_CONTENT = 2,
    TENSOR_TYPE = 1,
    TENSOR_SHAPE = 2,
    SHAPE_DIMENSION = 2,
    DIMENSION_SIZE = 1,
    DATA_EXPERIMENT = 2,
    DATA_START = 3,
    DATA_END = 4,
    EXPERIMENT_CREATED = 3,
    EXPERIMENT_HPARAM = 4,
    EXPERIMENT_METRIC = 5,
    HPARAM_NAME = 1,
    HPARAM_TYPE = 4,
    HPARAM_DISCRETE = 5,
    HPARAM_INTERVAL = 6,
    LIST_VALUE = 1,
    INTERVAL_MINIMUM = 1,
    INTERVAL_MAXIMUM = 2,
    METRIC_NAME = 1,
    METRIC_NAME_TAG = 2,
    START_HPARAM = 1,
    START_TIME = 5,
    END_STATUS = 1,
    END_TIME = 2,
    ENTRY_KEY = 1,
    ENTRY_VALUE = 2,
    ANY_NUMBER = 2,
    ANY_STRING = 3,
    ANY_BOOL = 4,
};

enum { TYPE_STRING = 1, TYPE_BOOL = 2, TYPE_FLOAT64 = 3 };
enum { STATUS_SUCCESS = 1, STATUS_FAILURE = 2 };
enum { TENSOR_FLOAT = 1, TENSOR_SIZE = 0 };

/* google.protobuf.Value */
static void add_any(pbt__text *out, uint32_t field, const pbt_item *item)
{
    pbt__text message = pbt__proto_new();
    switch (item->type) {
    case PBT_ITEM_BOOL:
        pbt__proto_integer(&message, ANY_BOOL, item->integer != 0 ? 1 : 0);
        break;
    case PBT_ITEM_INT:
        pbt__proto_double(&message, ANY_NUMBER, (double)item->integer);
        break;
    case PBT_ITEM_FLOAT:
        pbt__proto_double(&message, ANY_NUMBER, item->real);
        break;
    default:
        pbt__proto_string(&message, ANY_STRING, item->text);
        break;
    }
    pbt__proto_message(out, field, &message);
}

static pbt__text summary_of(const char *tag, uint32_t kind, pbt__text *content)
{
    pbt__text data = pbt__proto_new(), plugin = pbt__proto_new(), metadata = pbt__proto_new();
    pbt__text dimension = pbt__proto_new(), shape = pbt__proto_new(), tensor = pbt__proto_new();
    pbt__text value = pbt__proto_new(), summary = pbt__proto_new();
    pbt__proto_message(&data, kind, content);
    pbt__proto_string(&plugin, PLUGIN_NAME, "hparams");
    pbt__proto_message(&plugin, PLUGIN_CONTENT, &data);
    pbt__proto_message(&metadata, METADATA_PLUGIN, &plugin);

    pbt__proto_integer(&dimension, DIMENSION_SIZE, TENSOR_SIZE);
    pbt__proto_message(&shape, SHAPE_DIMENSION, &dimension);
    pbt__proto_integer(&tensor, TENSOR_TYPE, TENSOR_FLOAT);
    pbt__proto_message(&tensor, TENSOR_SHAPE, &shape);

    pbt__proto_string(&value, VALUE_TAG, tag);
    pbt__proto_message(&value, VALUE_TENSOR, &tensor);
    pbt__proto_message(&value, VALUE_METADATA, &metadata);
    pbt__proto_message(&summary, SUMMARY_VALUE, &value);
    return summary;
}

/* ---- the experiment ---- */

static uint64_t type_of(const pbt_item *item)
{
    if (item->type == PBT_ITEM_BOOL) {
        return TYPE_BOOL;
    }
    return item->type == PBT_ITEM_TEXT ? TYPE_STRING : TYPE_FLOAT64;
}

static void add_interval(pbt__text *out, const pbt_parameter *parameter)
{
    const pbt__type *type = pbt__type_of(parameter);
    pbt__text interval = pbt__proto_new();
    pbt__proto_integer(out, HPARAM_TYPE, TYPE_FLOAT64);
    pbt__proto_double(&interval, INTERVAL_MINIMUM, type->number(parameter->min));
    pbt__proto_double(&interval, INTERVAL_MAXIMUM, type->number(parameter->max));
    pbt__proto_message(out, HPARAM_INTERVAL, &interval);
}

/* A list of texts and numbers has no type: left out, the tab finds it from the values. */
static void add_list(pbt__text *out, const pbt_parameter *parameter)
{
    uint64_t type = 0;
    bool is_uniform = true;
    pbt__text list = pbt__proto_new();
    for (int32_t i = 0; i < parameter->item_count; i++) {
        const pbt_item item = pbt__value_item(parameter, (pbt_value){.integer = i});
        is_uniform = is_uniform && (type == 0 || type == type_of(&item));
        type = type_of(&item);
        add_any(&list, LIST_VALUE, &item);
    }
    if (is_uniform) {
        pbt__proto_integer(out, HPARAM_TYPE, type);
    }
    pbt__proto_message(out, HPARAM_DISCRETE, &list);
}

static void add_space(pbt__text *out, const pbt_space *space)
{
    for (size_t i = 0; i < space->count; i++) {
        const pbt_parameter *parameter = &space->parameters[i];
        pbt__text info = pbt__proto_new();
        pbt__proto_string(&info, HPARAM_NAME, parameter->name);
        if (pbt__is_number(parameter)) {
            add_interval(&info, parameter);
        } else {
            add_list(&info, parameter);
        }
        pbt__proto_message(out, EXPERIMENT_HPARAM, &info);
    }
}

static void add_metric(pbt__text *out, const char *tag)
{
    pbt__text name = pbt__proto_new(), info = pbt__proto_new();
    pbt__proto_string(&name, METRIC_NAME_TAG, tag);
    pbt__proto_message(&info, METRIC_NAME, &name);
    pbt__proto_message(out, EXPERIMENT_METRIC, &info);
}

pbt__text pbt__hparams_experiment(const pbt_space *space, const char *const *metrics, size_t count,
                                  double created_seconds)
{
    char tag[256];
    pbt__text experiment = pbt__proto_new();
    pbt__proto_double(&experiment, EXPERIMENT_CREATED, created_seconds);
    add_space(&experiment, space);
    add_metric(&experiment, "score");
    for (size_t i = 0; i < count; i++) {
        snprintf(tag, sizeof tag, "metrics/%s", metrics[i]);
        add_metric(&experiment, tag);
    }
    return summary_of("_hparams_/experiment", DATA_EXPERIMENT, &experiment);
}

/* ---- sessions ---- */

pbt__text pbt__hparams_start(const pbt_space *space, const pbt_value *values, double seconds)
{
    pbt__text start = pbt__proto_new();
    for (size_t i = 0; i < space->count; i++) {
        const pbt_item item = pbt__value_item(&space->parameters[i], values[i]);
        pbt__text entry = pbt__proto_new();
        pbt__proto_string(&entry, ENTRY_KEY, space->parameters[i].name);
        add_any(&entry, ENTRY_VALUE, &item);
        pbt__proto_message(&start, START_HPARAM, &entry);
    }
    pbt__proto_double(&start, START_TIME, seconds);
    return summary_of("_hparams_/session_start_info", DATA_START, &start);
}

pbt__text pbt__hparams_end(bool has_failed, double seconds)
{
    pbt__text end = pbt__proto_new();
    pbt__proto_integer(&end, END_STATUS, has_failed ? STATUS_FAILURE : STATUS_SUCCESS);
    pbt__proto_double(&end, END_TIME, seconds);
    return summary_of("_hparams_/session_end_info", DATA_END, &end);
}
