#include "bench/machine.h"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <numeric>
#include <span>
#include <thread>
#include <vector>

#include "bench/machine_loops.h"

namespace pellucid::bench {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kFmaSteps = std::size_t{1} << 20, kFmaRuns = 50;
// Eight times the last cache of most machines with few cores.
constexpr std::size_t kReadBytes = std::size_t{256} << 20, kReadRuns = 4;

// The best rate of `runs` runs of `work`, which says how much it did.
double BestRate(std::size_t runs, const std::function<double()>& work) {
  double best = 0;
  for (std::size_t run = 0; run < runs; ++run) {
    const Clock::time_point start = Clock::now();
    const double done = work();
    const std::chrono::duration<double> seconds = Clock::now() - start;
    best = std::max(best, done / seconds.count());
  }
  return best;
}

// The sum of rate(i) of threads i, all at the same time.
double SumOverThreads(std::size_t threads,
                      const std::function<double(std::size_t)>& rate) {
  std::vector<double> rates(threads);
  {
    std::vector<std::jthread> running;
    for (std::size_t i = 1; i < threads; ++i) {
      running.emplace_back([&, i] { rates[i] = rate(i); });
    }
    rates[0] = rate(0);
  }
  return std::accumulate(rates.begin(), rates.end(), 0.0);
}

double MeasureFlops(std::size_t threads) {
  return SumOverThreads(threads, [](std::size_t) {
    return BestRate(kFmaRuns, [] { return RunChains(kFmaSteps); });
  });
}

double MeasureBandwidth(std::size_t threads) {
  const std::vector<std::uint64_t> words(kReadBytes / sizeof(std::uint64_t), 1);
  const std::size_t share = words.size() / threads;
  return SumOverThreads(threads, [&](std::size_t i) {
    const auto part = std::span(words).subspan(i * share, share);
    return BestRate(kReadRuns, [&] { return ReadAll(part); });
  });
}

// What `measure` gave for that many threads at the first call.
double Once(std::map<std::size_t, double>* known, std::size_t threads,
            const std::function<double(std::size_t)>& measure) {
  const auto found = known->find(threads);
  if (found != known->end()) return found->second;
  return known->emplace(threads, measure(threads)).first->second;
}

}  // namespace

double PeakFlops(std::size_t threads) {
  static std::map<std::size_t, double> known;
  return Once(&known, threads, MeasureFlops);
}

double ReadBandwidth(std::size_t threads) {
  static std::map<std::size_t, double> known;
  return Once(&known, threads, MeasureBandwidth);
}

}  // namespace pellucid::bench
