/*
 * pbt.hpp: pbt.h, trainer.h and worker.h for C++17: what is opened is closed, and errors are
 * exceptions.
 *
 * Errors of the C library throw pbt::error with its text. Your exceptions do not reach C: in a
 * plugin and in pbt::train() they become a failed attempt, with the message in the member's log.
 * Threads: as the C headers say.
 */
#ifndef PBT_PBT_HPP
#define PBT_PBT_HPP

#include <cstdint>
#include <exception>
#include <memory>
#include <new>
#include <optional>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <vector>

#include <pbt/pbt.h>
#include <pbt/trainer.h>
#include <pbt/worker.h>

namespace pbt
{

/* What the C library refused: what() is its message. */
class error : public std::runtime_error {
public:
    error(pbt_err code, const pbt_error &said)
        : std::runtime_error(said.message[0] != '\0' ? said.message : pbt_err_message(code)),
          code(code), detail(said.detail), hint(said.hint) {}
    const pbt_err code;
    const std::string detail, hint;
};

/* Call a function of C whose last argument is a pbt_error; throw where it fails. */
template <class Function, class... Arguments> void call(Function function, Arguments... arguments)
{
    pbt_error said = pbt_error();
    const pbt_err code = function(arguments..., &said);
    if (code != PBT_OK) {
        throw error(code, said);
    }
}

/* Call a C function that finds something; it returns false if there is none. */
template <class Out, class Function, class... Arguments>
std::optional<Out> find(Function function, Arguments... arguments)
{
    Out out = Out();
    return function(arguments..., &out) ? std::optional<Out>(out) : std::nullopt;
}

/* What C opened, until its owner goes. */
template <class Type, void (*close)(Type *)> struct handle {
    template <class Function, class Argument> handle(Function open, Argument argument)
    {
        Type *made = nullptr;
        call(open, argument, &made);
        own.reset(made);
    }
    struct closer {
        void operator()(Type *opened) const { close(opened); }
    };
    std::unique_ptr<Type, closer> own;
};

/* A population. The search may go once it is made. */
class population {
public:
    explicit population(const pbt_search &search) : handle_(pbt_population_new, &search) {}
    /* The segment to train next; none where all are being trained, or it is over. */
    std::optional<pbt_segment> ask() { return find<pbt_segment>(pbt_population_ask, get()); }
    void tell(const pbt_report &report) { call(pbt_population_tell, get(), &report); }
    void fail(pbt_segment_id id, pbt_cause cause) { call(pbt_population_fail, get(), id, cause); }
    void release(pbt_segment_id id) { call(pbt_population_release, get(), id); }
    bool is_over() const { return pbt_population_is_over(get()); }
    bool needs(pbt_segment_id id) const { return pbt_population_needs(get(), id); }
    std::optional<pbt_segment> best() const
    {
        return find<pbt_segment>(pbt_population_best, get());
    }
    std::optional<pbt_segment> segment(pbt_segment_id id) const
    {
        return find<pbt_segment>(pbt_population_segment, get(), id);
    }
    std::optional<pbt_member> member(int32_t number) const
    {
        return find<pbt_member>(pbt_population_member, get(), number);
    }
    std::vector<pbt_segment> lineage(pbt_segment_id leaf) const
    {
        std::vector<pbt_segment> out(pbt_population_lineage(get(), leaf, nullptr, 0));
        (void)pbt_population_lineage(get(), leaf, out.data(), out.size());
        return out;
    }
    pbt_population *get() const { return handle_.own.get(); }

private:
    handle<pbt_population, pbt_population_free> handle_;
};

/* A spec, read from its file. */
class spec {
public:
    explicit spec(const std::string &path) : handle_(pbt_spec_read, path.c_str()) {}
    const pbt_search &search() const { return *pbt_spec_search(handle_.own.get()); }

private:
    handle<pbt_spec, pbt_spec_free> handle_;
};

/* A session of a worker. */
class worker {
public:
    explicit worker(const pbt_worker_options &options = pbt_worker_options_default())
        : handle_(pbt_worker_open, &options) {}
    /* The next segment; NULL once there is none. */
    const pbt_worker_segment *next()
    {
        const pbt_worker_segment *out = nullptr;
        call(pbt_worker_next, get(), &out);
        return out;
    }
    void report(int64_t step) { call(pbt_worker_report, get(), step); }
    void diverged(int64_t step) { call(pbt_worker_diverged, get(), step); }
    void release(int64_t step) { call(pbt_worker_release, get(), step); }
    void fail(const std::string &why, bool can_retry = true)
    {
        call(pbt_worker_fail, get(), why.c_str(), can_retry);
    }
    /* For all else there are the C functions: pbt_worker_log(worker.get(), ...). */
    pbt_worker *get() const { return handle_.own.get(); }

private:
    handle<pbt_worker, pbt_worker_close> handle_;
};

/* Train until there is no next segment. `train(worker, segment)` returns the step it came to, its
 * metrics recorded and its checkpoint saved; what it throws fails the attempt. */
template <class Train> void train(worker &w, Train train)
{
    while (const pbt_worker_segment *segment = w.next()) {
        int64_t step = 0;
        try {
            step = train(w, *segment);
        } catch (const std::exception &thrown) {
            w.fail(thrown.what());
            continue;
        }
        w.report(step);
    }
}

/* A plugin whose state is a `State`: trivially copyable, since pbt copies its bytes. It has
 * init(job), train(job), which returns the step it came to, and evaluate(job). In one file of the
 * plugin, outside any namespace: PBT_PLUGIN(State); */
template <class State> struct plugin {
    static_assert(std::is_trivially_copyable<State>::value, "pbt copies the bytes of a state");

    template <class Body> static int guard(const pbt_job *job, Body body) noexcept
    {
        try {
            body();
            return 0;
        } catch (const std::exception &thrown) {
            job->message(job->host, thrown.what());
        } catch (...) {
            job->message(job->host, "the trainer threw what is no std::exception");
        }
        return 1;
    }
    static int init(void *at, const pbt_job *job) noexcept
    {
        return guard(job, [=] { (new (at) State())->init(*job); });
    }
    static int train(void *at, const pbt_job *job, int64_t *step) noexcept
    {
        return guard(job, [=] { *step = static_cast<State *>(at)->train(*job); });
    }
    static int evaluate(void *at, const pbt_job *job) noexcept
    {
        return guard(job, [=] { static_cast<State *>(at)->evaluate(*job); });
    }
    static constexpr pbt_trainer table() noexcept
    {
        return {PBT_TRAINER_VERSION, sizeof(State), nullptr, nullptr, init, train, evaluate,
                nullptr, nullptr};
    }
};

} // namespace pbt

#define PBT_PLUGIN(State) const pbt_trainer pbt_trainer_table = pbt::plugin<State>::table()

#endif
