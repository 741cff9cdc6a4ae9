// Uses each part of the public interface once, so that a function that the
// library does not hold or does not show is missing when this is linked.
//
//   consumer MODEL ID...
//
// Prints the lens of these tokens, a line a layer at the last position: site,
// likeliest token, its logit. Fails unless the last row is what the model says.
#include <cstdio>
#include <cstdlib>
#include <span>
#include <string>
#include <vector>

#include "pellucid/lens.h"
#include "pellucid/model.h"
#include "pellucid/result.h"
#include "pellucid/selection.h"
#include "pellucid/tensor.h"
#include "pellucid/tokenizer.h"
#include "pellucid/trace.h"
#include "pellucid/version.h"

namespace {

using pellucid::Result;
using pellucid::Status;

void PrintLens(const pellucid::Lens& lens) {
  for (const pellucid::LensRow& row : lens.rows) {
    const pellucid::TokenScore& best = row.cells.back().top.front();
    std::printf("%-15s %3d %8.4f\n", row.site.c_str(), best.id, best.logit);
  }
}

// The same number three ways: the lens, the head on a recorded residual, and
// the logits of a run.
Status CheckLastRow(const pellucid::Model& model,
                    std::span<const pellucid::TokenId> ids,
                    const pellucid::Lens& lens) {
  const std::string& site = lens.rows.back().site;
  PELLUCID_ASSIGN_OR_RETURN(
      const pellucid::Trace trace,
      model.Run(ids, {.sites = {site}, .last_logits = true}));
  PELLUCID_ASSIGN_OR_RETURN(const pellucid::Tensor logits,
                            model.Unembed(*trace.Find(site)));
  const pellucid::TokenScore& best = lens.rows.back().cells.back().top.front();
  const auto id = static_cast<std::size_t>(best.id);
  if (logits.Row(ids.size() - 1)[id] != best.logit ||
      trace.last_logits[id] != best.logit) {
    return pellucid::FailedError("check: " + site + ": is not what it ends in");
  }
  return {};
}

// What programs ask beside the lens.
Status LookAround(const pellucid::Model& model,
                  const std::vector<pellucid::TokenId>& ids) {
  std::printf("pellucid %s: %s, %zu tensors, %zu sites\n",
              std::string(pellucid::Version()).c_str(),
              model.info().architecture.c_str(), model.Tensors().size(),
              model.Sites().size());
  const std::vector<std::vector<pellucid::TokenId>> prompts = {ids, ids};
  PELLUCID_RETURN_IF_ERROR(model.RunBatch(prompts, {.last_logits = true}));
  PELLUCID_RETURN_IF_ERROR(pellucid::ComputeLensBatch(model, prompts));
  if (model.tokenizer() == nullptr) return {};
  PELLUCID_ASSIGN_OR_RETURN(const pellucid::Tokenizer* tokenizer,
                            model.RequireTokenizer());
  PELLUCID_ASSIGN_OR_RETURN(const pellucid::Encoding encoding,
                            tokenizer->Encode("a b"));
  if (tokenizer->Decode(encoding.ids) != "a b") {
    return pellucid::FailedError("check: \"a b\": comes back as another text");
  }
  return {};
}

Status RunConsumer(const std::string& path,
                   const std::vector<pellucid::TokenId>& ids) {
  PELLUCID_ASSIGN_OR_RETURN(const pellucid::Model model,
                            pellucid::Model::Open(path, {.threads = 1}));
  PELLUCID_RETURN_IF_ERROR(LookAround(model, ids));
  PELLUCID_ASSIGN_OR_RETURN(const pellucid::Selection layers,
                            pellucid::Selection::Parse("all", "layers"));
  PELLUCID_ASSIGN_OR_RETURN(
      const pellucid::Lens lens,
      pellucid::ComputeLens(
          model, ids,
          {.layers = layers, .positions = pellucid::Selection::Last()}));
  PrintLens(lens);
  return CheckLastRow(model, ids, lens);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) {
    std::fprintf(stderr, "usage: %s MODEL ID...\n", argv[0]);
    return 2;
  }
  std::vector<pellucid::TokenId> ids;
  for (int i = 2; i < argc; ++i) ids.push_back(std::atoi(argv[i]));
  const Status status = RunConsumer(argv[1], ids);
  if (!status.ok()) {
    std::fprintf(stderr, "%s\n", status.error().message.c_str());
    return 1;
  }
}
