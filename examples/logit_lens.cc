// The logit lens in C++: what would the model say after the prompt if it
// stopped at each layer?
//
//   example_logit_lens MODEL TEXT...
//
// MODEL is a folder in Hugging Face's layout, a .gguf file or "smollm2-135m".
// Prints a line a layer: the site, the likeliest next token and its
// probability.
#include <cstdio>
#include <string>

#include "pellucid/lens.h"
#include "pellucid/model.h"
#include "pellucid/result.h"
#include "pellucid/tokenizer.h"

namespace {

pellucid::Status PrintLens(const std::string& model_ref,
                           const std::string& text) {
  PELLUCID_ASSIGN_OR_RETURN(const pellucid::Model model,
                            pellucid::Model::Open(model_ref));
  const pellucid::Tokenizer* tokenizer = model.tokenizer();
  if (tokenizer == nullptr) {
    return pellucid::ModelError("encode: " + model_ref + ": has no tokenizer");
  }
  PELLUCID_ASSIGN_OR_RETURN(const pellucid::Encoding prompt,
                            tokenizer->Encode(text));
  PELLUCID_ASSIGN_OR_RETURN(
      const pellucid::Lens lens,
      pellucid::ComputeLens(
          model, prompt.ids,
          {.positions = pellucid::Selection::Last(), .top_k = 1}));
  for (const pellucid::LensRow& row : lens.rows) {
    const pellucid::TokenScore& best = row.cells.back().top.front();
    std::printf("%-16s %6.4f %s\n", row.site.c_str(), best.prob,
                tokenizer->TokenText(best.id).c_str());
  }
  return {};
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) {
    std::fprintf(stderr, "usage: %s MODEL TEXT...\n", argv[0]);
    return 2;
  }
  std::string text = argv[2];
  for (int i = 3; i < argc; ++i) text += std::string(" ") + argv[i];

  const pellucid::Status status = PrintLens(argv[1], text);
  if (!status.ok()) {
    std::fprintf(stderr, "%s\n", status.error().message.c_str());
    return 1;
  }
}
