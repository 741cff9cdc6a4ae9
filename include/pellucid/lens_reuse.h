// pellucid/lens_reuse.h - the lens of a prompt that goes on where another
// began.
//
// Somebody who types, or changes the end of a prompt, asks for nearly the same
// lens again. Whatever a token's numbers are depends on the tokens before it
// alone; so what the last run found up to where two prompts part is kept, and
// only the tokens behind that are run. Same bits as without.
//
//   LensOptions options;
//   options.reuse = std::make_shared<LensReuse>(model);
//   ComputeLens(model, Encode("The capital of France"), options);
//   ComputeLens(model, Encode("The capital of France is"), options);  // 2
//   tokens
#ifndef PELLUCID_LENS_REUSE_H_
#define PELLUCID_LENS_REUSE_H_

#include <cstddef>
#include <memory>

#include "pellucid/export.h"
#include "pellucid/model.h"

namespace pellucid {

// What the last run of a lens of one model left. Memory, once used: keys and
// values of up to `max_tokens` tokens, and their cells. One run at a time may
// use it.
//
// The last shared token is run again, since the token that follows it is
// another. Nothing is taken, and the run is kept all the same, where the rows,
// the positions, the tokens that are kept or watched, the trained lens or a
// rotary table that depends on the length differ from the last run's. Runs
// that neither take nor leave anything: of another model, of several prompts,
// of a part of the positions, of more than `max_tokens` tokens, with edits,
// with LensPrecision::kFast, with FollowFinal::kLast.
class PELLUCID_API LensReuse {
 public:
  struct Impl;  // src/analysis/lens_memory.h

  // Of runs of `model` on up to `max_tokens` tokens. Takes no memory yet.
  explicit LensReuse(const Model& model, std::size_t max_tokens = 512);

  // What runs left is nobody else's.
  ~LensReuse();
  LensReuse(const LensReuse&) = delete;
  LensReuse& operator=(const LensReuse&) = delete;

  // Tokens that the last run did not have to compute.
  std::size_t reused() const;

  // For the library's own layers.
  Impl& impl() { return *impl_; }

 private:
  const std::unique_ptr<Impl> impl_;
};

}  // namespace pellucid

#endif  // PELLUCID_LENS_REUSE_H_
