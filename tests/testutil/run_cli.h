// The command line in the test's own process: arguments and input go in, exit
// code and both streams come out as strings. Header only, so that only tests of
// the command line link it.
#ifndef PELLUCID_TESTS_TESTUTIL_RUN_CLI_H_
#define PELLUCID_TESTS_TESTUTIL_RUN_CLI_H_

#include <cstdint>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "cli/main.h"
#include "testutil/temp_dir.h"
#include "testutil/tiny_model.h"

namespace pellucid::testutil {

struct CliRun {
  std::vector<std::string> args;
  std::string input = {};  // standard input
  cli::Terminal out_terminal = {};
  std::stop_token stop = {};
};

struct CliOutcome {
  int exit_code = 0;
  std::string out, err;
};

inline CliOutcome RunCliIn(const CliRun& run) {
  cli::StringSource in(run.input);
  cli::StringSink out, err;
  cli::Io io{in, out, err};
  io.out_terminal = run.out_terminal;
  io.stop = run.stop;
  const int exit_code = cli::Run(run.args, io);
  return {exit_code, out.text(), err.text()};
}
inline CliOutcome RunCli(std::vector<std::string> args,
                         std::string input = {}) {
  return RunCliIn(CliRun{std::move(args), std::move(input)});
}

// TinyLlama with a byte-level BPE vocabulary of its 19 rows, as a file in
// `dir`: id 0 is BOS ("<s>", not added unless asked for), 1 EOS, 2 to 9 the
// letters a to h, 10 a space, 11 "ab", 12 " a", 13 " ab", 14 to 18 0 to 4.
inline std::string WriteTextModel(const TempDir& dir, bool adds_bos = false) {
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
  WriteFileBytes(path,
                 TinyLlama()
                     .Builder()
                     .String("tokenizer.ggml.model", "gpt2")
                     .String("tokenizer.ggml.pre", "smollm")
                     .Strings("tokenizer.ggml.tokens", tokens)
                     .Array("tokenizer.ggml.token_type", types)
                     .Strings("tokenizer.ggml.merges",
                              {"a b", "\xc4\xa0 a", "\xc4\xa0 ab"})
                     .Scalar<std::uint32_t>("tokenizer.ggml.bos_token_id", 0)
                     .Scalar<std::uint32_t>("tokenizer.ggml.eos_token_id", 1)
                     .Bool("tokenizer.ggml.add_bos_token", adds_bos)
                     .Build());
  return path;
}

}  // namespace pellucid::testutil

#endif  // PELLUCID_TESTS_TESTUTIL_RUN_CLI_H_
