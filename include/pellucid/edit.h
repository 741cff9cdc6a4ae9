// pellucid/edit.h - changes of activations during a run.
//
//   Edit edit{.site = "model.layers.5.mlp", .kind = EditKind::kZero};
//   edit.scope.positions = Selection::Last();
//   Trace trace = model.Run(ids, {.sites = {"logits"}, .edits =
//   {edit}}).value();
//
// Every site that can be recorded can be edited, but the rotary tables: the run
// goes on with what an edit leaves, and a trace records that. Edits of one site
// are made in their order. An edit that changes no number changes no bit of the
// run; results depend neither on threads, nor on the batch, nor on a KV cache.
#ifndef PELLUCID_EDIT_H_
#define PELLUCID_EDIT_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "pellucid/export.h"
#include "pellucid/result.h"
#include "pellucid/selection.h"
#include "pellucid/tensor.h"

namespace pellucid {

struct ModelInfo;  // pellucid/model.h

// What becomes of the numbers x in scope, in float32 unless said.
enum class EditKind : std::uint8_t {
  kZero,          // 0
  kScale,         // x * factor
  kAdd,           // x + factor * values; without values, x + factor
  kReplace,       // values
  kMean,          // the mean of the rows of `values`; without values, of all
                  // positions of the same prompt in this run (summed in
                  // float64)
  kResample,      // a row of `values`, drawn by seed for each position
  kNoise,         // x + factor * normal numbers drawn by seed (DrawNormal)
  kClamp,         // min(max(x, low), high)
  kProjectOut,    // x less its component in the span of the rows of `values`
                  // (float64)
  kSetComponent,  // x with the component `factor` along `values`, one row, made
                  // a unit vector (float64)
  kMask,          // scores: -inf, so that the query does not see the key
  kCustom,        // what `custom` leaves
  kCustomSite,    // what `custom_site` leaves
};

// The kind's name in JSON: "zero", "scale", "add", "replace", "mean",
// "resample", "noise", "clamp", "project_out", "set_component", "mask",
// "custom", "custom_site".
PELLUCID_API std::string_view EditKindName(EditKind kind);

// In a generation: the tokens that an edit is made at.
enum class EditWhen : std::uint8_t {
  kPrompt,
  kGenerated,  // those that the model wrote, all of them
  kBoth,
};

// Where an edit is made. What is left empty is everything.
struct EditScope {
  // Positions of the prompt, counted in each; of scores and pattern, queries.
  Selection positions = {};
  // Not empty: instead, the positions of the tokens that the first occurrence
  // of this text touches.
  std::string text = {};
  // Of scores and pattern: positions of keys.
  Selection keys = {};
  std::vector<std::size_t> heads = {};     // of per-head sites: q, k and v too
  std::vector<std::size_t> features = {};  // in a row; with heads: in a head
  std::vector<std::size_t> prompts = {};   // of a batch
  // Without a word: kBoth, unless positions are named; then kPrompt.
  std::optional<EditWhen> when = {};
};

// Where a row handed to Edit::custom comes from.
struct EditPlace {
  std::string_view site;     // canonical
  std::size_t prompt = 0;    // of the batch
  std::size_t position = 0;  // of the token; of scores and pattern, the query
  std::size_t head = 0;      // of scores and pattern
};

// What is handed to Edit::custom_site of one prompt.
struct EditPart {
  std::size_t prompt = 0;    // of the batch
  std::size_t position = 0;  // of the first row's token; > 0 behind a cache
  std::vector<std::span<float>> rows;  // one a token, [features] each
};

struct Edit {
  std::string site;  // any spelling
  EditKind kind = EditKind::kZero;
  EditScope scope = {};
  float factor = 1;
  // Rows of as many numbers as the scope leaves of a row of the site, or of the
  // whole row. One row serves every position; as many as positions in scope,
  // or as in the prompt, serve one each. For scores and pattern [heads,
  // queries, keys], as a trace holds them, of the heads in scope or all.
  Tensor values = {};
  std::uint64_t seed = 0;
  float low = 0, high = 0;
  // One row at a time, all its numbers in scope, [features]; of scores and
  // pattern the keys that the query sees and the scope names. One call at a
  // time, in no order that is promised. Must not throw.
  std::function<void(const EditPlace&, std::span<float>)> custom = {};
  // All rows of a site at once, of the prompts in scope, for what mixes
  // positions or prompts. The scope names nothing else, and the site is neither
  // scores nor pattern. A generation hands over what each of its runs holds:
  // the prompt, then token by token. One call at a time. Must not throw.
  std::function<void(std::string_view site, std::span<const EditPart>)>
      custom_site = {};
};

// Normal numbers, mean 0 and standard deviation 1, into `out`: those of row
// `row` of stream `stream` under `seed`. Philox4x32-10 (Salmon et al. 2011) of
// key `seed` and counter (index / 2, row, stream, 0), 52 bits a uniform number,
// through the inverse normal distribution (Wichura's AS 241, float64), rounded
// to float32: the same bits on every machine. The noise of an edit at the i-th
// position in scope is row i of stream 0, one number for each in scope; of
// scores and pattern, of the stream that is the head, number k for key k. It is
// the same in every prompt of a batch, as if each were run alone.
PELLUCID_API void DrawNormal(std::uint64_t seed, std::uint32_t stream,
                             std::uint32_t row, std::span<float> out);

// Reads edits from a file of JSON, schema "pellucid.edits/1" (docs/edits.md).
// Tensors that it names are read from safetensors files, their paths relative
// to its folder. kModel: it is damaged, or was saved for another model than
// `model`, by architecture or hash. What fits no site or prompt shows when a
// run is planned.
PELLUCID_API Result<std::vector<Edit>> ReadEdits(const std::string& path,
                                                 const ModelInfo& model);

// Writes such a file, for `model` alone; of no architecture and hash, for any.
// Values of more than 4096 numbers, and such as are not finite, go into a
// safetensors file beside it, F.safetensors of F.json. kUsage: an edit of kind
// kCustom, or one whose values are fewer or more than its shape says. kFailed:
// it cannot be written.
PELLUCID_API Status WriteEdits(const std::string& path,
                               std::span<const Edit> edits,
                               const ModelInfo& model);

}  // namespace pellucid

#endif  // PELLUCID_EDIT_H_
