// What a fit needs to go on after an interruption, in one safetensors file:
// maps so far, memory of its method as float32 and float64, counters, and the
// losses that it has reported. A file says of which fit it is: what it is of
// and its windows make a fingerprint, and another fit's is refused.
#ifndef PELLUCID_ANALYSIS_TUNE_CHECKPOINT_H_
#define PELLUCID_ANALYSIS_TUNE_CHECKPOINT_H_

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "model/model_impl.h"
#include "pellucid/result.h"
#include "pellucid/tokenizer.h"
#include "pellucid/trained_lens.h"
#include "pellucid/tune.h"

namespace pellucid {

struct TuneState {
  std::map<std::string, std::uint64_t> counts = {};
  std::map<std::string, std::vector<float>> floats = {};
  std::map<std::string, std::vector<double>> doubles = {};
  std::vector<LensTranslator> maps = {};
  std::vector<std::vector<float>> losses = {};  // of each step taken
};

// Writes and reads the file of one fit. Without a path it does neither.
class TuneCheckpoint {
 public:
  struct File {
    std::string path = {};  // empty: none
    bool resume = false;    // whether it is read
    double seconds = 0;     // from one time that it is written to the next
  };

  // `fit`: the model's hash and all options that numbers depend on, as text.
  TuneCheckpoint(File file, const std::string& fit,
                 std::span<const std::vector<TokenId>> windows);
  // Of a tuned lens.
  TuneCheckpoint(const Model::Impl& model,
                 std::span<const std::vector<TokenId>> windows,
                 const TuneOptions& options);

  // What the file holds, if the fit is to go on and there is one. kUsage: it is
  // of another fit. kModel: it is damaged.
  Result<std::optional<TuneState>> Read() const;

  // Whether it is time to write: so that what writing needs is gathered only
  // then. At a `milestone` it always is, if there is a file at all.
  bool Due(bool milestone = false) const;
  Status Write(const TuneState& state);

 private:
  File file_;
  std::string fingerprint_;
  std::chrono::steady_clock::time_point written_;
};

}  // namespace pellucid

#endif  // PELLUCID_ANALYSIS_TUNE_CHECKPOINT_H_
