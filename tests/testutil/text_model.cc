#include "testutil/text_model.h"

#include <cstdint>
#include <vector>

#include "testutil/gguf_builder.h"
#include "testutil/tiny_model.h"

namespace pellucid::testutil {

std::string WriteTextModel(const TempDir& dir, bool adds_bos,
                           const std::string& chat_template,
                           std::uint32_t context) {
  // U+0120 stands for a space in byte-level vocabularies.
  const std::vector<std::string> tokens = {"<s>",
                                           "</s>",
                                           "a",
                                           "b",
                                           "c",
                                           "d",
                                           "e",
                                           "f",
                                           "g",
                                           "h",
                                           "\xc4\xa0",
                                           "ab",
                                           "\xc4\xa0"
                                           "a",
                                           "\xc4\xa0"
                                           "ab",
                                           "0",
                                           "1",
                                           "2",
                                           "3",
                                           "4"};
  std::vector<std::int32_t> types(tokens.size(), 1);
  types[0] = types[1] = 3;
  const std::string path = dir / "text.gguf";
  GgufBuilder builder =
      TinyLlama{.without = {"llama.context_length"}}.Builder();
  builder.Scalar<std::uint32_t>("llama.context_length", context)
      .String("tokenizer.ggml.model", "gpt2")
      .String("tokenizer.ggml.pre", "smollm")
      .Strings("tokenizer.ggml.tokens", tokens)
      .Array("tokenizer.ggml.token_type", types)
      .Strings("tokenizer.ggml.merges", {"a b", "\xc4\xa0 a", "\xc4\xa0 ab"})
      .Scalar<std::uint32_t>("tokenizer.ggml.bos_token_id", 0)
      .Scalar<std::uint32_t>("tokenizer.ggml.eos_token_id", 1)
      .Bool("tokenizer.ggml.add_bos_token", adds_bos);
  if (!chat_template.empty()) {
    builder.String("tokenizer.chat_template", chat_template);
  }
  WriteFileBytes(path, builder.Build());
  return path;
}

}  // namespace pellucid::testutil
