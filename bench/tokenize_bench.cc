// How long a tokenizer takes to open and to encode: the engine's side of
// bench/compare_tokenizers.py.
//
//   tokenize_bench TOKENIZER DOCUMENTS.jsonl
//
// TOKENIZER is a tokenizer.json or a .gguf file, each line of the documents a
// JSON string. Speaks the protocol of bench/peer_process.py on one thread: for
// every line that comes in, a request for the work "open" or "encode", one goes
// out with the milliseconds it took; "encode" also gives the number of ids and
// a sum of them all, to be compared with the peer's.
#include <fmt/format.h>
#include <simdjson.h>

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <optional>
#include <string>
#include <vector>

#include "formats/gguf.h"
#include "pellucid/result.h"
#include "pellucid/tokenizer.h"
#include "tokenizer/gguf_loader.h"
#include "tokenizer/hf_loader.h"

namespace pellucid::bench {
namespace {

using Clock = std::chrono::steady_clock;

Result<Tokenizer> Load(const std::string& path) {
  if (!path.ends_with(".gguf")) return LoadTokenizerJson(path);
  PELLUCID_ASSIGN_OR_RETURN(const GgufFile file, GgufFile::Open(path));
  PELLUCID_ASSIGN_OR_RETURN(auto tokenizer, LoadTokenizer(file));
  if (!tokenizer) return UsageError(path + ": holds no tokenizer");
  return *std::move(tokenizer);
}

std::optional<std::vector<std::string>> ReadDocuments(const char* path) {
  std::vector<std::string> documents;
  std::ifstream file(path);
  simdjson::dom::parser parser;
  for (std::string line; std::getline(file, line);) {
    std::string_view text;
    if (parser.parse(line).get(text) != simdjson::SUCCESS) return std::nullopt;
    documents.emplace_back(text);
  }
  return documents;
}

// The answer to a request without its milliseconds, as the end of an object.
std::string Encode(const Tokenizer& tokenizer,
                   const std::vector<std::string>& documents) {
  std::uint64_t count = 0, sum = 0;
  for (const std::string& document : documents) {
    const auto encoding = tokenizer.Encode(document);
    if (!encoding.ok()) {
      return fmt::format(R"("error": "{}")", encoding.error().message);
    }
    count += encoding->ids.size();
    for (const TokenId id : encoding->ids) {
      sum += static_cast<std::uint64_t>(id);
    }
  }
  return fmt::format(R"("count": {}, "sum": {})", count, sum);
}

std::string Open(const std::string& path) {
  const auto tokenizer = Load(path);
  if (tokenizer.ok()) return R"("opened": true)";
  return fmt::format(R"("error": "{}")", tokenizer.error().message);
}

int Serve(const std::string& path, const std::vector<std::string>& documents) {
  const auto tokenizer = Load(path);
  if (!tokenizer.ok()) {
    fmt::print(stderr, "{}\n", tokenizer.error().message);
    return 1;
  }
  fmt::print("{{\"ready\": {{\"kind\": \"{}\"}}}}\n", tokenizer->Kind());
  std::fflush(stdout);
  for (std::string line; std::getline(std::cin, line);) {
    const bool opens = line.find("\"open\"") != line.npos;
    const Clock::time_point start = Clock::now();
    const std::string answer =
        opens ? Open(path) : Encode(*tokenizer, documents);
    const std::chrono::duration<double, std::milli> ms = Clock::now() - start;
    fmt::print("{{\"ms\": {:.3f}, {}}}\n", ms.count(), answer);
    std::fflush(stdout);
  }
  return 0;
}

}  // namespace
}  // namespace pellucid::bench

int main(int argc, char** argv) {
  if (argc != 3) {
    fmt::print(stderr, "usage: tokenize_bench TOKENIZER DOCUMENTS.jsonl\n");
    return 2;
  }
  const auto documents = pellucid::bench::ReadDocuments(argv[2]);
  if (!documents || documents->empty()) {
    fmt::print(stderr, "{}: no lines that are JSON strings\n", argv[2]);
    return 1;
  }
  return pellucid::bench::Serve(argv[1], *documents);
}
