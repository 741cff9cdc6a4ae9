// When does the answer appear? For pairs of a prompt and its next token: the
// first block whose prediction it is, and the block from which it stays.
//
//   example_prediction_depth MODEL (TEXT TOKEN)...
//
// TOKEN is one token, with its leading blank if it has one: " Tokyo".
#include <cstdio>
#include <string>

#include "pellucid/lens.h"
#include "pellucid/model.h"
#include "pellucid/result.h"
#include "pellucid/tokenizer.h"

namespace {

using pellucid::Encoding;
using pellucid::Lens;
using pellucid::LensTarget;
using pellucid::Model;
using pellucid::Status;
using pellucid::Tokenizer;

// The depth at the one listed position, in words.
std::string DepthText(const LensTarget& depth) {
  if (!depth.first_hit.front()) return "never the prediction";
  std::string text = "first at layer " + std::to_string(*depth.first_hit[0]);
  if (!depth.stable_from.front()) return text + ", does not stay";
  return text + ", stays from " + std::to_string(*depth.stable_from[0]);
}

Status PrintDepth(const Model& model, const std::string& text,
                  const std::string& token) {
  PELLUCID_ASSIGN_OR_RETURN(const Tokenizer* tokenizer,
                            model.RequireTokenizer());
  PELLUCID_ASSIGN_OR_RETURN(const Encoding prompt, tokenizer->Encode(text));
  const auto id = tokenizer->FindToken(token);
  if (!id) {
    return pellucid::UsageError("token: \"" + token +
                                "\": is not one token of this model");
  }

  PELLUCID_ASSIGN_OR_RETURN(
      const Lens lens,
      pellucid::ComputeLens(
          model, prompt.ids,
          {.positions = pellucid::Selection::Last(), .targets = {*id}}));
  const pellucid::RankedScore& last =
      lens.rows.back().cells.front().targets.front();
  std::printf("\"%s\" -> \"%s\": %s; ends at rank %zu, %.1f%%\n", text.c_str(),
              token.c_str(), DepthText(lens.targets.front()).c_str(), last.rank,
              100 * double{last.score.prob});
  return {};
}

Status PrintAll(int count, char** words) {
  PELLUCID_ASSIGN_OR_RETURN(const Model model, Model::Open(words[0]));
  for (int i = 1; i + 1 < count; i += 2) {
    PELLUCID_RETURN_IF_ERROR(PrintDepth(model, words[i], words[i + 1]));
  }
  return {};
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 4 || argc % 2 != 0) {
    std::fprintf(stderr, "usage: %s MODEL (TEXT TOKEN)...\n", argv[0]);
    return 2;
  }
  const Status status = PrintAll(argc - 1, argv + 1);
  if (!status.ok()) {
    std::fprintf(stderr, "%s\n", status.error().message.c_str());
    return 1;
  }
}
