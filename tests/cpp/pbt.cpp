/* pbt.cpp: pbt.hpp as a program uses it. Each line of output is a test (TAP). */
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <string>
#include <utility>

#include <pbt/pbt.hpp>

namespace
{

int done = 0;
bool all_good = true;

void check(bool is_good, const char *name)
{
    all_good = all_good && is_good;
    std::printf("%s %d - %s\n", is_good ? "ok" : "not ok", ++done, name);
}

/* What a call throws; PBT_OK where it throws nothing. */
template <class Body> std::pair<pbt_err, std::string> thrown(Body body)
{
    try {
        body();
    } catch (const pbt::error &error) {
        return {error.code, error.what()};
    }
    return {PBT_OK, ""};
}

pbt::population make()
{
    const pbt_parameter rate = pbt_parameter_float("rate", PBT_LOG, 1e-3, 1.0);
    pbt_search search = pbt_search_default();
    search.population = 4;
    search.ready_every = 10;
    search.stop_steps = 50;
    search.space.parameters = &rate;
    search.space.count = 1;
    return pbt::population(search);
}

void a_population_trains()
{
    pbt::population population = make();
    std::map<std::pair<int, int>, double> weights;
    std::size_t most = 0;
    while (const auto segment = population.ask()) {
        const pbt_segment_id from = segment->parent;
        double w = from.member < 0 ? 10 : weights.at({from.member, from.number});
        w *= 1 - segment->values[0].real;
        weights[{segment->id.member, segment->id.number}] = w;
        pbt_report report = pbt_report();
        report.segment = segment->id;
        report.step = segment->end_step;
        report.score = -std::fabs(w);
        report.has_checkpoint = true;
        population.tell(report);
        for (auto at = weights.begin(); at != weights.end();) {
            const pbt_segment_id id = {at->first.first, at->first.second};
            at = population.needs(id) ? std::next(at) : weights.erase(at);
        }
        most = weights.size() > most ? weights.size() : most;
    }
    check(population.is_over() && most <= 5, "a population trains, and keeps what it needs");
    const auto best = population.best();
    const auto line = population.lineage(best->id);
    check(line.size() == 5 && line.back().end_age == 50, "a lineage is a vector");
    check(population.member(3)->state == PBT_MEMBER_FINISHED && !population.member(4),
          "a member is there or not");
}

void errors_are_exceptions()
{
    pbt::population population = make();
    const auto late = thrown([&] { population.release({0, 7}); });
    check(late.first == PBT_ERR_STATE && late.second == "the segment is not open",
          "a refusal is thrown with its words");
    population.fail({0, 0}, PBT_CAUSE_FATAL);
    check(population.segment({0, 0})->state == PBT_SEGMENT_GIVEN_UP, "a failure can be told");
    const pbt_search empty = pbt_search_default();
    check(thrown([&] { pbt::population never(empty); }).first == PBT_ERR_ARGUMENT,
          "what contradicts itself is never made");
    check(thrown([] { pbt::spec never("/nowhere/pbt.yaml"); }).first == PBT_ERR_IO,
          "a spec that cannot be read is never made");
    check(thrown([] { pbt::worker never; }).first == PBT_ERR_ARGUMENT,
          "a worker that knows no server is never made");
}

class state
{
    double w;

  public:
    void init(const pbt_job &)
    {
        w = 1;
    }
    int64_t train(const pbt_job &job)
    {
        w += pbt_job_real(&job, "rate", 2);
        return job.end_step;
    }
    void evaluate(const pbt_job &job) const
    {
        if (w > 4) {
            throw std::runtime_error("too large");
        }
        job.metric(job.host, "w", w);
    }
};

std::string said;

} // namespace

PBT_PLUGIN(state);

namespace
{

void a_plugin_lets_no_exception_out()
{
    pbt_job job = pbt_job();
    double metric = 0;
    job.host = &metric;
    job.end_step = 10;
    job.metric = [](void *host, const char *, double value) {
        *static_cast<double *>(host) = value;
    };
    job.message = [](void *, const char *text) { said = text; };
    const pbt_trainer &table = pbt_trainer_table;
    alignas(64) unsigned char memory[sizeof(state)] = {};
    int64_t step = 0;
    check(table.state_size == sizeof(state) && table.init(memory, &job) == 0 &&
              table.train(memory, &job, &step) == 0 && step == 10 &&
              table.evaluate(memory, &job) == 0 && metric == 3,
          "a class is a plugin");
    check(table.train(memory, &job, &step) == 0 && table.evaluate(memory, &job) != 0 &&
              said == "too large",
          "what a plugin throws fails the attempt, with its words");
}

int run()
{
    for (const char *name : {"PBT_SERVER", "PBT_STUDY", "PBT_TOKEN", "PBT_WORKER"}) {
        (void)unsetenv(name);
    }
    std::puts("1..10");
    a_population_trains();
    errors_are_exceptions();
    a_plugin_lets_no_exception_out();
    return all_good ? 0 : 1;
}

} // namespace

int main()
{
    try {
        return run();
    } catch (...) {
        std::puts("not ok - nothing is thrown");
        return 1;
    }
}
