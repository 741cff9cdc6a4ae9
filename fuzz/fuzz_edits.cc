// Reads the input as a file of edits, whose tensors are made up, and writes
// what was read: read again, that must be the same. An edit that is read must
// be one that a plan can judge.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "model/edits_json.h"
#include "trace/edit_plan.h"

namespace {

void Require(bool holds) {
  if (!holds) __builtin_trap();
}

void CheckMessage(const pellucid::Error& error, pellucid::ErrorCode code) {
  Require(error.code == code);
  Require(error.message.find('\n') == std::string::npos);
}

// Of a shape that the name decides; some are none.
pellucid::Result<pellucid::Tensor> MadeUp(const std::string& file,
                                          const std::string& tensor) {
  if (file.empty()) return pellucid::ModelError("edits: no file");
  pellucid::Tensor values({1 + file.size() % 3, tensor.size() % 5});
  for (std::size_t i = 0; i < values.data.size(); ++i) {
    values.data[i] = static_cast<float>(i);
  }
  return values;
}

pellucid::Result<std::vector<pellucid::Edit>> Read(
    std::string_view text, const pellucid::ModelInfo& model) {
  PELLUCID_ASSIGN_OR_RETURN(const pellucid::JsonFile json,
                            pellucid::JsonFile::Parse(text, "fuzz.json"));
  return pellucid::ParseEdits(json, model, MadeUp);
}

// A model of the sites that a few letters can name.
pellucid::SiteTable SmallTable() {
  pellucid::ModuleNames names;
  names.base = "m";
  names.layers = "l";
  names.attn = "a";
  names.mlp = "f";
  names[pellucid::Point::kQuery] = "a.q";
  names[pellucid::Point::kFinalNorm] = "n";
  return {names,
          {.n_layers = 2,
           .d_model = 4,
           .d_embed = 4,
           .n_heads = 2,
           .n_kv_heads = 1,
           .head_dim = 2,
           .rotary_dim = 2,
           .d_mlp = 3,
           .vocab_size = 5}};
}

void Plan(const std::vector<pellucid::Edit>& edits) {
  static const pellucid::SiteTable table = SmallTable();
  const std::size_t lengths[] = {3, 1};
  const auto found = pellucid::EditPlan::Make(
      table, edits, lengths, [](const std::string&, std::size_t) {
        return pellucid::Result(std::vector<std::size_t>{0});
      });
  if (!found.ok()) {
    CheckMessage(found.error(), pellucid::ErrorCode::kUsage);
  } else {
    Require(pellucid::EditPlan::Check(table, edits).ok());
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  pellucid::ModelInfo model;
  model.architecture = "llama";
  model.hash = "12ab";
  const auto edits = Read(text, model);
  if (!edits.ok()) {
    CheckMessage(edits.error(), pellucid::ErrorCode::kModel);
    return 0;
  }
  Plan(*edits);
  const auto written = pellucid::FormatEdits(*edits, model, "f.safetensors");
  if (!written.ok()) {
    CheckMessage(written.error(), pellucid::ErrorCode::kUsage);
    return 0;
  }
  if (!written->apart.empty()) return 0;  // those would be made up again
  const auto again = Read(written->json, model);
  Require(again.ok() && again->size() == edits->size());
  const auto twice = pellucid::FormatEdits(*again, model, "f.safetensors");
  Require(twice.ok() && twice->json == written->json);
  return 0;
}
